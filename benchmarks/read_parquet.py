"""How long a graph takes from a Parquet file: reading, mapping ids, splitting.

    python benchmarks/read_parquet.py [--rows 10000000]

The file is drawn at random and written to a temporary folder first. Ids are integers
with gaps, and then strings.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl
from records import RESULTS, append_record, hardware

from tvdiff_pyg.data import from_file
from tvdiff_pyg.training.run_folder import peak_memory_mb, versions


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--users", type=int, default=200_000)
    parser.add_argument("--items", type=int, default=50_000)
    parser.add_argument("--file", type=Path, default=RESULTS / "read_parquet.jsonl")
    options = parser.parse_args()
    for ids in ("integers", "strings"):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "interactions.parquet"
            draw(options, ids).write_parquet(path)
            start = time.perf_counter()
            graph = from_file(path, user="user", item="item")
            seconds = time.perf_counter() - start
        record = {
            "ids": ids,
            "rows": options.rows,
            "seconds": seconds,
            "data": graph.counts(),
            "peak_memory_mb": peak_memory_mb(),
            "hardware": hardware(),
            "versions": versions(),
        }
        append_record(options.file, record)
        print(f"{ids:<10}{seconds:>7.1f} s  {graph.counts()}", flush=True)


def draw(options: argparse.Namespace, ids: str) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    frame = pl.DataFrame(
        {
            "user": 7 * rng.integers(options.users, size=options.rows) + 3,
            "item": 5 * rng.integers(options.items, size=options.rows) + 1,
        }
    )
    if ids == "integers":
        return frame
    return frame.select(
        (pl.lit(name[0]) + pl.col(name).cast(pl.String)).alias(name)
        for name in frame.columns
    )


if __name__ == "__main__":
    main()
