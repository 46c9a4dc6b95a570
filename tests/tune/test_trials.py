"""Trials that are fitted: what they measure, when they stop, what they read."""

import time
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.tune.conftest import GRAPH, SMALL, Run, sequence
from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.data.interaction_data import InteractionData
from tvdiff_pyg.evaluation import EvaluationTask
from tvdiff_pyg.grid import check_record
from tvdiff_pyg.training import FitOptions, Settings, fit

BOTH = ["ease", "tvdiff"]


def test_a_trial_is_the_fit_of_its_settings(
    run: Run, records: Any, tmp_path: Path
) -> None:
    run(BOTH, trials=2, overrides=SMALL)
    for record in records()[1::2]:
        check_record(record)
        settings = Settings(model=record["model"], **record["settings"])
        options = FitOptions(progress=False, device="cpu", log="none")
        told = fit(GRAPH, settings, run=tmp_path / record["model"], options=options)
        assert told["validation"] == pytest.approx(record["metrics"]["validation"])
        assert record["experiment"] == "tune" and record["data"] == "drawn"
        best = max(one["ndcg@20"] for one in record.get("curve", [{"ndcg@20": 0}]))
        assert best in (0, pytest.approx(told["validation"]["ndcg@20"]))


def test_minutes_are_obeyed(run: Run, records: Any) -> None:
    long = {**SMALL, "max_epochs": 10**6, "patience": 10**6}
    budget = {"trials": None, "minutes": 0.01, "overrides": long, "prune": False}
    began = time.monotonic()
    found = run(BOTH, **budget)
    # Twice 0.6 seconds at least.
    assert time.monotonic() - began >= 1.2
    assert found[0].trials >= 1 and found[1].trials >= 1
    last = records()[-1]
    assert last["note"] == "stopped when the minutes were over"
    assert last["metrics"]["validation"]["ndcg@20"] > 0
    # What is spent is spent, in a later process, too.
    assert run(BOTH, **budget) == found


def test_the_test_part_is_never_read(
    run: Run, records: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert GRAPH.counts()["test"] > 0
    run(BOTH, trials=2, overrides=SMALL)
    first, kept = sequence(records()), (tmp_path / "out" / "graph.pt").read_bytes()
    assert BipartiteGraph.load(tmp_path / "out" / "graph.pt").counts()["test"] == 0
    assert all(set(one["metrics"]) == {"validation"} for one in records())
    (tmp_path / "out").rename(tmp_path / "first")
    # Another test part changes nothing, and whoever asks for its pairs is caught.
    other = GRAPH.with_parts(
        GRAPH.train_index, GRAPH.validation_index, GRAPH.test_index[:, :1]
    )
    whole = InteractionData.test_index

    def trap(graph: InteractionData) -> torch.Tensor:
        found = whole.fget(graph)  # type: ignore[attr-defined]
        assert found.size(1) == 0, "the test part was read"
        return found

    monkeypatch.setattr(InteractionData, "test_index", property(trap))
    with pytest.raises(AssertionError, match="the test part was read"):
        EvaluationTask.from_graph(GRAPH, "test")
    run(BOTH, trials=2, overrides=SMALL, graph=other)
    assert sequence(records()) == first
    assert (tmp_path / "out" / "graph.pt").read_bytes() == kept


@pytest.mark.slow
def test_a_training_that_falls_behind_is_given_up(run: Run, records: Any) -> None:
    given = {**SMALL, "hidden_channels": 8, "max_epochs": 8, "patience": 2}
    [found] = run(["tvdiff"], trials=10, overrides={**given, "batch_size": 64})
    pruned = [one for one in records() if "metrics" not in one]
    assert found.pruned == len(pruned) > 0
    assert all(2 <= len(one["curve"]) < 8 for one in pruned)
    assert found.value >= max(one["ndcg@20"] for p in pruned for one in p["curve"])


@pytest.mark.slow
def test_several_processes(run: Run, records: Any, tmp_path: Path) -> None:
    [found] = run(["ease"], trials=3, jobs=2)
    assert found.trials == 3 and found.failed == 0
    apart = {one["settings"]["l2"]: one["metrics"] for one in records()}
    (tmp_path / "out").rename(tmp_path / "apart")
    # What is tried evenly does not depend on who was the first.
    run(["ease"], trials=3)
    assert {one["settings"]["l2"]: one["metrics"] for one in records()} == apart


@pytest.mark.slow
def test_a_fit_in_closed_form_is_ended_when_the_minutes_are_over(
    run: Run, records: Any
) -> None:
    for _ in range(2):
        with pytest.raises(RuntimeError, match="'ease' came to its end in its time"):
            run(["ease"], trials=None, minutes=0.001, jobs=1)
    assert records() == []
    # Its place is free: with more time, it is the first that is tried.
    [found] = run(["ease"], trials=1, minutes=10)
    assert found.trials == found.place == 1 and found.settings["l2"] == 500
