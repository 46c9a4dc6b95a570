"""The recommended preset on data that it was not chosen on, beside tuned models.

    python benchmarks/tune_baselines.py --data ml-100k --trials 8 --only ease ials
    python benchmarks/ten_data_sets.py --data ml-100k --models ease ials [--root DIR]

All others are tuned first. Of the paper's other three data sets, ``reproduce.py`` has
most; only what it leaves out is run here. The tables show all that is kept.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Literal

import data_sets
from ahead import BySeed, interval_of_share, share_ahead
from benchmark import DATA, Benchmark, Records, Table, kept
from experiments import (
    ALONE,
    CONTRASTIVE,
    FITTED,
    MODELS,
    PEERS,
    WIDE,
    Context,
    Experiment,
)
from ranks import critical_difference, draw_ranks, ranks
from tuned import chosen_settings

from tvdiff_pyg.grid import GridCell, Record
from tvdiff_pyg.grid.tables import MISSING, markdown_table, print_number, print_seconds
from tvdiff_pyg.machine import Device
from tvdiff_pyg.training import Settings

NAME, METRIC, RECOMMENDED = "ten_data_sets", "ndcg@20", "tvdiff, recommended"
TEN = tuple(name for name in data_sets.NAMES if name != "movielens-small")
TRAINED = {
    RECOMMENDED: Settings.preset("recommended").flat(),
    ALONE: Settings.preset("recommended", linear_share=0.0).flat(),
}
CLOSED = ("scaled-ials", "ease", "local-ease", "item-knn", "ials", "popularity")
GRADIENTS = {name: MODELS[name] for name in ("lightgcn", "bpr-mf", "diffrec")}
OTHERS = (*CLOSED, *PEERS, *GRADIENTS, *CONTRASTIVE)
COMPARED = (*TRAINED, *OTHERS)
# Ranked: what most data sets have.
RANKED = (*TRAINED, *CLOSED)
# What reproduce.py does not run on the paper's three.
FURTHER = (*PEERS, *CONTRASTIVE)

DataName = Literal[TEN]
ModelName = Literal[COMPARED]
# Records by seed, of each model.
Row = Mapping[str, BySeed]


def cells(
    data: Sequence[DataName] = TEN,
    models: Sequence[ModelName] = COMPARED,
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
    context = Context(root, device)
    return [
        cell
        for one in data
        for cell in _experiment(one, models).cells(one, seeds, context)
    ]


def _experiment(data: str, models: Sequence[str]) -> Experiment:
    left = [name for name in models if data not in DATA or name in FURTHER]
    fitted = [name for name in left if name in FITTED]
    begun = {**GRADIENTS, **CONTRASTIVE}
    trained = {
        name: TRAINED.get(name) or {**begun[name], **chosen_settings(data, name)}
        for name in left
        if name not in fitted
    }
    return Experiment(NAME, trained, WIDE, {}, {data: fitted})


def table(records: Records) -> str:
    """A line for each data set: how far ahead of the others the preset is.

    Args:
        records: Those of this benchmark, beside those that are kept.
    """
    header = ["Data", "Seeds", "Recommended", "alone", "EASE", "Alone to it"]
    ahead = ["Best other", "its NDCG@20", "Recommended to it", "95% interval"]
    rows = [
        [
            data,
            str(len(row.get(RECOMMENDED, {}))),
            *(print_number(_mean(row, name)) for name in (RECOMMENDED, ALONE, "ease")),
            _share(row, ALONE, "ease"),
            *_ahead(row),
            _seconds(row),
        ]
        for data, row in _rows(records).items()
    ]
    return markdown_table([[*header, *ahead, "Its training"], *rows])


def models_table(part: str, records: Records) -> str:
    """A line for each model: its NDCG@20 on each data set.

    Args:
        part: The held-out part.
        records: As for :func:`table`.
    """
    found = _rows(records)
    rows = [
        [model, *(print_number(_mean(row, model, part)) for row in found.values())]
        for model in COMPARED
        if any(model in row for row in found.values())
    ]
    return markdown_table([["Model", *found], *rows])


def ranks_table(records: Records) -> str:
    """The ranks of models by NDCG@20 of the test part, where all of them were run.

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
    """Draw the mean ranks, if there is a data set that all of them were run on.

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
            data: {name: _mean(row, name) or 0.0 for name in RANKED}
            for data, row in _rows(records).items()
            if all(name in row for name in RANKED)
        }
    )


def _rows(records: Records) -> dict[str, Row]:
    """Return the records of each data set, with all that is kept."""
    known = [*kept("reproduce_main", NAME), *records]
    found: dict[str, dict[str, dict[int, Record]]] = {}
    for record in known:
        if record["variant"] in COMPARED:
            row = found.setdefault(record["data"], {})
            row.setdefault(record["variant"], {})[record["seed"]] = record
    return {data: found[data] for data in TEN if data in found}


def _mean(row: Row, name: str, part: str = "test") -> float | None:
    values = [one["metrics"][part][METRIC] for one in row.get(name, {}).values()]
    return fmean(values) if values else None


def _share(row: Row, one: str, other: str) -> str:
    return share_ahead(row.get(one, {}), row.get(other, {}), "test")


def _ahead(row: Row) -> list[str]:
    """Name the best of the others on the test part, and how far ahead the preset is."""
    others = {name: _mean(row, name) or 0.0 for name in OTHERS if name in row}
    if not others or RECOMMENDED not in row:
        return [MISSING] * 4
    best = max(others, key=others.__getitem__)
    share = _share(row, RECOMMENDED, best)
    interval = interval_of_share(row[RECOMMENDED], row[best])
    return [best, print_number(others[best]), share, interval]


def _seconds(row: Row) -> str:
    """Print how long the preset trains."""
    seconds = [one["seconds"]["fit"] for one in row.get(RECOMMENDED, {}).values()]
    return print_seconds(fmean(seconds)) if seconds else MISSING


BENCHMARK = Benchmark(
    NAME,
    cells,
    {
        "ten_data_sets": Table(table),
        "ten_data_sets_models": Table(partial(models_table, "test")),
        "ten_data_sets_validation": Table(partial(models_table, "validation")),
        "ranks": Table(ranks_table),
    },
    draw,
)

if __name__ == "__main__":
    BENCHMARK.main()
