"""Tables of what ``reproduce.py`` carried out, beside the published figures."""

import json
import statistics
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from experiments import DATA, EXPERIMENTS

from tvdiff_pyg.study.claims.published import VIEWS
from tvdiff_pyg.study.report import markdown_table

Records = list[dict[str, Any]]
# Recall@20 and NDCG@20 of the paper, by table, data set and variant.
PUBLISHED = json.loads((Path(__file__).parent / "published.json").read_text())
PUBLISHED["views"] = VIEWS
RANKED = ("recall@10", "recall@20", "ndcg@10", "ndcg@20")
TITLES = ("Recall@10", "Recall@20", "NDCG@10", "NDCG@20")


def main_table(records: Records) -> str:
    """All models, best NDCG@20 first, with what they cost."""
    rows = []
    groups = sorted(_groups(records), key=lambda one: -_mean(one, "ndcg@20"))
    for data in DATA:
        for group in groups:
            if group[0]["data"] == data:
                rows.append(
                    [
                        data,
                        group[0]["variant"],
                        str(len(group)),
                        *(_spread(_test(group, name)) for name in RANKED),
                        _seconds(record["fit_seconds"] for record in group),
                        _seconds(record["score_seconds"] for record in group),
                        f"{max(one['peak_memory_mb'] for one in group):,.0f} MB",
                    ]
                )
    header = ["Data", "Model", "Seeds", *TITLES, "Training", "Scoring", "Memory"]
    return markdown_table([header, *rows])


def part_table(name: str, records: Records) -> str:
    """The variants of an experiment in its own order, with the published figures."""
    order = list(EXPERIMENTS[name].variants)
    groups = sorted(
        _groups(records),
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
                _spread(_validation(group)),
                *(_spread(_test(group, metric)) for metric in ("recall@20", "ndcg@20")),
                "–" if published is None else " / ".join(f"{v:.4f}" for v in published),
                "–" if published is None else _gap(group, published[1]),
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


def selection_table(records: Records) -> str:
    """Dropout while scoring and the part that chose the epoch: four cells."""

    def key(record: dict[str, Any]) -> tuple[str, bool, str]:
        return (
            record["data"],
            record["dropout_while_scoring"],
            record["epoch_chosen_on"],
        )

    rows = []
    for (data, dropout, part), found in groupby(sorted(records, key=key), key):
        group = list(found)
        rows.append(
            [
                data,
                "on" if dropout else "off",
                part,
                str(len(group)),
                *(_spread(_test(group, metric)) for metric in ("recall@20", "ndcg@20")),
            ]
        )
    header = [
        "Data",
        "Dropout while scoring",
        "Epoch chosen on",
        "Seeds",
        *TITLES[1::2],
    ]
    return markdown_table([header, *rows])


def _groups(records: Records) -> list[Records]:
    """Gather the seeds of each variant on each data set."""

    def key(record: dict[str, Any]) -> tuple[str, str]:
        return record["data"], record["variant"]

    return [list(group) for _, group in groupby(sorted(records, key=key), key)]


def _test(group: Records, metric: str) -> list[float]:
    return [record["test"][metric] for record in group]


def _validation(group: Records) -> list[float]:
    return [record["validation"]["ndcg@20"] for record in group]


def _mean(group: Records, metric: str) -> float:
    return statistics.fmean(_test(group, metric))


def _gap(group: Records, published: float) -> str:
    return f"{_mean(group, 'ndcg@20') / published - 1:+.1%}"


def _spread(values: Sequence[float]) -> str:
    mean = f"{statistics.fmean(values):.4f}"
    return mean if len(values) < 2 else f"{mean} ± {statistics.stdev(values):.4f}"


def _seconds(values: Iterable[float]) -> str:
    mean = statistics.fmean(values)
    return f"{mean:,.0f} s" if mean >= 100 else f"{mean:.2g} s"
