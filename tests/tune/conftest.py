"""Graphs small enough to be tuned on in a second or two."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tvdiff_pyg.data import BipartiteGraph, SyntheticBipartite
from tvdiff_pyg.grid import Record, read_records
from tvdiff_pyg.tune import Tuned, TuneOptions, candidates_of, tune
from tvdiff_pyg.tune.trial import Trial

GRAPH = SyntheticBipartite(80, 60, 900)[0]
#: A gradient model that trains in a blink.
SMALL: dict[str, Any] = {"hidden_channels": 4, "num_timesteps": 2, "max_epochs": 2}

Run = Callable[..., list[Tuned]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return what tunes in one folder, in this process."""

    def carry_out(
        models: Sequence[str],
        trials: int | None = 3,
        graph: BipartiteGraph = GRAPH,
        overrides: dict[str, Any] | None = None,
        **options: Any,
    ) -> list[Tuned]:
        candidates = candidates_of(models, overrides=overrides)
        given = TuneOptions(**{"trials": trials, "jobs": 0, "device": "cpu", **options})
        return tune(graph, candidates, tmp_path / "out", given, "drawn")

    return carry_out


@pytest.fixture
def records(tmp_path: Path) -> Callable[[], list[Record]]:
    """Return what reads the records there."""
    return lambda: read_records(tmp_path / "out" / "trials.jsonl")


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no trial be fitted: what one ranks is made up of its settings."""
    monkeypatch.setattr(Trial, "measure", pretend)


def pretend(trial: Trial) -> Record:
    """Rank a trial by how near its settings are to the middle of what is searched."""
    space = trial.settings.search_space
    middle = {name: values.at(0.5) for name, values in space.items()}
    far = [
        abs(math.log1p(trial.settings[name]) - math.log1p(one))
        for name, one in middle.items()
        if isinstance(one, int | float)
    ]
    value, checks = 1 / (1 + sum(far)), []
    if trial.settings.by_gradients:
        report = trial._reporter(checks)
        for epoch in range(1, trial.settings["max_epochs"] + 1):
            if report(epoch, value * (1 - 0.5**epoch)):
                return {"curve": checks, "note": f"given up after {epoch} epochs"}
    return {"metrics": {"validation": {"ndcg@20": value}}, "curve": checks}


def sequence(records: Sequence[Record]) -> list[tuple[Any, ...]]:
    """Return what was tried, and what came of it, without times and numbers."""
    return [
        (one["model"], one["settings"], one.get("metrics"), one.get("curve"))
        for one in records
    ]
