"""The memory plan against measured runs, each in a process of its own.

    python benchmarks/memory_plan.py --root DIR [--cases gowalla:1000:exact ...]

A case is DATA:H:ENGINE[:BATCH], with a data set of the paper, or `synthetic-U-I-E` for
a graph of that many users, items and interactions. A run trains one epoch, validates,
and evaluates the test, by `tvdiff_pyg.fit`.
"""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import benchmark
from benchmark import Benchmark, Records, Table
from engines import SYNTHETIC, load_graph

from tvdiff_pyg import BipartiteGraph, FitOptions, Settings, fit
from tvdiff_pyg.data import GraphSize, SyntheticBipartite
from tvdiff_pyg.data.data_options import dataset_arguments
from tvdiff_pyg.grid import GridCell, Record
from tvdiff_pyg.grid.tables import markdown_table
from tvdiff_pyg.training import plan_memory

CASES = (
    "lastfm:64:exact",
    "lastfm:1000:exact",
    "amazon-beauty:1000:exact",
    "gowalla:64:exact",
    "gowalla:64:sampled",
    "gowalla:256:exact",
    "gowalla:1000:exact",
    "gowalla:1000:sampled",
    "synthetic-30000-20000-1000000:64:exact",
    "synthetic-200000-50000-10000000:64:exact:16384",
    "synthetic-200000-50000-10000000:64:sampled",
    "synthetic-200000-50000-10000000:256:sampled",
)


@dataclass(frozen=True)
class PlannedRun(GridCell):
    """A short training, and what it was planned to take."""

    def measure(self) -> Record:
        graph = self.graph()
        size = GraphSize.of(graph)
        with tempfile.TemporaryDirectory(prefix="tvdiff-plan-") as folder:
            options = FitOptions(progress=False)
            told = fit(graph, self.settings, run=f"{folder}/run", options=options)
        planned = plan_memory(size, self.settings).total / 2**20
        return {
            "graph": graph.counts(),
            "memory_mb": {"planned": planned, "measured": told["peak_memory_mb"]},
        }

    def graph(self) -> BipartiteGraph:
        if not self.data.startswith(SYNTHETIC):
            return load_graph(self)
        # Written by another process, for drawing the pairs takes more than training.
        sizes = dataset_arguments(self.data)
        cache = benchmark.BUILD / "data" / self.variant.split(":")[0]
        if not Path(cache).exists():
            build = f"SyntheticBipartite(**{sizes}, root={str(cache)!r})"
            script = f"from tvdiff_pyg.data import SyntheticBipartite; {build}"
            subprocess.run([sys.executable, "-c", script], check=True)
        return SyntheticBipartite(**sizes, root=str(cache))[0]


def cells(root: str = "data", cases: Sequence[str] = CASES) -> list[PlannedRun]:
    """Return a cell for each case.

    Args:
        root: Folder of the data sets.
        cases: What is trained, DATA:H:ENGINE[:BATCH].
    """
    found = []
    for case in cases:
        data, width, engine, batch = (*case.split(":"), "2048")[:4]
        settings = Settings(
            hidden_channels=int(width),
            engine=engine,
            batch_size=int(batch),
            entropy_type="bce",
            max_epochs=1,
        )
        name = synthetic_name(data) if data.startswith("synthetic-") else data
        found.append(PlannedRun("memory_plan", name, case, settings, root=root))
    return found


def synthetic_name(data: str) -> str:
    """Return what ``synthetic-U-I-E`` stands for."""
    names = ("num_users", "num_items", "num_interactions")
    sizes = zip(names, data.split("-")[1:], strict=True)
    return SYNTHETIC + ",".join(f"{name}={size}" for name, size in sizes)


def table(records: Records) -> str:
    """Planned against measured memory."""
    rows = []
    for record in records:
        settings, memory = record["settings"], record["memory_mb"]
        rows.append(
            [
                record["variant"].split(":")[0],
                str(settings["hidden_channels"]),
                settings["engine"],
                f"{settings['batch_size']:,}",
                f"{memory['planned']:,.0f} MB",
                f"{memory['measured']:,.0f} MB",
                f"{memory['planned'] / memory['measured'] - 1:+.0%}",
            ]
        )
    header = ["Data", "H", "Engine", "Batch", "Planned", "Measured", "Plan off by"]
    return markdown_table([header, *rows])


BENCHMARK = Benchmark("memory_plan", cells, {"memory-plan": Table(table)})

if __name__ == "__main__":
    BENCHMARK.main()
