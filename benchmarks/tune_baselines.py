"""Tune the baselines on validation, each by the same number of trials.

    python benchmarks/tune_baselines.py --data lastfm amazon-beauty [--trials 8]

NDCG@20 on the validation part of seed 0 scores a trial; the test part is not read.
``reproduce.py`` ranks it with what was chosen. Trials that are recorded are not carried
out again: a run that was cut off, or ran out of ``--budget-minutes``, goes on.
"""

import argparse
import time

import optuna
from baselines import CHOSEN_BY, Record, measure
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from records import RESULTS, append_record, read_records

from tvdiff_pyg import BipartiteGraph
from tvdiff_pyg.data import DataOptions, load_data

FILE = RESULTS / "tuning.jsonl"
# Random trials before the sampler learns from them.
STARTUP_TRIALS = 4
Space = dict[str, BaseDistribution]


def log(low: float, high: float) -> FloatDistribution:
    """Return a range of which the logarithm is searched evenly."""
    return FloatDistribution(low, high, log=True)


WIDTHS = CategoricalDistribution([64, 128, 256])
# What is tuned of each model; of popularity, nothing.
SPACES: dict[str, Space] = {
    "popularity": {},
    "item-knn": {
        "num_neighbors": IntDistribution(5, 1000, log=True),
        "shrink": log(0.1, 100.0),
        "similarity": CategoricalDistribution(["cosine", "jaccard"]),
    },
    "ease": {"l2": log(1.0, 3000.0)},
    "local-ease": {
        "num_neighbors": IntDistribution(20, 300, log=True),
        "l2": log(1.0, 3000.0),
    },
    "ials": {
        "factors": WIDTHS,
        "regularization": log(1e-2, 100.0),
        "alpha": log(1.0, 100.0),
        "iterations": IntDistribution(5, 30),
    },
    "implicit-bpr": {
        "factors": WIDTHS,
        "learning_rate": log(3e-3, 0.3),
        "regularization": log(1e-4, 0.1),
        "iterations": IntDistribution(50, 300, log=True),
    },
    "multi-vae": {
        "k": CategoricalDistribution([64, 128]),
        "beta": log(1e-2, 1.0),
        "learning_rate": log(3e-4, 3e-3),
        "n_epochs": IntDistribution(10, 60, log=True),
    },
}


def main() -> None:
    options = parse_options()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    deadline = time.monotonic() + 60 * options.budget_minutes
    for data in options.data:
        graph = load_data(DataOptions(data, root=options.root))
        for model in options.only:
            case = {"dataset": data, "model": model, "seed": options.seed}
            if not tune(graph, case, options.trials, deadline):
                print("out of budget: run again to go on", flush=True)
                return


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = list(SPACES)
    parser.add_argument("--data", nargs="+", default=["lastfm", "amazon-beauty"])
    parser.add_argument("--root", default="data", help="folder of the data sets")
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    parser.add_argument("--trials", type=int, default=8, help="of each model")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--budget-minutes", type=float, default=float("inf"))
    return parser.parse_args()


def tune(graph: BipartiteGraph, case: Record, num_trials: int, deadline: float) -> bool:
    """Carry out the trials that are not recorded yet; return whether there was time."""
    space = SPACES[case["model"]]
    wanted = num_trials if space else 1
    done = [row for row in read_records(FILE) if case.items() <= row.items()][:wanted]
    while len(done) < wanted:
        if time.monotonic() > deadline:
            return False
        settings = propose(space, done, case["seed"])
        found = measure(graph, case["model"], settings, case["seed"], ["validation"])
        metrics = {"validation": found.pop("validation")}
        record = {
            **case,
            "trial": len(done),
            "protocol": "standard",
            "settings": settings,
            "metrics": metrics,
            **found,
        }
        append_record(FILE, record)
        done.append(record)
        score = metrics["validation"][CHOSEN_BY]
        print(case["dataset"], case["model"], settings, f"{score:.4f}", flush=True)
    return True


def propose(space: Space, done: list[Record], seed: int) -> Record:
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


if __name__ == "__main__":
    main()
