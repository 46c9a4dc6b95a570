"""A small study: what one layer keeps that several layers smooth away.

Trains denoisers of one, two and four layers on MovieLens, measures what they make of
users and items, and writes a report with verdicts. Started again, it goes on where it
was.

    python examples/oversmoothing_study.py [--out DIR] [--epochs N] [--seeds N ...]
"""

import argparse
from pathlib import Path

import polars as pl

from tvdiff_pyg.study import StudyOptions, run_study


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("runs/oversmoothing"))
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    options = parser.parse_args()

    study = StudyOptions(
        data=["movielens-small"],
        values=["1", "2", "4"],
        seeds=options.seeds,
        overrides={"hidden_channels": 64, "max_epochs": options.epochs},
    )
    page = run_study("oversmoothing", study, options.out)

    rows = pl.read_csv(options.out / "summary.csv")
    for row in rows.iter_rows(named=True):
        print(
            f"{row['variant']} layers: NDCG@20 {row['ndcg']:.4f}, "
            f"effective rank of the scores {row['effective_rank_scores']:.1f}"
        )
    print("report:", page)


# A study starts processes, which import this file.
if __name__ == "__main__":
    main()
