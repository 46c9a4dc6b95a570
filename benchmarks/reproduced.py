"""Tables of what ``reproduce.py`` carried out, beside the published figures."""

import json
import statistics
from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from experiments import DATA, EXPERIMENTS
from layout import markdown, print_metric, print_seconds

from tvdiff_pyg.study.claims.published import VIEWS
from tvdiff_pyg.study.columns import COLUMNS

Records = list[dict[str, Any]]
# Recall@20 and NDCG@20 of the paper, by table, data set and variant.
PUBLISHED = json.loads((Path(__file__).parent / "published.json").read_text())
PUBLISHED["views"] = VIEWS
PUBLISHED["paper"] = {
    data: dict.fromkeys(EXPERIMENTS["paper"].variants, VIEWS[data]["I+II+III"])
    for data in DATA
}
CELL = ("data", "variant")
TOP_20 = ("recall@20", "ndcg@20")
RANKED = ("recall@10", "recall@20", "ndcg@10", "ndcg@20")
TITLES = ("Recall@10", "Recall@20", "NDCG@10", "NDCG@20")


def main_table(records: Records) -> str:
    """All models, best NDCG@20 first, with what they cost."""

    def place(group: Records) -> tuple[int, float]:
        return DATA.index(group[0]["data"]), -_mean(group, "test", "ndcg@20")

    rows = [
        [
            group[0]["data"],
            group[0]["variant"],
            str(len(group)),
            *_metrics(group, RANKED),
            _seconds(group, "fit_seconds"),
            _seconds(group, "score_seconds"),
            f"{max(record['peak_memory_mb'] for record in group):,.0f} MB",
        ]
        for group in sorted(_groups(records, *CELL), key=place)
    ]
    header = ["Data", "Model", "Seeds", *TITLES, "Training", "Scoring", "Memory"]
    return markdown(header, rows)


def models_table(records: Records) -> str:
    """NDCG@20 of all models on all data sets.

    The model of the highest mean share of each data set's best comes first; a data set
    that it was not run on counts as nothing.
    """
    ndcg: dict[str, dict[str, float]] = {}
    for group in _groups(records, *CELL):
        row = ndcg.setdefault(group[0]["variant"], {})
        row[group[0]["data"]] = _mean(group, "test", "ndcg@20")
    data_sets = [data for data in DATA if any(data in row for row in ndcg.values())]
    best = {data: max(row.get(data, 0) for row in ndcg.values()) for data in data_sets}

    def share(model: str) -> float:
        return sum(value / best[data] for data, value in ndcg[model].items())

    rows = [
        [model, *(COLUMNS["ndcg"].format(ndcg[model].get(data)) for data in data_sets)]
        for model in sorted(ndcg, key=share, reverse=True)
    ]
    return markdown(["Model", *data_sets], rows)


def part_table(name: str, records: Records) -> str:
    """The variants of an experiment in its own order, with the published figures."""
    order = list(EXPERIMENTS[name].variants)
    groups = sorted(
        _groups(records, *CELL),
        key=lambda one: (DATA.index(one[0]["data"]), order.index(one[0]["variant"])),
    )
    rows = []
    for group in groups:
        data, variant = group[0]["data"], group[0]["variant"]
        published = PUBLISHED.get(name, {}).get(data, {}).get(variant)
        rows.append(
            [
                data,
                variant,
                str(len(group)),
                _validation(group),
                *_metrics(group, TOP_20),
                "–" if published is None else " / ".join(f"{v:.4f}" for v in published),
                "–"
                if published is None
                else f"{_mean(group, 'test', 'ndcg@20') / published[1] - 1:+.1%}",
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
    return markdown(header, rows)


def selection_table(records: Records) -> str:
    """Dropout while scoring and the part that chose the epoch: four cells."""
    rows = [
        [
            group[0]["data"],
            "on" if group[0]["dropout_while_scoring"] else "off",
            group[0]["epoch_chosen_on"],
            str(len(group)),
            *_metrics(group, TOP_20),
        ]
        for group in _groups(
            records, "data", "dropout_while_scoring", "epoch_chosen_on"
        )
    ]
    header = ["Data", "Dropout while scoring", "Epoch chosen on", "Seeds"]
    return markdown([*header, "Recall@20", "NDCG@20"], rows)


def _groups(records: Records, *names: str) -> list[Records]:
    """Gather the records that agree in all names: the seeds of one cell."""
    key = itemgetter(*names)
    return [list(group) for _, group in groupby(sorted(records, key=key), key)]


def _values(group: Records, part: str, metric: str) -> list[float]:
    return [record[part][metric] for record in group]


def _mean(group: Records, part: str, metric: str) -> float:
    return statistics.fmean(_values(group, part, metric))


def _metrics(group: Records, names: Iterable[str]) -> list[str]:
    return [print_metric(_values(group, "test", name)) for name in names]


def _validation(group: Records) -> str:
    # The protocol "paper" keeps no part for it.
    if not group[0]["validation"]:
        return "–"
    return print_metric(_values(group, "validation", "ndcg@20"))


def _seconds(group: Records, name: str) -> str:
    return print_seconds(statistics.fmean(record[name] for record in group))
