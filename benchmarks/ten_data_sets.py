"""The recommended preset on data that it was not chosen on, beside closed forms.

    python benchmarks/tune_baselines.py --data ml-100k --trials 8 --only ease ials
    python benchmarks/ten_data_sets.py --data ml-100k --models ease ials [--root DIR]

What is in closed form is tuned first. The tables stand beside what ``reproduce.py`` has
of the paper's other three data sets.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Literal

import data_sets
from ahead import BySeed, interval_of_share, share_ahead
from benchmark import DATA, Benchmark, Records, Table, kept
from experiments import ALONE, WIDE, Context, Experiment
from ranks import critical_difference, draw_ranks, ranks

from tvdiff_pyg.grid import GridCell, Record
from tvdiff_pyg.grid.tables import MISSING, markdown_table, print_number, print_seconds
from tvdiff_pyg.machine import Device
from tvdiff_pyg.training import Settings

NAME, METRIC, RECOMMENDED = "ten_data_sets", "ndcg@20", "tvdiff, recommended"
TEN = tuple(name for name in data_sets.NAMES if name != "movielens-small")
CLOSED = ("ease", "local-ease", "item-knn", "ials", "popularity")
TRAINED = {
    RECOMMENDED: Settings.preset("recommended").flat(),
    ALONE: Settings.preset("recommended", linear_share=0.0).flat(),
}
MODELS = (*TRAINED, *CLOSED)
INTERVAL = "95% interval"
HEADINGS = {RECOMMENDED: "Recommended", ALONE: "alone"}

DataName = Literal[tuple(name for name in TEN if name not in DATA)]
ModelName = Literal[MODELS]
# Records by seed, of each model.
Row = Mapping[str, BySeed]


def cells(
    data: Sequence[DataName] = tuple(name for name in TEN if name not in DATA),
    models: Sequence[ModelName] = MODELS,
    seeds: Sequence[int] = (0,),
    root: str = "data",
    device: Device = "auto",
) -> list[GridCell]:
    """Return the runs.

    Args:
        data: Data sets.
        models: Models.
        seeds: Seeds.
        root: Folder of the data sets.
        device: Where to train.
    """
    trained = {name: TRAINED[name] for name in models if name in TRAINED}
    closed = [name for name in models if name in CLOSED]
    experiment = Experiment(NAME, trained, WIDE, {}, {one: closed for one in data})
    context = Context(root, device)
    return [cell for one in data for cell in experiment.cells(one, seeds, context)]


def table(part: str, records: Records) -> str:
    """A line for each data set: NDCG@20 of all models on a part.

    Args:
        part: The held-out part.
        records: Those of this benchmark; those of the other data sets come on top.
    """
    rows = []
    for data, row in _rows(records).items():
        seeds = max(len(values) for values in row.values())
        means = (_mean(row.get(name, {}), part) for name in MODELS)
        numbers = [print_number(mean) for mean in means]
        rows.append([data, str(seeds), *numbers, *_ahead(row, part), _seconds(row)])
    headings = [HEADINGS.get(name, name) for name in MODELS]
    further = ["Best other", "Recommended to it", "Its training"]
    if part == "test":
        further.insert(2, INTERVAL)
    return markdown_table([["Data", "Seeds", *headings, *further], *rows])


def ranks_table(records: Records) -> str:
    """The ranks of all models by NDCG@20 of the test part, where all were run.

    Args:
        records: As for :func:`table`.
    """
    found = _ranks(records)
    data = list(next(iter(found.values()), {}))
    rows = [
        [model, f"{fmean(row.values()):.1f}", *(f"{row[one]:g}" for one in data)]
        for model, row in found.items()
    ]
    return markdown_table([["Model", "Mean rank", *data], *rows])


def draw(experiment: str, records: Records, folder: Path) -> None:
    """Draw the mean ranks, if there is a data set that all models were run on.

    Args:
        experiment: Whose records they are: this benchmark's.
        records: As for :func:`table`.
        folder: Where the figure goes.
    """
    found = _ranks(records)
    if found:
        means = {model: fmean(row.values()) for model, row in found.items()}
        num_data = len(next(iter(found.values())))
        difference = critical_difference(len(means), num_data)
        draw_ranks(means, difference, folder / "results" / "ranks.png")


def _ranks(records: Records) -> dict[str, dict[str, float]]:
    return ranks(
        {
            data: {name: _mean(row[name], "test") or 0.0 for name in MODELS}
            for data, row in _rows(records).items()
            if len(row) == len(MODELS)
        }
    )


def _rows(records: Records) -> dict[str, Row]:
    """Return the records of each data set, those of the paper's on top."""
    known = [*kept("reproduce_main"), *records]
    found: dict[str, dict[str, dict[int, Record]]] = {}
    for record in known:
        if record["variant"] in MODELS:
            row = found.setdefault(record["data"], {})
            row.setdefault(record["variant"], {})[record["seed"]] = record
    return {data: found[data] for data in TEN if data in found}


def _mean(records: BySeed, part: str) -> float | None:
    values = [record["metrics"][part][METRIC] for record in records.values()]
    return fmean(values) if values else None


def _ahead(row: Row, part: str) -> list[str]:
    """Name the best model that is none of TV-Diff's, and how far ahead the preset is.

    Of the test part, the interval stands beside it.
    """
    others = {name: _mean(row[name], part) for name in CLOSED if name in row}
    preset = row.get(RECOMMENDED, {})
    if not others or not preset:
        return [MISSING] * (3 if part == "test" else 2)
    best = max(others, key=lambda name: others[name] or 0.0)
    found = [best, share_ahead(preset, row[best], part)]
    return [*found, interval_of_share(preset, row[best])] if part == "test" else found


def _seconds(row: Row) -> str:
    """Print how long the preset trains."""
    seconds = [one["seconds"]["fit"] for one in row.get(RECOMMENDED, {}).values()]
    return print_seconds(fmean(seconds)) if seconds else MISSING


BENCHMARK = Benchmark(
    NAME,
    cells,
    {
        "ten_data_sets": Table(partial(table, "test")),
        "ten_data_sets_validation": Table(partial(table, "validation")),
        "ranks": Table(ranks_table),
    },
    draw,
)

if __name__ == "__main__":
    BENCHMARK.main()
