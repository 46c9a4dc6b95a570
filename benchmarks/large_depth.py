"""Depth on graphs that are large and real in structure, with sampled neighbours.

    python benchmarks/large_depth.py --root DIR [--layers 1 2 3] [--refreshed 2 3]
        [--minutes 15]

A small real graph is grown to ten million interactions. Each depth is trained until
validation stops rising, or for so many minutes of one processor. Epochs and seconds of
each check tell what a depth came to at equal epochs, and at equal time.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from benchmark import Benchmark, Records, Table
from watch import Watch

from tvdiff_pyg import Settings
from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.grid import GridCell, Record
from tvdiff_pyg.grid.tables import MISSING, group_records, markdown_table, print_number
from tvdiff_pyg.machine import Device
from tvdiff_pyg.study import Cell, find_study
from tvdiff_pyg.study.report import judge, result_table, verdict_text
from tvdiff_pyg.study.summary import cell_table, graph_label, seed_means

NAME, METRIC, STUDY = "large_depth", "ndcg@20", "oversmoothing"
MINUTES, EPOCHS = (1, 2, 5, 10, 20, 40), (5, 10, 20, 40, 80)
GRAPHS = ("fractal:name=anime-5k-history,factor_users=9,factor_items=9",)
CLOSED = ("popularity",)
REFRESHED, STEPS_BETWEEN = "refreshed", 11  # four passes in an epoch of 44 steps
SHARED: dict[str, Any] = {
    "hidden_channels": 64,
    "learning_rate": 3e-3,
    "temperature": 0.3,
    "batches": "users",
    "batch_size": 1024,
    "engine": "sampled",
    "num_neighbors": 16,
    "num_pool": 2048,
    "max_epochs": 200,
    "check_every": 2,
    "patience": 4,
}


@dataclass(frozen=True)
class Deep(Cell):
    """One depth on one graph.

    Args:
        minutes: Most minutes of one processor.
    """

    minutes: float = 15.0

    def train(
        self, graph: BipartiteGraph, run: Path, callbacks: Sequence[Any] = ()
    ) -> Record:
        """Train until there is no progress, or no time, and say what each check was."""
        if not self.settings.by_gradients:
            return super().train(graph, run, callbacks)
        watch = Watch(METRIC, time.process_time(), limit=60 * self.minutes)
        told = super().train(graph, run, [*callbacks, watch])
        return {**told, "curve": watch.curve}


def cells(
    data: Sequence[str] = GRAPHS,
    layers: Sequence[str] = ("1", "2", "3", "4", "6"),
    refreshed: Sequence[str] = (),
    closed: Sequence[str] = CLOSED,
    seeds: Sequence[int] = (0, 1, 2),
    minutes: float = 15.0,
    root: str = "data",
    device: Device = "auto",
) -> list[GridCell]:
    """Return the closed forms and the depths, seed by seed.

    Args:
        data: Graphs.
        layers: Numbers of layers.
        refreshed: Of those that are trained with sums as they last were, too.
        closed: Models in closed form to stand beside them, by default.
        seeds: Seeds.
        minutes: Most minutes of one processor, of each training.
        root: Folder of the data sets.
        device: Where to train.
    """
    variants = find_study(STUDY).variants
    settings = {name: Settings(model=name) for name in closed}
    settings |= {one: Settings.over(SHARED, **variants[one]) for one in layers}
    kept = SHARED | {"refresh_every": STEPS_BETWEEN}
    settings |= {
        f"{one} {REFRESHED}": Settings.over(kept, **variants[one]) for one in refreshed
    }
    further: dict[str, Any] = {"root": root, "device": device, "minutes": minutes}
    return [
        Deep(NAME, graph, name, one, seed, **further)
        for graph in data
        for seed in seeds
        for name, one in settings.items()
    ]


def verdicts(records: Records) -> str:
    """What the claims of the study of depth come to on these graphs."""
    study = find_study(STUDY)
    return verdict_text(judge(study, study.arrange(_deep(records))))


def numbers(records: Records) -> str:
    """What was measured, averaged over the seeds; closed forms below the depths."""
    study = find_study(STUDY)
    return markdown_table(
        result_table(study, seed_means(cell_table(study.arrange(records))))
    )


def at_equal_time(records: Records) -> str:
    """The best check of validation within some minutes of one processor."""
    return _at_equal(records, "seconds", {f"{one} min": 60 * one for one in MINUTES})


def at_equal_epochs(records: Records) -> str:
    """The best check of validation within some epochs."""
    return _at_equal(records, "epoch", {f"{one} epochs": one for one in EPOCHS})


def _at_equal(records: Records, cost: str, limits: dict[str, float]) -> str:
    """Compare what checks tell within limits on what each had cost, and in the end."""
    known = [one for one in records if one.get("curve")]
    longest = max((one["curve"][-1][cost] for one in known), default=0)
    within = {name: most for name, most in limits.items() if most < longest}
    within["in the end"] = longest
    rows = [
        [
            *_place(group[0]),
            str(len(group)),
            *(_mean_within(group, cost, most) for most in within.values()),
        ]
        for group in group_records(known, _place)
    ]
    return markdown_table([["Data", "Layers", "Seeds", *within], *rows])


def _deep(records: Records) -> Records:
    depths = find_study(STUDY).variants
    return [record for record in records if record["variant"] in depths]


def _place(record: Record) -> tuple[str, str]:
    return graph_label(record["data"]), record["variant"]


def _mean_within(group: Records, cost: str, most: float) -> str:
    """Print the mean over seeds of the best check until then, if each had one."""
    best = [
        max((c[METRIC] for c in one["curve"] if c[cost] <= most), default=None)
        for one in group
    ]
    found = [value for value in best if value is not None]
    return print_number(fmean(found)) if len(found) == len(best) else MISSING


BENCHMARK = Benchmark(
    NAME,
    cells,
    {
        "large-depth-time": Table(at_equal_time),
        "large-depth-epochs": Table(at_equal_epochs),
        "large-depth-numbers": Table(numbers),
        "large-depth-verdicts": Table(verdicts),
    },
)

if __name__ == "__main__":
    BENCHMARK.main()
