"""Tune the baselines on validation, each by the same number of trials.

    python benchmarks/tune_baselines.py --data lastfm amazon-beauty [--trials 8]

NDCG@20 on the validation part of seed 0 scores a trial; the test part is not read.
``reproduce.py`` ranks it with what was chosen. Trials that are recorded are not carried
out again: a run that was cut off, or ran out of ``--budget-minutes``, goes on.
"""

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import optuna
from baselines import BASELINES, CHOSEN_BY, Record, measure
from experiments import untuned_settings
from implicit.recommender_base import ModelFitError
from records import RESULTS, append_record, hardware, read_records
from search_spaces import SPACES, search_space

from tvdiff_pyg import BipartiteGraph, FitOptions, Settings, fit
from tvdiff_pyg.data import DataOptions, load_data

FILE = RESULTS / "tuning.jsonl"
# Random trials before the sampler learns from them.
STARTUP_TRIALS = 4


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
    space = search_space(case["dataset"], case["model"])
    wanted = num_trials if space else 1
    done = [row for row in read_records(FILE) if case.items() <= row.items()][:wanted]
    while len(done) < wanted:
        if time.monotonic() > deadline:
            return False
        settings = propose(case, done)
        found = carry_out(graph, case, settings)
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


def propose(case: Record, done: list[Record]) -> Record:
    """Return the next trial's settings; they depend on the seed and on what is done."""
    space = search_space(case["dataset"], case["model"])
    if not done and case["model"] not in BASELINES:
        # So that tuning chooses nothing worse than what it began with.
        untuned = untuned_settings(case["dataset"], case["model"])
        return {name: getattr(untuned, name) for name in space}
    sampler = optuna.samplers.TPESampler(
        n_startup_trials=STARTUP_TRIALS, seed=case["seed"] + len(done)
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


def carry_out(graph: BipartiteGraph, case: Record, settings: Record) -> Record:
    """Fit with the settings of a trial, and rank the validation part."""
    model, seed = case["model"], case["seed"]
    if model in BASELINES:
        try:
            return measure(graph, model, settings, seed, ["validation"])
        except ModelFitError as error:  # It diverged, which ranks nothing.
            return {"validation": {CHOSEN_BY: 0.0}, "error": str(error)}
    untuned = untuned_settings(case["dataset"], model)
    return train(graph, replace(untuned, **settings), seed)


def train(graph: BipartiteGraph, settings: Settings, seed: int) -> Record:
    """Train one of the library's own models on a graph that has no test part."""
    size = graph.num_users, graph.num_items
    without_test = BipartiteGraph.from_edge_index(
        graph.train_index, *size, validation_index=graph.validation_index
    )
    options = FitOptions(seed=seed, log="none", progress=False, diagnose=False)
    with tempfile.TemporaryDirectory(prefix="tvdiff-tune-") as folder:
        run = Path(folder) / "run"
        metrics = fit(without_test, settings, run=run, options=options)
    kept = ("validation", "epochs", "best_epoch", "fit_seconds", "score_seconds")
    return {
        **{name: metrics[name] for name in kept},
        "hardware": {"device": metrics["device"], **hardware()},
        "versions": metrics["versions"],
    }


if __name__ == "__main__":
    main()
