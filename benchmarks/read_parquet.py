"""How long a graph takes from a Parquet file: reading, mapping ids, splitting.

    python benchmarks/read_parquet.py [--rows 10000000]

The file is drawn at random and written to a temporary folder first. Ids are integers
with gaps, and then strings.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import polars as pl
from benchmark import Benchmark, Records, Table
from clock import now

from tvdiff_pyg.data import from_file
from tvdiff_pyg.grid import GridCell, Record
from tvdiff_pyg.grid.tables import markdown_table, print_seconds
from tvdiff_pyg.machine import peak_memory_mb


@dataclass(frozen=True)
class ParquetFile(GridCell):
    """A file with ids of one kind, which is the variant.

    Args:
        rows: Its rows.
        users: Different users, at most.
        items: Different items, at most.
    """

    timed: ClassVar[bool] = True

    protocol: None = None
    rows: int = 10_000_000
    users: int = 200_000
    items: int = 50_000

    def measure(self) -> Record:
        with tempfile.TemporaryDirectory(prefix="tvdiff-parquet-") as folder:
            path = Path(folder) / "interactions.parquet"
            self.draw().write_parquet(path)
            start = now()
            graph = from_file(path, user="user", item="item")
            seconds = now() - start
        return {
            "graph": graph.counts(),
            "seconds": {"read": seconds},
            "memory_mb": {"peak": peak_memory_mb()},
        }

    def draw(self) -> pl.DataFrame:
        rng = np.random.default_rng(self.seed)
        frame = pl.DataFrame(
            {
                "user": 7 * rng.integers(self.users, size=self.rows) + 3,
                "item": 5 * rng.integers(self.items, size=self.rows) + 1,
            }
        )
        if self.variant == "integers":
            return frame
        return frame.select(
            (pl.lit(name[0]) + pl.col(name).cast(pl.String)).alias(name)
            for name in frame.columns
        )


def cells(
    rows: int = 10_000_000, users: int = 200_000, items: int = 50_000
) -> list[ParquetFile]:
    """Return a cell for each kind of ids.

    Args:
        rows: Rows of the file.
        users: Different users, at most.
        items: Different items, at most.
    """
    return [
        ParquetFile(
            "read_parquet", "drawn at random", ids, rows=rows, users=users, items=items
        )
        for ids in ("integers", "strings")
    ]


def table(records: Records) -> str:
    """Reading interactions from a file."""
    rows = [
        [
            f"{record['conditions']['rows']:,}",
            record["variant"],
            print_seconds(record["seconds"]["read"]),
        ]
        for record in records
    ]
    return markdown_table([["Rows", "Ids", "Parquet file to graph"], *rows])


BENCHMARK = Benchmark("read_parquet", cells, {"read-parquet": Table(table)})

if __name__ == "__main__":
    BENCHMARK.main()
