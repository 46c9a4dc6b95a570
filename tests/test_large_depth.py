"""Depth on a grown graph: what a training comes to at equal time."""

from types import ModuleType
from typing import Any

import pytest

from tests.benchmarks import ImportBenchmark
from tvdiff_pyg.grid import Record, check_record
from tvdiff_pyg.training import Settings

GRAPH = "synthetic:num_users=80,num_items=60,num_interactions=900"
SMALL: dict[str, Any] = {
    "hidden_channels": 8,
    "num_timesteps": 2,
    "engine": "sampled",
    "num_neighbors": 4,
    "num_pool": 30,
    "check_every": 1,
    "max_epochs": 4,
}
OTHERS = ("popularity", "2 refreshed")


@pytest.fixture
def depth(import_benchmark: ImportBenchmark) -> ModuleType:
    return import_benchmark("large_depth")


def deep(depth: ModuleType, variant: str = "2", minutes: float = 9.0) -> Any:
    settings = Settings.over(SMALL, denoiser="gcn", num_layers=2)
    return depth.Deep(
        "x", GRAPH, variant, settings, device="cpu", minutes=minutes
    ).carry_out()


def test_each_check_has_its_seconds(depth: ModuleType) -> None:
    record = deep(depth)
    check_record(record)
    assert [one["epoch"] for one in record["curve"]] == [1, 2, 3, 4]
    seconds = [one["seconds"] for one in record["curve"]]
    assert seconds == sorted(seconds) and seconds[0] > 0
    best = max(one["ndcg@20"] for one in record["curve"])
    assert record["metrics"]["validation"]["ndcg@20"] == pytest.approx(best, abs=1e-5)


def test_time_ends_a_training(depth: ModuleType) -> None:
    record = deep(depth, minutes=1e-9)
    assert record["epochs"] == len(record["curve"]) == 1


def test_a_closed_form_has_no_checks(depth: ModuleType) -> None:
    settings = Settings(model="popularity")
    record = depth.Deep("x", GRAPH, "popularity", settings, device="cpu").carry_out()
    assert "curve" not in record


def with_curve(variant: str, *checks: tuple[float, float], seed: int = 0) -> Record:
    curve = [
        {"ndcg@20": value, "seconds": seconds, "epoch": 4 * place}
        for place, (seconds, value) in enumerate(checks, start=1)
    ]
    return {"data": "grown", "variant": variant, "seed": seed, "curve": curve}


def test_the_best_check_until_then_counts(depth: ModuleType) -> None:
    records = [
        with_curve("1", (30, 0.1), (90, 0.3), (150, 0.2)),
        with_curve("1", (30, 0.2), (90, 0.1), seed=1),
        with_curve("2", (70, 0.4), (400, 0.5)),
    ]
    header, _, one, two = depth.at_equal_time(records).splitlines()
    assert header == "| Data | Layers | Seeds | 1 min | 2 min | 5 min | in the end |"
    assert one == "| grown | 1 | 2 | 0.1500 | 0.2500 | 0.2500 | 0.2500 |"
    # Before its first check there is nothing to tell.
    assert two == "| grown | 2 | 1 | – | 0.4000 | 0.4000 | 0.5000 |"
    header, _, one, two = depth.at_equal_epochs(records).splitlines()
    assert header == "| Data | Layers | Seeds | 5 epochs | 10 epochs | in the end |"
    assert one == "| grown | 1 | 2 | 0.1500 | 0.2500 | 0.2500 |"
    assert two == "| grown | 2 | 1 | 0.4000 | 0.5000 | 0.5000 |"


def test_verdicts_are_of_depths_alone(depth: ModuleType) -> None:
    records = [
        *(deep(depth, layers) for layers in ("1", "2")),
        *({**deep(depth), "variant": one} for one in OTHERS),
    ]
    assert all(one in depth.numbers(records) for one in OTHERS)
    told = depth.verdicts(records)
    assert "One layer reads fewer sampled edges" in told
    assert not any(one in told for one in OTHERS)


def test_depths_are_trained_with_sums_as_they_last_were_too(depth: ModuleType) -> None:
    plain, kept = depth.cells(layers=("2",), refreshed=("2",), closed=(), seeds=(0,))
    assert (plain.variant, kept.variant) == ("2", "2 refreshed")
    assert kept.settings == plain.settings.but(refresh_every=11)
