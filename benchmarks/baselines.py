"""The models of other packages and closed form, and how each is fitted and measured."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, NamedTuple

import torch
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from records import RESULTS, hardware, read_records

from tvdiff_pyg import BipartiteGraph, evaluate
from tvdiff_pyg.data import DataOptions, load_data
from tvdiff_pyg.evaluation import EvaluationTask, TaskName
from tvdiff_pyg.models import EASE, FactorModel, ImplicitFactors, ItemKNN, Popularity
from tvdiff_pyg.nn import BipartiteAdjacency
from tvdiff_pyg.training.run import peak_host_memory_mb, versions

Record = dict[str, Any]
CHOSEN_BY = "ndcg@20"
OTHERS = ("implicit", "optuna")


class Baseline(NamedTuple):
    """How a model is built and fitted, and which of its settings are tuned."""

    fit: Callable[[BipartiteAdjacency, int, Record], FactorModel]
    space: dict[str, BaseDistribution]


def implicit(method: Any) -> Callable[[BipartiteAdjacency, int, Record], FactorModel]:
    def fit(graph: BipartiteAdjacency, seed: int, settings: Record) -> FactorModel:
        threads = torch.get_num_threads()
        return ImplicitFactors(method, seed, num_threads=threads, **settings).fit(graph)

    return fit


def log(low: float, high: float) -> FloatDistribution:
    return FloatDistribution(low, high, log=True)


WIDTHS = CategoricalDistribution([64, 128, 256])
BASELINES = {
    "popularity": Baseline(lambda graph, seed, settings: Popularity(), {}),
    "item-knn": Baseline(
        lambda graph, seed, settings: ItemKNN(**settings).fit(graph),
        {
            "num_neighbors": IntDistribution(5, 1000, log=True),
            "shrink": log(0.1, 100.0),
            "similarity": CategoricalDistribution(["cosine", "jaccard"]),
        },
    ),
    "ease": Baseline(
        lambda graph, seed, settings: EASE(**settings).fit(graph),
        {"l2": log(1.0, 3000.0)},
    ),
    "ials": Baseline(
        implicit("ials"),
        {
            "factors": WIDTHS,
            "regularization": log(1e-2, 100.0),
            "alpha": log(1.0, 100.0),
            "iterations": IntDistribution(5, 30),
        },
    ),
    "implicit-bpr": Baseline(
        implicit("bpr"),
        {
            "factors": WIDTHS,
            "learning_rate": log(3e-3, 0.3),
            "regularization": log(1e-4, 0.1),
            "iterations": IntDistribution(50, 300, log=True),
        },
    ),
}


def measure(
    graph: BipartiteGraph,
    model: str,
    settings: Record,
    seed: int,
    parts: Iterable[TaskName],
) -> Record:
    """Fit a model, and rank all items for the users of some parts."""
    size = (graph.num_users, graph.num_items)
    adjacency = BipartiteAdjacency.from_edge_index(graph.train_index, size, "none")
    start = time.perf_counter()
    fitted = BASELINES[model].fit(adjacency, seed, settings)
    found: Record = {"fit_seconds": round(time.perf_counter() - start, 3)}
    for part in parts:
        task = EvaluationTask.from_graph(graph, part)
        start = time.perf_counter()
        found[part] = evaluate(fitted, adjacency, task)
        found["score_seconds"] = round(time.perf_counter() - start, 3)
    return found | {
        "hardware": {"device": "cpu", **hardware()},
        "versions": {**versions(), **{name: version(name) for name in OTHERS}},
    }


def chosen_settings(data: str, model: str) -> Record:
    """Return what the recorded trials on a data set's validation part chose."""
    trials = [
        record
        for record in read_records(RESULTS / "tuning.jsonl")
        if record["dataset"] == data and record["model"] == model
    ]
    if not trials:
        raise ValueError(
            f"{model!r} needs to be tuned on {data!r} first: "
            f"python benchmarks/tune_baselines.py --data {data} --only {model}"
        )
    best = max(trials, key=lambda trial: trial["metrics"]["validation"][CHOSEN_BY])
    settings: Record = best["settings"]
    return settings


@dataclass(frozen=True)
class BaselineCell:
    """One fit of a tuned baseline: a cell of a grid, as the trained models' are."""

    study: str
    data: str
    variant: str
    settings: Record
    seed: int
    root: str

    @property
    def label(self) -> str:
        """What to call this cell in a message."""
        return f"{self.data}, {self.variant}, seed {self.seed}"

    def key(self) -> Record:
        """Return what tells this cell from others."""
        return {
            "study": self.study,
            "data": self.data,
            "variant": self.variant,
            "seed": self.seed,
            "protocol": "standard",
            "settings": self.settings,
        }

    def is_recorded(self, record: Record) -> bool:
        """Whether a record is of this cell."""
        return self.key().items() <= record.items()

    def run(self) -> Record:
        """Load the split of the seed, fit, and rank."""
        graph = load_data(DataOptions(self.data, root=self.root), self.seed)
        parts: tuple[TaskName, ...] = ("validation", "test")
        return {
            **self.key(),
            **measure(graph, self.variant, self.settings, self.seed, parts),
            "graph": graph.counts(),
            "peak_memory_mb": round(peak_host_memory_mb(), 1),
        }
