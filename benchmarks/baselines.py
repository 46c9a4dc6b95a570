"""The models of other packages and closed form, and how each is fitted and measured."""

import time
from collections.abc import Callable, Iterable
from importlib.metadata import version
from typing import Any

import torch
from records import RESULTS, hardware, read_records

from tvdiff_pyg import BipartiteGraph, evaluate
from tvdiff_pyg.data import DataOptions, load_data
from tvdiff_pyg.evaluation import EvaluationTask, TaskName
from tvdiff_pyg.models import (
    EASE,
    FactorModel,
    ImplicitFactors,
    ItemKNN,
    LocalEASE,
    MultiVAE,
    Popularity,
)
from tvdiff_pyg.sparse import BipartiteAdjacency
from tvdiff_pyg.study import GridCell
from tvdiff_pyg.training.run_folder import peak_host_memory_mb, versions

Record = dict[str, Any]
PACKAGES = ("cornac", "implicit")
CHOSEN_BY = "ndcg@20"
Fit = Callable[[BipartiteAdjacency, int, Record], FactorModel]


def implicit(method: Any) -> Fit:
    """Fit a model of the package implicit."""

    def fit(graph: BipartiteAdjacency, seed: int, settings: Record) -> FactorModel:
        threads = torch.get_num_threads()
        return ImplicitFactors(method, seed, num_threads=threads, **settings).fit(graph)

    return fit


# What fits each model to a graph, from a seed and its settings.
BASELINES: dict[str, Fit] = {
    "popularity": lambda graph, seed, settings: Popularity(),
    "item-knn": lambda graph, seed, settings: ItemKNN(**settings).fit(graph),
    "ease": lambda graph, seed, settings: EASE(**settings).fit(graph),
    "local-ease": lambda graph, seed, settings: LocalEASE(**settings).fit(graph),
    "ials": implicit("ials"),
    "implicit-bpr": implicit("bpr"),
    "multi-vae": lambda graph, seed, settings: MultiVAE(
        seed, autoencoder_structure=[256], **settings
    ).fit(graph),
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
    fitted = BASELINES[model](adjacency, seed, settings)
    found: Record = {"fit_seconds": round(time.perf_counter() - start, 3)}
    for part in parts:
        task = EvaluationTask.from_graph(graph, part)
        start = time.perf_counter()
        found[part] = evaluate(fitted, adjacency, task)
        found["score_seconds"] = round(time.perf_counter() - start, 3)
    return found | {
        "hardware": {"device": "cpu", **hardware()},
        "versions": {**versions(), **{name: version(name) for name in PACKAGES}},
    }


def tuned_settings(data: str, model: str) -> Record | None:
    """Return what the recorded trials on a data set's validation part chose, if any."""
    trials = [
        record
        for record in read_records(RESULTS / "tuning.jsonl")
        if record["dataset"] == data and record["model"] == model
    ]
    best = max(
        trials, key=lambda trial: trial["metrics"]["validation"][CHOSEN_BY], default={}
    )
    return best.get("settings")


def chosen_settings(data: str, model: str) -> Record:
    """Return the same of a model that has no settings of its own."""
    settings = tuned_settings(data, model)
    if settings is None:
        raise ValueError(
            f"{model!r} needs to be tuned on {data!r} first: "
            f"python benchmarks/tune_baselines.py --data {data} --only {model}"
        )
    return settings


class BaselineCell(GridCell):
    """One fit of a tuned baseline, beside the cells of trained models."""

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
