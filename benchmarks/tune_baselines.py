"""Tune the baselines that need no trainer, then evaluate each one once.

    python benchmarks/tune_baselines.py --data lastfm amazon-beauty [--trials 8]

Every model gets the same number of trials; the validation part chooses by NDCG@20, and
the chosen setting is then ranked on the test part, in a process of its own for its peak
memory. Models read training interactions only. What is recorded already is not done
again: a run that was cut off, or ran out of ``--budget-minutes``, goes on where it was.
"""

import argparse
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import optuna
import torch
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from records import RESULTS, append_record, hardware, read_records

from tvdiff_pyg import BipartiteGraph, evaluate
from tvdiff_pyg.data import DataOptions, load_data
from tvdiff_pyg.evaluation import EvaluationTask
from tvdiff_pyg.models import EASE, FactorModel, ImplicitFactors, ItemKNN, Popularity
from tvdiff_pyg.nn import BipartiteAdjacency
from tvdiff_pyg.training.run import peak_host_memory_mb, versions

Record = dict[str, Any]
CHOSEN_BY = "ndcg@20"
# Random trials before the sampler learns from them.
STARTUP_TRIALS = 4


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


def main() -> None:
    options = parse_options()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    deadline = time.monotonic() + 60 * options.budget_minutes
    for data in options.data:
        graph = load_data(DataOptions(data, root=options.root))
        for model in options.only:
            case = {"dataset": data, "model": model, "seed": options.seed}
            trials = tune(graph, case, options.trials, deadline)
            if len(trials) < wanted_trials(model, options.trials):
                print("out of budget: run again to go on", flush=True)
                return
            evaluate_best(trials, case, options.root)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = list(BASELINES)
    parser.add_argument("--data", nargs="+", default=["lastfm", "amazon-beauty"])
    parser.add_argument("--root", default="data", help="folder of the data sets")
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    parser.add_argument("--trials", type=int, default=8, help="of each model")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--budget-minutes", type=float, default=float("inf"))
    return parser.parse_args()


def wanted_trials(model: str, trials: int) -> int:
    return trials if BASELINES[model].space else 1


def recorded(file: Path, case: Record) -> list[Record]:
    return [row for row in read_records(file) if case.items() <= row.items()]


def tune(
    graph: BipartiteGraph, case: Record, num_trials: int, deadline: float
) -> list[Record]:
    """Carry out the trials that are not recorded yet; return all of them."""
    file, space = RESULTS / "tuning.jsonl", BASELINES[case["model"]].space
    wanted = wanted_trials(case["model"], num_trials)
    done = recorded(file, case)[:wanted]
    while len(done) < wanted and time.monotonic() < deadline:
        settings = propose(space, done, case["seed"])
        found = measure(graph, case, settings, "validation")
        record = {**case, "trial": len(done), "protocol": "standard", **found}
        append_record(file, record)
        done.append(record)
        score = record["metrics"]["validation"][CHOSEN_BY]
        print(case["dataset"], case["model"], settings, f"{score:.4f}", flush=True)
    return done


def propose(
    space: dict[str, BaseDistribution], done: list[Record], seed: int
) -> Record:
    """Return the next trial's settings; they depend on the seed and on what is done."""
    sampler = optuna.samplers.TPESampler(
        n_startup_trials=STARTUP_TRIALS, seed=seed + len(done)
    )
    study = optuna.create_study(direction="maximize", sampler=sampler)
    for record in done:
        study.add_trial(
            optuna.trial.create_trial(
                params=record["settings"],
                distributions=space,
                value=record["metrics"]["validation"][CHOSEN_BY],
            )
        )
    return study.ask(space).params


def measure(graph: BipartiteGraph, case: Record, settings: Record, part: Any) -> Record:
    """Fit a model, and rank all items for the users of one part."""
    size = (graph.num_users, graph.num_items)
    adjacency = BipartiteAdjacency.from_edge_index(graph.train_index, size, "none")
    task = EvaluationTask.from_graph(graph, part)
    start = time.perf_counter()
    model = BASELINES[case["model"]].fit(adjacency, case["seed"], settings)
    fitted = time.perf_counter()
    metrics = evaluate(model, adjacency, task)
    return {
        "settings": settings,
        "metrics": {part: metrics},
        "fit_seconds": round(fitted - start, 3),
        "score_seconds": round(time.perf_counter() - fitted, 3),
        "hardware": {"device": "cpu", **hardware()},
        "versions": {**versions(), **{name: version(name) for name in OTHERS}},
    }


OTHERS = ("implicit", "optuna")


def evaluate_best(trials: list[Record], case: Record, root: str) -> None:
    """Rank the test part with the setting that validation chose, unless recorded."""
    file = RESULTS / "baselines.jsonl"
    case = {**case, "num_trials": len(trials)}
    if recorded(file, case):
        return
    best = max(trials, key=lambda trial: trial["metrics"]["validation"][CHOSEN_BY])
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        found = pool.submit(measure_test, case, best["settings"], root).result()
    metrics = {**best["metrics"], **found["metrics"]}
    record = {
        **case,
        "protocol": "standard",
        "command": f"python benchmarks/tune_baselines.py --data {case['dataset']} "
        f"--only {case['model']} --trials {len(trials)} --seed {case['seed']}",
        "chosen_by": f"validation {CHOSEN_BY}",
        **found,
        "metrics": metrics,
    }
    append_record(file, record)
    print(case["dataset"], case["model"], "test", found["metrics"]["test"], flush=True)


def measure_test(case: Record, settings: Record, root: str) -> Record:
    """Load, fit and rank; the peak is that of this process alone."""
    graph = load_data(DataOptions(case["dataset"], root=root))
    found = measure(graph, case, settings, "test")
    return {
        **found,
        "data": {"users": graph.num_users, "items": graph.num_items, **graph.counts()},
        "peak_memory_mb": round(peak_host_memory_mb(), 1),
    }


if __name__ == "__main__":
    main()
