"""The studies of the documentation, from their grids to their figures.

    python benchmarks/study.py [oversmoothing entropy ...] [--root DIR] [--jobs N]

Cells that ``results/study_NAME.jsonl`` has a record of are not trained again. ``--jobs
0 --no-run`` only draws.
"""

import argparse
from dataclasses import replace
from typing import Any

from records import RESULTS, read_records
from table import ROOT

from tvdiff_pyg.study import STUDIES, StudyOptions, run_grid
from tvdiff_pyg.study.figures import write_figures
from tvdiff_pyg.study.run import cells_of
from tvdiff_pyg.study.studies import TEMPERATURE, arrange
from tvdiff_pyg.study.summary import cell_table, seed_means

FIGURES = ROOT / "docs" / "studies"
# The width that the paper's text names; what it takes to train it in minutes.
SHARED: dict[str, Any] = {"hidden_channels": 64, "learning_rate": 3e-3}
SMALL = {**SHARED, "max_epochs": 40, "check_every": 2, "patience": 3}
LONG = {**SMALL, "max_epochs": 60}
REAL = ["lastfm", "amazon-beauty"]


def synthetic(users: int, items: int, interactions: int, **further: float) -> str:
    sizes = {"num_users": users, "num_items": items, "num_interactions": interactions}
    pairs = {**sizes, **further}.items()
    return "synthetic:" + ",".join(f"{name}={value}" for name, value in pairs)


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
    "temperature": [
        StudyOptions(REAL, ["0.01", "0.03", *TEMPERATURE.variants], overrides=SMALL),
        StudyOptions(VARIED, overrides=SMALL),
    ],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("studies", nargs="*", default=list(GRIDS), metavar="STUDY")
    parser.add_argument("--root", default="data", help="folder of the data sets")
    parser.add_argument("--jobs", type=int, default=1, help="cells at the same time")
    parser.add_argument("--no-run", action="store_true", help="only draw")
    options = parser.parse_args()
    for name in options.studies:
        file = RESULTS / f"study_{name}.jsonl"
        for grid in [] if options.no_run else GRIDS[name]:
            cells = cells_of(STUDIES[name], replace(grid, root=options.root))
            run_grid(cells, file, options.jobs)
        records = arrange(STUDIES[name], read_records(file))
        write_figures(STUDIES[name], seed_means(cell_table(records)), FIGURES / name)


if __name__ == "__main__":
    main()
