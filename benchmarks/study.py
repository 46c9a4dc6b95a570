"""The studies of the documentation, from their grids to their figures.

    python benchmarks/study.py [oversmoothing entropy ...] [--root DIR] [--jobs N]

``--no-run --plot`` only draws.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from benchmark import Benchmark, Records, Table
from engines import SYNTHETIC
from verdicts_figure import draw_verdicts

from tvdiff_pyg.grid import read_records
from tvdiff_pyg.grid.tables import markdown_table
from tvdiff_pyg.study import STUDIES, Cell, StudyOptions, Verdict, find_study
from tvdiff_pyg.study.carry_out import cells_of
from tvdiff_pyg.study.figures import write_figures
from tvdiff_pyg.study.report import judge, result_table, verdict_text
from tvdiff_pyg.study.summary import cell_table, seed_means

# The width that the paper's text names; what it takes to train it in minutes.
SHARED: dict[str, Any] = {"hidden_channels": 64, "learning_rate": 3e-3}
SMALL = {**SHARED, "max_epochs": 40, "check_every": 2, "patience": 3}
LONG = {**SMALL, "max_epochs": 60}
ALONE = {"linear_share": 0.0, "min_steps": 1}
REAL = ["lastfm", "amazon-beauty"]
# One dense, one of users with few items, and none too large for 33 trainings.
FIVE = ["ml-100k", "lastfm", "steam-200k-play", "amazon-beauty", "citeulike-a"]


def synthetic(users: int, items: int, interactions: int, **further: float) -> str:
    sizes = {"num_users": users, "num_items": items, "num_interactions": interactions}
    pairs = {**sizes, **further}.items()
    return SYNTHETIC + ",".join(f"{name}={value}" for name, value in pairs)


SPARSE_SKEWED = synthetic(2000, 1000, 20_000, exponent=2.2)
DENSE_EVEN = synthetic(1000, 500, 60_000, exponent=20, mixing=0.5)
VARIED = [
    synthetic(2000, 1000, count, exponent=exponent)
    for count in (20_000, 100_000)
    for exponent in (2.2, 6)
]
LARGE = synthetic(120_000, 30_000, 10_000_000)

GRIDS: dict[str, list[StudyOptions]] = {
    "oversmoothing": [
        StudyOptions(
            ["amazon-beauty"], overrides={**SHARED, "max_epochs": 40, "patience": 4}
        ),
        StudyOptions(
            ["gowalla"],
            overrides={
                "hidden_channels": 64,
                "learning_rate": 0.01,
                "max_epochs": 40,
                "check_every": 5,
                "patience": 3,
            },
        ),
        StudyOptions([DENSE_EVEN, SPARSE_SKEWED], overrides=LONG),
        StudyOptions(
            [LARGE],
            seeds=[0],
            preset="large",
            overrides={
                **SHARED,
                "negatives": "uniform",
                "engine": "sampled",
                "num_neighbors": 16,
                "max_epochs": 2,
                "check_every": 2,
            },
        ),
    ],
    "entropy": [StudyOptions(REAL, overrides=LONG)],
    "diffusion": [
        StudyOptions([data], preset="recommended", overrides={**SHARED, **ALONE})
        for data in FIVE
    ],
    "temperature": [
        StudyOptions(
            REAL, ["0.01", "0.03", *find_study("temperature").variants], overrides=SMALL
        ),
        StudyOptions(VARIED, overrides=SMALL),
    ],
}


StudyName = Literal[tuple(GRIDS)]


def cells(
    studies: Sequence[StudyName] = tuple(GRIDS), /, root: str = "data"
) -> list[Cell]:
    """Return the grids of the studies.

    Args:
        studies: Studies.
        root: Folder of the data sets.
    """
    return [
        cell
        for name in studies
        for grid in GRIDS[name]
        for cell in cells_of(find_study(name), replace(grid, root=root))
    ]


def verdicts(study: str, records: Records) -> str:
    """What a study decided."""
    found = find_study(study)
    return verdict_text(judge(found, found.arrange(records)))


def numbers(study: str, records: Records) -> str:
    """What a study measured, averaged over its seeds."""
    found = find_study(study)
    means = seed_means(cell_table(found.arrange(records)))
    return markdown_table(result_table(found, means))


def draw(study: str, records: Records, folder: Path) -> None:
    """Draw the figures of a study, and the verdicts of all studies that are kept."""
    found = find_study(study)
    means = seed_means(cell_table(found.arrange(records)))
    write_figures(found, means, folder / "studies" / study)
    decided: list[Verdict] = []
    for name in GRIDS:
        kept, other = read_records(BENCHMARK.files(name)[0]), find_study(name)
        decided += judge(other, other.arrange(kept)) if kept else []
    draw_verdicts(decided, folder / "studies" / "verdicts.png")


BENCHMARK = Benchmark(
    "study",
    cells,
    {
        f"{study}-{render.__name__}": Table(partial(render, study), study)
        for study in STUDIES.names()
        for render in (verdicts, numbers)
    },
    draw,
)

if __name__ == "__main__":
    BENCHMARK.main()
