"""How long a graph takes from a file: reading, mapping ids, splitting.

    python benchmarks/read_parquet.py [--rows 10000000]

The file, of Parquet and then of CSV, is drawn at random and written to a temporary
folder first. Ids are integers with gaps, and then strings.
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

# Parquet was first: its records do not say so.
_CSV = ", CSV"


@dataclass(frozen=True)
class DrawnFile(GridCell):
    """A file with ids of one kind; both are the variant.

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
            path = Path(folder) / "interactions"
            frame = self.draw()
            frame.write_csv(path) if self.is_csv else frame.write_parquet(path)
            del frame
            start = now()
            graph = from_file(path, user="user", item="item")
            seconds = now() - start
        return {
            "graph": graph.counts(),
            "seconds": {"read": seconds},
            "memory_mb": {"peak": peak_memory_mb()},
        }

    @property
    def is_csv(self) -> bool:
        return self.variant.endswith(_CSV)

    def draw(self) -> pl.DataFrame:
        rng = np.random.default_rng(self.seed)
        frame = pl.DataFrame(
            {
                "user": 7 * rng.integers(self.users, size=self.rows) + 3,
                "item": 5 * rng.integers(self.items, size=self.rows) + 1,
            }
        )
        if self.variant.startswith("integers"):
            return frame
        return frame.select(
            (pl.lit(name[0]) + pl.col(name).cast(pl.String)).alias(name)
            for name in frame.columns
        )


def cells(
    rows: int = 10_000_000, users: int = 200_000, items: int = 50_000
) -> list[DrawnFile]:
    """Return a cell for each kind of file and of ids.

    Args:
        rows: Rows of the file.
        users: Different users, at most.
        items: Different items, at most.
    """
    return [
        DrawnFile(
            "read_parquet",
            "drawn at random",
            ids + kind,
            rows=rows,
            users=users,
            items=items,
        )
        for kind in ("", _CSV)
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
    return markdown_table([["Rows", "Ids", "Parquet file, or CSV, to graph"], *rows])


BENCHMARK = Benchmark("read_parquet", cells, {"read-parquet": Table(table)})

if __name__ == "__main__":
    BENCHMARK.main()
