"""What items that a model was not fitted to rank by: users that met them, and features.

    python benchmarks/cold_items.py --data movielens-small [--seeds 0 1 2]

A tenth of the items is held out of training altogether. Of each, half of the users are
given and the others are to be predicted. The cold items are ranked among themselves.
With ``--part validation``, another tenth is: what settings are chosen by.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark import Benchmark, Records, Table
from cold_ranking import (
    GIVEN,
    METRICS,
    Metrics,
    at_random,
    by_content,
    by_popularity,
    by_users,
    folded_in,
)
from cold_split import ColdData, ColdSplit, Part, all_interactions, cold_split

from tvdiff_pyg import FitOptions, Settings, fit
from tvdiff_pyg.grid import GridCell, Record
from tvdiff_pyg.grid.tables import group_records, markdown_table, print_metric
from tvdiff_pyg.training import RunFolder


@dataclass(frozen=True)
class ColdItems(GridCell):
    """One way to rank cold items; a model is fitted if there are settings.

    Args:
        part: Which tenth of the items is ranked.
        neighbors: Nearest items of content-kNN; all if ``None``.
    """

    part: Part = "test"
    neighbors: int | None = None

    def measure(self) -> Record:
        graph = all_interactions(self.data, self.root)
        split = cold_split(graph, self.seed, self.part)
        told: Record = {}
        if self.settings is None:
            found = self._baseline(split)
        else:
            found, told = self._fitted(split)
        counts = split.cold.counts()
        ranked = {"cold items": counts["items"], "given": counts["train"]}
        ranked |= {"predicted": counts["test"]}
        return {"metrics": found, "graph": split.warm.counts() | ranked, **told}

    def _baseline(self, split: ColdSplit) -> dict[str, Metrics]:
        if self.variant == "random":
            return {"nothing": at_random(split, self.seed)}
        if self.variant == "popularity":
            return {"users": by_popularity(split)}
        if self.variant == "item-kNN":
            return {"users": by_users(split)}
        return {"features": by_content(split, self.neighbors)}

    def _fitted(self, split: ColdSplit) -> tuple[dict[str, Metrics], Record]:
        options = FitOptions(seed=self.seed, device=self.device, progress=False)
        with tempfile.TemporaryDirectory(prefix="tvdiff-") as folder:
            run = Path(folder) / "run"
            told = fit(split.warm, self.settings, run=run, options=options)
            found = folded_in(split, RunFolder(run).model())
        found["validation"] = told["validation"]
        return found, {name: told[name] for name in ("epochs", "best_epoch")}


# Chosen on the validation tenth, seed 0, as are the neighbours of content-kNN.
MESSAGE_DROPOUT = 0.5
NEIGHBORS = 100
SHARED: Mapping[ColdData, Mapping[str, Any]] = {
    "movielens-small": {"max_epochs": 150, "patience": 4},
    "amazon-beauty": {
        "hidden_channels": 64,
        "learning_rate": 3e-3,
        "max_epochs": 40,
        "check_every": 2,
        "patience": 3,
    },
}
BASELINES = ("random", "popularity", "item-kNN", "content-kNN")
# By name, what is fitted with them.
MODELS: Mapping[str, Mapping[str, Any]] = {
    "tvdiff": {},
    "tvdiff, features beside": {"features": "beside"},
    "tvdiff, features beside, messages left out": {
        "features": "beside",
        "message_dropout": MESSAGE_DROPOUT,
    },
    "tvdiff, features instead": {"features": "instead"},
}
# What a data set without features has no use for.
NEED_FEATURES = ("content-kNN", *list(MODELS)[1:])


def cells(
    data: Sequence[ColdData] = ("movielens-small", "amazon-beauty"),
    root: str = "data",
    seeds: Sequence[int] = (0, 1, 2),
    part: Part = "test",
    neighbors: int = NEIGHBORS,
) -> list[ColdItems]:
    """Return a cell for each way to rank, data set and seed.

    Args:
        data: Data sets.
        root: Folder of the data sets.
        seeds: Seeds.
        part: Which tenth of the items is ranked.
        neighbors: Nearest items of content-kNN; 0 for all.
    """
    return [
        ColdItems(
            "cold_items",
            name,
            variant,
            settings=_settings(name, variant),
            seed=seed,
            protocol="standard" if variant in MODELS else None,
            root=root,
            device="cpu",
            part=part,
            neighbors=(neighbors or None) if variant == "content-kNN" else None,
        )
        for name in data
        for seed in seeds
        for variant in (*BASELINES, *MODELS)
        if name == "movielens-small" or variant not in NEED_FEATURES
    ]


def _settings(data: ColdData, variant: str) -> Settings | None:
    if variant not in MODELS:
        return None
    return Settings.preset(data, **SHARED[data], **MODELS[variant])


def table(records: Records) -> str:
    """Each way to rank, by what it is given of a cold item."""
    rows = []
    for group in group_records(records, _place):
        for given in group[0]["metrics"].keys() - {"validation"}:
            found = [record["metrics"][given] for record in group]
            one, count = group[0], str(len(group))
            rows.append([one["data"], given, one["variant"], count, *_means(found)])
    header = ["Data", "Given", "Ranked by", "Seeds", "Recall@20", "NDCG@20"]
    return markdown_table([header, *sorted(rows, key=_row_place)])


def known_items(records: Records) -> str:
    """What features do to the items that were fitted."""
    rows = []
    for group in group_records(records, _place):
        if "validation" not in group[0]["metrics"]:
            continue
        found = [record["metrics"]["validation"] for record in group]
        one, count = group[0], str(len(group))
        rows.append([one["data"], one["variant"], count, *_means(found)])
    return markdown_table([["Data", "Model", "Seeds", "Recall@20", "NDCG@20"], *rows])


def _means(found: Sequence[Metrics]) -> list[str]:
    return [print_metric([one[name] for one in found]) for name in METRICS]


def _place(record: Record) -> tuple[bool, int]:
    place = (*BASELINES, *MODELS).index(record["variant"])
    return record["data"] != "movielens-small", place


def _row_place(row: Sequence[str]) -> tuple[bool, int]:
    """Keep rows of the same knowledge together."""
    return row[0] != "movielens-small", GIVEN.index(row[1])


TABLES = {"cold-items": Table(table), "known-items": Table(known_items)}
BENCHMARK = Benchmark("cold_items", cells, TABLES)

if __name__ == "__main__":
    BENCHMARK.main()
