"""Tune the baselines on validation, each by the same number of trials.

    python benchmarks/tune_baselines.py --data lastfm amazon-beauty [--trials 8]

NDCG@20 on the validation part of seed 0 scores a trial; the test part is not read.
``reproduce.py`` ranks it with what was chosen. A run that was cut off, or ran out of
``--budget-minutes``, goes on where it was.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from benchmark import Benchmark, Records, Table, recorded
from engines import load_graph
from experiments import BASELINES, untuned_settings
from search_spaces import SPACES, Range, search_space
from tuned import CHOSEN_BY

from tvdiff_pyg import BipartiteGraph, FitOptions, Settings, fit
from tvdiff_pyg.grid import GridCell, Record
from tvdiff_pyg.grid.tables import group_records, markdown_table, print_number
from tvdiff_pyg.machine import Device
from tvdiff_pyg.study.trained_cell import record_of_training

ModelName = Literal[tuple(SPACES)]
# Random trials before the sampler learns from them.
STARTUP_TRIALS = 4


@dataclass(frozen=True)
class Trial(GridCell):
    """A fit of a model, which is the variant, with settings that the trials before it
    suggest.

    Args:
        trial: Its number.
    """

    trial: int = 0
    device: Device = field(default="cpu", compare=False)

    def model_and_settings(self) -> tuple[str | None, Record]:
        return self.variant, {}

    def measure(self) -> Record:
        """Fit, and rank the validation part."""
        settings = self.propose(trials_of(self.data, self.variant, self.seed))
        untuned = untuned_settings(self.data, self.variant)
        return {"settings": settings, **self.fit(untuned.but(**settings))}

    def fit(self, settings: Settings) -> Record:
        """Fit to a graph that has no test part."""
        from implicit.recommender_base import ModelFitError

        graph = load_graph(self)
        without_test = BipartiteGraph.from_edge_index(
            graph.train_index,
            graph.num_users,
            graph.num_items,
            validation_index=graph.validation_index,
        )
        options = FitOptions(
            seed=self.seed,
            device=self.device,
            log="none",
            progress=False,
            diagnose=False,
        )
        with tempfile.TemporaryDirectory(prefix="tvdiff-tune-") as folder:
            run = Path(folder) / "run"
            try:
                told = fit(without_test, settings, run=run, options=options)
            except ModelFitError as error:  # It diverged, which ranks nothing.
                return {
                    "metrics": {"validation": {CHOSEN_BY: 0.0}},
                    "error": str(error),
                }
        return record_of_training(told)

    def propose(self, done: Records) -> Record:
        """Return settings, which depend on the seed and on what is done."""
        space = search_space(self.data, self.variant)
        if not space:
            return {}
        if self.trial == 0 and self.variant not in BASELINES:
            # So that tuning chooses nothing worse than what it began with.
            untuned = untuned_settings(self.data, self.variant)
            return {name: untuned[name] for name in space}
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        distributions = {name: distribution(one) for name, one in space.items()}
        sampler = optuna.samplers.TPESampler(
            n_startup_trials=STARTUP_TRIALS, seed=self.seed + self.trial
        )
        study = optuna.create_study(direction="maximize", sampler=sampler)
        for record in done:
            study.add_trial(
                optuna.trial.create_trial(
                    params=record["settings"],
                    distributions=distributions,
                    value=score_of(record),
                )
            )
        return study.ask(distributions).params


def distribution(values: Range | list[Any]) -> Any:
    """Return what optuna draws from."""
    from optuna import distributions

    if isinstance(values, list):
        return distributions.CategoricalDistribution(values)
    whole = isinstance(values.low, int)
    kind = "IntDistribution" if whole else "FloatDistribution"
    return getattr(distributions, kind)(values.low, values.high, log=values.log)


def cells(
    data: Sequence[str] = ("lastfm", "amazon-beauty"),
    root: str = "data",
    only: Sequence[ModelName] = tuple(SPACES),
    trials: int = 8,
    seed: int = 0,
) -> list[Trial]:
    """Return the trials of each model, one where there is nothing to tune.

    Args:
        data: Data sets.
        root: Folder of the data sets.
        only: Models.
        trials: Trials of each model.
        seed: Seed.
    """
    return [
        Trial(
            "tuning",
            name,
            model,
            seed=seed,
            root=root,
            device="cpu" if model in BASELINES else "auto",
            trial=trial,
        )
        for name in data
        for model in only
        for trial in range(trials if search_space(name, model) else 1)
    ]


def trials_of(data: str, model: str, seed: int) -> Records:
    """Return the recorded trials of a model, in their order."""
    key = {"data": data, "model": model, "seed": seed}
    done = [record for record in recorded("tuning") if key.items() <= record.items()]
    return sorted(done, key=lambda record: record["conditions"]["trial"])


def score_of(record: Record) -> float:
    return record["metrics"]["validation"][CHOSEN_BY]


def table(records: Records) -> str:
    """The best trial of each model."""
    groups = group_records(records, lambda one: (one["data"], one["model"]))
    rows = []
    for group in groups:
        best = max(group, key=score_of)
        chosen = best.get("settings", {}).items()
        rows.append(
            [
                best["data"],
                best["model"],
                str(len(group)),
                print_number(score_of(best)),
                ", ".join(f"{name} {value}" for name, value in chosen),
            ]
        )
    header = ["Data", "Model", "Trials", "Best validation NDCG@20", "Settings"]
    return markdown_table([header, *rows])


BENCHMARK = Benchmark("tuning", cells, {"tuning": Table(table)})

if __name__ == "__main__":
    BENCHMARK.main()
