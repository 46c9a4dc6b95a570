"""The experiments behind the tables of the results, each once.

    python benchmarks/reproduce.py [--only views losses] [--data lastfm] [--root DIR]

``experiments.py`` lists them. Stopped, or out of ``--budget-minutes``, it goes on where
it was.
"""

import json
import statistics
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

from ahead import BySeed, interval_of_share
from benchmark import DATA, Benchmark, DataName, Records, Table
from experiments import EXPERIMENTS, Context
from models_figure import METRIC, draw_models, shares

from tvdiff_pyg.grid import GridCell, Record, read_records
from tvdiff_pyg.grid.tables import (
    MISSING,
    group_records,
    markdown_table,
    print_metric,
    print_number,
    print_seconds,
)
from tvdiff_pyg.machine import Device
from tvdiff_pyg.study.published import VIEWS

TableName = Literal[tuple(EXPERIMENTS)]
# Recall@20 and NDCG@20 of the paper, by table, data set and variant.
PUBLISHED = json.loads((Path(__file__).parent / "published.json").read_text())
PUBLISHED["views"] = PUBLISHED["views_wide"] = VIEWS
PUBLISHED["paper"] = {
    data: dict.fromkeys(EXPERIMENTS["paper"].variants, VIEWS[data]["I+II+III"])
    for data in DATA
}
TOP_20 = ("recall@20", "ndcg@20")
RANKED = ("recall@10", "recall@20", "ndcg@10", "ndcg@20")
RECOMMENDED = "tvdiff, recommended"
ENSEMBLES = ("lightgcn", "scaled-ials")
BESIDE = "{}, with the preset's linear model (seed 0)"
TITLES = ("Recall@10", "Recall@20", "NDCG@10", "NDCG@20")
INTERVAL = "To the first, 95% interval"


def cells(
    only: Sequence[TableName] = tuple(EXPERIMENTS),
    data: Sequence[DataName] = DATA,
    seeds: Sequence[int] = (),
    root: str = "data",
    device: Device = "auto",
) -> list[GridCell]:
    """Return the runs of the experiments.

    Args:
        only: Experiments.
        data: Data sets.
        seeds: Seeds in the place of the listed ones.
        root: Folder of the data sets.
        device: Where to train.
    """
    context = Context(root, device)
    return [
        cell
        for name in only
        for one in data
        for cell in EXPERIMENTS[name].cells(one, seeds or None, context)
    ]


def main_table(records: Records) -> str:
    """All models, best NDCG@20 first, with what they cost.

    Beside each is the interval of its NDCG@20 to that of the first, where both kept it.
    """

    def place(group: Records) -> tuple[int, float]:
        return DATA.index(group[0]["data"]), -_mean(group, "test", "ndcg@20")

    groups = sorted(group_records(records, _cell), key=place)
    first: dict[str, BySeed] = {}
    for group in groups:
        first.setdefault(group[0]["data"], _by_seed(group))
    rows = [
        [
            group[0]["data"],
            group[0]["variant"],
            str(len(group)),
            *_metrics(group, RANKED),
            interval_of_share(_by_seed(group), first[group[0]["data"]]),
            _seconds(group, "fit"),
            _seconds(group, "score"),
            f"{max(record['memory_mb']['peak'] for record in group):,.0f} MB",
        ]
        for group in groups
    ]
    header = ["Data", "Model", "Seeds", *TITLES, INTERVAL]
    return markdown_table([[*header, "Training", "Scoring", "Memory"], *rows])


def models_table(records: Records) -> str:
    """NDCG@20 of all models on all data sets.

    The model of the highest mean share of each data set's best comes first; a data set
    that it was not run on counts as nothing. Below the preset, which is an ensemble,
    are the best models that are not TV-Diff as ones with the same linear model.
    """
    order = list(shares(records))
    ensembles = [
        {**record, "variant": BESIDE.format(record["model"])}
        for record in read_records(BENCHMARK.files("blend")[0])
        if record["model"] in ENSEMBLES
    ]
    if ensembles and RECOMMENDED in order:
        place = order.index(RECOMMENDED) + 1
        order[place:place] = map(BESIDE.format, ENSEMBLES)
        records = [*records, *ensembles]
    groups = {_cell(group[0]): group for group in group_records(records, _cell)}
    data_sets = [data for data in DATA if any(data == of for of, _ in groups)]
    rows = [
        [model, *(_mean_or_missing(groups.get((data, model))) for data in data_sets)]
        for model in order
    ]
    return markdown_table([["Model", *data_sets], *rows])


def part_table(name: str, records: Records) -> str:
    """The variants of an experiment in its own order, with the published figures."""
    order = list(EXPERIMENTS[name].variants)
    groups = sorted(
        group_records(records, _cell),
        key=lambda one: (DATA.index(one[0]["data"]), order.index(one[0]["variant"])),
    )
    rows = []
    for group in groups:
        data, variant = _cell(group[0])
        published = PUBLISHED.get(name, {}).get(data, {}).get(variant)
        ratio = published and _mean(group, "test", "ndcg@20") / published[1] - 1
        rows.append(
            [
                data,
                variant,
                str(len(group)),
                _validation(group),
                *_metrics(group, TOP_20),
                " / ".join(f"{v:.4f}" for v in published) if published else MISSING,
                f"{ratio:+.1%}" if published else MISSING,
            ]
        )
    header = [
        "Data",
        name.replace("_", " ").capitalize(),
        "Seeds",
        "Validation NDCG@20",
        "Recall@20",
        "NDCG@20",
        "Published (`paper`)",
        "NDCG@20 to it",
    ]
    return markdown_table([header, *rows])


def _cell(record: Record) -> tuple[str, str]:
    return record["data"], record["variant"]


def _by_seed(group: Records) -> BySeed:
    return {record["seed"]: record for record in group}


def _values(group: Records, part: str, metric: str) -> list[float]:
    return [record["metrics"][part][metric] for record in group]


def _mean(group: Records, part: str, metric: str) -> float:
    return statistics.fmean(_values(group, part, metric))


def _mean_or_missing(group: Records | None) -> str:
    return print_number(_mean(group, "test", METRIC) if group else None)


def _metrics(group: Records, names: Iterable[str]) -> list[str]:
    return [print_metric(_values(group, "test", name)) for name in names]


def _validation(group: Records) -> str:
    # The protocol "paper" keeps no part for it.
    if "validation" not in group[0]["metrics"]:
        return MISSING
    return print_metric(_values(group, "validation", "ndcg@20"))


def _seconds(group: Records, name: str) -> str:
    return print_seconds(statistics.fmean(one["seconds"][name] for one in group))


TABLES = {"models": Table(models_table, "main"), "main": Table(main_table, "main")}
BENCHMARK = Benchmark(
    "reproduce",
    cells,
    TABLES
    | {
        name: Table(partial(part_table, name), name)
        for name in EXPERIMENTS
        if name != "main"
    },
    draw=draw_models,
)

if __name__ == "__main__":
    BENCHMARK.main()
