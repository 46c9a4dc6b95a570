"""A run that was cut off and resumed is the run that was not: bit by bit."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.training.runs import (
    SAMPLED,
    SHARE,
    PowerCutError,
    curves,
    cut_off,
    plain,
    state,
)
from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.models import MODELS
from tvdiff_pyg.training import FitOptions, RunFolder, Settings, fit

TRAINED = [entry.name for entry in MODELS if Settings(model=entry.name).by_gradients]
# What depends on the clock.
TIMED = {"fit_seconds", "step_seconds", "score_seconds", "peak_memory_mb"}


def assert_same(whole: Path, parts: Path, told: list[dict[str, Any]]) -> None:
    assert state(parts) == state(whole)
    assert curves(parts) == curves(whole)
    weights = [RunFolder(run).model().state_dict() for run in (whole, parts)]
    assert plain(weights[0]) == plain(weights[1])
    first, second = ({n: one[n] for n in one if n not in TIMED} for one in told)
    assert first == second


@pytest.mark.parametrize(
    ("change", "epoch"),
    [
        pytest.param({}, 1),
        pytest.param({"check_every": 3}, 2),
        pytest.param({"check_every": 2, **SHARE, **SAMPLED, "sparse_grad": True}, 3),
        *(
            pytest.param(change, epoch, marks=pytest.mark.slow)
            for epoch in (1, 3)
            for change in (
                {"check_every": 2, **SHARE},
                {"check_every": 3, **SAMPLED},
                {"check_every": 2, "negatives": "hard", "precision": "bf16-mixed"},
                {"check_every": 2, "denoiser": "gcn", "num_layers": 2},
                # Two batches of an epoch, of users or of interactions.
                *(
                    {"check_every": 2, "model": model, "batch_size": 60}
                    for model in TRAINED
                ),
            )
        ),
    ],
    ids=str,
)
def test_cut_off_and_resumed(
    change: dict[str, Any],
    epoch: int,
    graph: BipartiteGraph,
    settings: Settings,
    options: FitOptions,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chosen = settings.but(**change).but(max_epochs=4)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    told = [fit(graph, chosen, run=whole, options=options)]
    with monkeypatch.context() as patch, pytest.raises(PowerCutError):
        cut_off(patch, epoch)
        fit(graph, chosen, run=parts, options=options)
    assert state(parts)["epoch"] == epoch - 1
    resumed = replace(options, resume=True)
    told.append(fit(graph, chosen, run=parts, options=resumed))
    assert_same(whole, parts, told)


@pytest.mark.slow
def test_with_workers(
    graph: BipartiteGraph,
    settings: Settings,
    options: FitOptions,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chosen = settings.but(**SAMPLED, max_epochs=3)
    working = replace(options, num_workers=2)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    told = [fit(graph, chosen, run=whole, options=working)]
    with monkeypatch.context() as patch, pytest.raises(PowerCutError):
        cut_off(patch, 2)
        fit(graph, chosen, run=parts, options=working)
    resumed = replace(working, resume=True)
    told.append(fit(graph, chosen, run=parts, options=resumed))
    assert_same(whole, parts, told)


def test_more_epochs_are_those_of_a_longer_run(
    graph: BipartiteGraph,
    settings: Settings,
    options: FitOptions,
    tmp_path: Path,
) -> None:
    chosen = settings.but(check_every=3)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    fit(graph, chosen.but(max_epochs=7), run=whole, options=options)
    resumed = replace(options, resume=True)
    # Fewer than three would be checked once more, which draws a number.
    for epochs, how in ((4, options), (5, resumed), (7, resumed)):
        fit(graph, chosen.but(max_epochs=epochs), run=parts, options=how)
    for name in ("state_dict", "optimizer_states", "random_state"):
        assert state(parts)[name] == state(whole)[name]


def test_a_run_stopped_early_is_only_finished(
    graph: BipartiteGraph, settings: Settings, options: FitOptions, tmp_path: Path
) -> None:
    stuck = settings.but(learning_rate=1e-12, patience=2, max_epochs=30)
    told = fit(graph, stuck, run=tmp_path, options=options)
    before = state(tmp_path)
    RunFolder(tmp_path).metrics_file.unlink()
    again = fit(graph, stuck, run=tmp_path, options=replace(options, resume=True))
    assert again["epochs"] == told["epochs"] < 10
    assert again["test"] == told["test"] and state(tmp_path) == before


def test_a_run_cut_off_after_its_last_epoch_is_only_finished(
    graph: BipartiteGraph, settings: Settings, options: FitOptions, copied: Path
) -> None:
    told = RunFolder(copied).metrics()
    RunFolder(copied).metrics_file.unlink()
    again = fit(graph, settings, run=copied, options=replace(options, resume=True))
    for name in ("test", "validation", "epochs", "best_epoch", "findings"):
        assert again[name] == told[name]


def test_a_run_that_cannot_be_gone_on_with_keeps_its_metrics(
    graph: BipartiteGraph,
    settings: Settings,
    options: FitOptions,
    copied: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device", "config.yaml")

    told, config = RunFolder(copied).metrics(), RunFolder(copied).config()
    longer = settings.but(max_epochs=told["epochs"] + 1)
    monkeypatch.setattr(RunFolder, "write_config", full)
    with pytest.raises(OSError, match="No space left on device: 'config"):
        fit(graph, longer, run=copied, options=replace(options, resume=True))
    assert RunFolder(copied).metrics() == told and RunFolder(copied).config() == config


def test_what_a_check_measured_is_kept_with_its_epoch(fitted: Path) -> None:
    best = torch.load(RunFolder(fitted).best_checkpoint, weights_only=True)
    assert best["metrics"] == pytest.approx(RunFolder(fitted).metrics()["validation"])
