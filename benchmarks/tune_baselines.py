"""Tune the baselines on validation, each on the same budget.

    python benchmarks/tune_baselines.py --data lastfm amazon-beauty [--trials 20]

As ``tvdiff tune`` does, in folders of ``build/benchmarks/tune``: NDCG@20 on the
validation part of a seed scores a trial, and the test part is not read. What was chosen
ranks it in ``reproduce.py``. A run that was cut off goes on where it was.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import benchmark
from benchmark import Benchmark, Records, Table
from engines import load_graph
from experiments import CONTRASTIVE, FITTED, ON_DATA, untuned_settings
from tuned import CHOSEN_BY

from tvdiff_pyg.grid import GridCell, Record
from tvdiff_pyg.grid.tables import group_records, markdown_table, print_number
from tvdiff_pyg.machine import Device
from tvdiff_pyg.tune import Candidate, TuneOptions, tune
from tvdiff_pyg.tune.tuned import in_words

TUNED = (*FITTED, "bpr-mf", "lightgcn", "diffrec", *CONTRASTIVE)
ModelName = Literal[TUNED]


@dataclass(frozen=True)
class Tuning(GridCell):
    """The tuning of a model, which is the variant.

    Args:
        trials: Its trials.
        minutes: Its minutes, if they are bounded.
    """

    trials: int = 20
    minutes: float | None = None
    device: Device = field(default="cpu", compare=False)

    def model_and_settings(self) -> tuple[str | None, Record]:
        return self.variant, {}

    def measure(self) -> Record:
        """Tune, and say what was chosen."""
        name = f"{self.data}-{self.variant}-{self.seed}"
        folder = benchmark.BUILD / "tune" / re.sub(r"[^\w.-]+", "-", name)
        options = TuneOptions(
            self.trials, self.minutes, seed=self.seed, device=self.device, jobs=0
        )
        [found] = tune(load_graph(self), [self.candidate()], folder, options, self.data)
        return {
            "settings": dict(found.chosen),
            "metrics": {"validation": {CHOSEN_BY: found.value}},
            "measures": {
                "trials": found.trials,
                "pruned": found.pruned,
                "failed": found.failed,
                "place": found.place,
            },
            "seconds": {"trials": found.seconds},
        }

    def candidate(self) -> Candidate:
        """Return the model, of the width of the tables and of the batches of the data.

        Models of other packages or of closed form are searched in full.
        """
        on_data = ON_DATA.get((self.data, self.variant), {})
        batches = {name for name in on_data if name.startswith("batch")}
        settings = untuned_settings(self.data, self.variant)
        return Candidate(self.variant, settings, {"hidden_channels", *batches})


def cells(
    data: Sequence[str] = ("lastfm", "amazon-beauty"),
    root: str = "data",
    only: Sequence[ModelName] = TUNED,
    trials: int = 20,
    minutes: float | None = None,
    seed: int = 0,
) -> list[Tuning]:
    """Return the tuning of each model on each data set.

    Args:
        data: Data sets.
        root: Folder of the data sets.
        only: Models.
        trials: Trials of each model.
        minutes: Minutes of each model.
        seed: Seed.
    """
    return [
        Tuning(
            "tuning",
            name,
            model,
            seed=seed,
            root=root,
            device="cpu" if model in FITTED else "auto",
            trials=trials,
            minutes=minutes,
        )
        for name in data
        for model in only
    ]


def table(records: Records) -> str:
    """What was chosen for each model."""
    rows = []
    for group in group_records(records, lambda one: (one["data"], one["model"])):
        best = max(group, key=score_of)
        # Of earlier records, each is of one trial.
        trials = sum(one.get("measures", {}).get("trials", 1) for one in group)
        rows.append(
            [
                best["data"],
                best["model"],
                str(trials),
                print_number(score_of(best)),
                in_words(best.get("settings", {})),
            ]
        )
    header = ["Data", "Model", "Trials", "Best validation NDCG@20", "Settings"]
    return markdown_table([header, *rows])


def score_of(record: Record) -> float:
    return record["metrics"]["validation"][CHOSEN_BY]


BENCHMARK = Benchmark("tuning", cells, {"tuning": Table(table)})

if __name__ == "__main__":
    BENCHMARK.main()
