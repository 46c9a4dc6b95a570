"""Train on interactions of your own, in a data frame, and ask for recommendations.

Any polars or pandas frame will do; ids may be numbers or strings. Here one is drawn in
which young and old readers read different shelves, so that one can see whether the
recommendations make sense.

    python examples/train_from_dataframe.py [--run DIR]
"""

import argparse
import shutil
from pathlib import Path

import numpy as np
import polars as pl

from tvdiff_pyg import Recommender, Settings, fit
from tvdiff_pyg.data import from_dataframe


def draw_loans(
    num_readers: int = 200, num_books: int = 60, seed: int = 0
) -> pl.DataFrame:
    """Let each reader borrow twelve books, nine in ten of them from their own shelf."""
    rng = np.random.default_rng(seed)
    reader = np.repeat(np.arange(num_readers), 12)
    shelf = reader % 2
    own = rng.random(reader.size) < 0.9
    half = num_books // 2
    book = rng.integers(half, size=reader.size) + half * np.where(own, shelf, 1 - shelf)
    names = np.array(["young", "old"])
    return pl.DataFrame(
        {
            "reader": [f"{names[r % 2]}-reader-{r}" for r in reader],
            "book": [f"{names[b // half]}-book-{b}" for b in book],
            "day": rng.integers(1000, size=reader.size),
        }
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, default=Path("runs/dataframe"))
    run = parser.parse_args().run
    shutil.rmtree(run, ignore_errors=True)

    loans = draw_loans()
    graph = from_dataframe(
        loans, user="reader", item="book", timestamp="day", split="leave_last_out"
    )
    settings = Settings(
        num_timesteps=5, entropy_type="bce", batch_size=64, max_epochs=60
    )
    metrics = fit(graph, settings, run=run)
    print(f"\nTest recall@10: {metrics['test']['recall@10']:.3f}")

    recommender = Recommender.load(run)
    found = recommender.recommend(["young-reader-0", "old-reader-1"], k=5)
    for books in found.items:
        print(books)
    print("Somebody new:", recommender.recommend([["old-book-31"]], k=5).items[0])


if __name__ == "__main__":
    main()
