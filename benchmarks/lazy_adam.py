"""What row-sparse updates are worth: dense Adam against LazyAdam, side by side.

    python benchmarks/lazy_adam.py

A sampled step, forward, backward and update, on a synthetic graph of a million users
and 200,000 items, at two batch sizes. Medians after a warm-up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from benchmark import Benchmark, Records, Table
from clock import timed
from engines import load_graph
from training_step import sampled_step

from tvdiff_pyg import Settings
from tvdiff_pyg.grid import GridCell, Record
from tvdiff_pyg.grid.tables import markdown_table, print_seconds

GRAPH = "synthetic:num_users=1000000,num_items=200000,num_interactions=10000000"
SAMPLED = {"engine": "sampled", "num_neighbors": 16, "num_pool": 2048}


@dataclass(frozen=True)
class LazyUpdates(GridCell):
    """Both optimisers at one batch size.

    Args:
        repeats: Times that each side is timed.
    """

    timed: ClassVar[bool] = True

    protocol: None = None
    repeats: int = 5

    def measure(self) -> Record:
        graph = load_graph(self, validation_ratio=0.0, test_ratio=0.0)
        sides = {
            name: sampled_step(graph, self.settings.but(sparse_grad=sparse))
            for name, sparse in (("dense", False), ("lazy", True))
        }
        return {"graph": graph.counts(), "seconds": timed(sides, self.repeats)}


def cells(batch_size: Sequence[int] = (256, 2048), repeats: int = 5) -> list[GridCell]:
    """Return a cell for each batch size.

    Args:
        batch_size: Users of a batch.
        repeats: Times that each side is timed.
    """
    return [
        LazyUpdates(
            "lazy_adam",
            GRAPH,
            settings=Settings(entropy_type="bce", batch_size=size, **SAMPLED),
            device="cpu",
            repeats=repeats,
        )
        for size in batch_size
    ]


def table(records: Records) -> str:
    """Row-sparse updates against dense ones."""
    rows = []
    for record in records:
        seconds = record["seconds"]
        batch, users = record["settings"]["batch_size"], record["graph"]["users"]
        rows.append(
            [
                f"{batch:,} of {users:,} users",
                print_seconds(seconds["dense"]),
                print_seconds(seconds["lazy"]),
                f"{seconds['dense'] / seconds['lazy']:.2f}",
            ]
        )
    return markdown_table([["Batch", "Dense Adam", "LazyAdam", "Ratio"], *rows])


BENCHMARK = Benchmark("lazy_adam", cells, {"lazy-adam": Table(table)})

if __name__ == "__main__":
    BENCHMARK.main()
