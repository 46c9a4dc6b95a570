"""The benchmark of growth: its fit, its cases, and what it draws."""

import importlib
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from tests.benchmarks import ImportBenchmark
from tvdiff_pyg.grid import Record, append_record, check_record
from tvdiff_pyg.training import Settings

TINY = {"hidden_channels": 4, "batch_size": 128, "num_neighbors": 2, "num_pool": 8}


@pytest.fixture
def scaling(import_benchmark: ImportBenchmark) -> ModuleType:
    return import_benchmark("scaling")


@pytest.fixture
def growth(import_benchmark: ImportBenchmark) -> ModuleType:
    return import_benchmark("growth")


def figures(size: int, seconds: float) -> Record:
    """What a case of some size might have found."""
    phases = dict.fromkeys(("graph", "adjacency", "step", "pass", "score"), seconds)
    return {
        "graph": {"users": 9, "items": 8, "train": size},
        "measures": {"num_scored": 9, "pass_extrapolated": False},
        "seconds": phases,
        "memory_mb": {"peak": 2048.0},
    }


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_exponent_of_a_power_law(growth: ModuleType, power: float) -> None:
    records = [figures(size, 3 * size**power) for size in (10**5, 10**6, 10**8)]
    assert growth.exponent(records, "pass") == f"{power:.2f}"
    assert growth.exponent(records, None) in ("0.00", "-0.00")
    assert growth.exponent(records[:1] * 2, "pass") == "needs two sizes"
    assert growth.exponent([], "pass") == "needs two sizes"


def test_largest_size(scaling: ModuleType) -> None:
    name = "synthetic:num_users=1000000,num_items=200000,num_interactions=100000000"
    assert scaling.graph_name(10**8) == name


def test_exact_engine_ignores_options_of_the_sampled_one(scaling: ModuleType) -> None:
    usual, changed = (
        scaling.cells([1e5], num_neighbors=number, num_workers=number)
        for number in (16, 3)
    )
    assert [cell.variant for cell in usual] == ["sampled", "exact"]
    assert usual[1] == changed[1] and usual[0] != changed[0]
    assert usual[0].key()["conditions"] == {"num_workers": 16}


@pytest.mark.parametrize("engine", ["sampled", "exact"])
def test_record_of_a_case(scaling: ModuleType, growth: ModuleType, engine: str) -> None:
    (cell,) = scaling.cells([2000], [engine], device="cpu", num_workers=0, **TINY)
    cell = replace(cell, settings=cell.settings.but(num_timesteps=2))
    record = cell.carry_out()
    check_record(record)
    assert cell.is_recorded(record) and record["graph"]["train"] == 2000
    found = record["measures"]
    assert found["pass_extrapolated"] == (engine == "exact")
    assert found["num_steps"] == found["steps_timed"] == 3
    assert all(record["seconds"][name] > 0 for name in growth.PHASES)
    assert record["memory_mb"]["graph"] <= record["memory_mb"]["peak"]


def test_recorded_cases_are_not_measured_again_and_drawn(
    scaling: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    pytest.importorskip("matplotlib", reason="the figure needs matplotlib")
    benchmark = importlib.import_module("benchmark")
    monkeypatch.setattr(benchmark, "BUILD", tmp_path)
    monkeypatch.setattr(scaling.Growth, "measure", lambda cell: pytest.fail("again"))
    for cell in scaling.cells([1e5, 1e6], ["sampled"], device="cpu"):
        monkeypatch.setattr(type(cell), "measure", lambda _, c=cell: fake(c))
        append_record(tmp_path / "scaling.jsonl", cell.carry_out())
    arguments = ["--interactions", "1e5", "1e6", "--device", "cpu", "--plot"]
    scaling.BENCHMARK.main([*arguments, "--engines", "sampled", "--jobs", "0"])
    out = capsys.readouterr().out
    assert "scaling: 2 of 2 cells are recorded" in out
    assert "| sampled | 1.00 | 1.00 | 1.00 | 1.00 | " in out
    assert (tmp_path / "scaling.png").stat().st_size > 0
    assert len((tmp_path / "scaling.jsonl").read_text().splitlines()) == 2


def fake(cell: Record) -> Record:
    size = int(cell.data.split("=")[-1])  # type: ignore[attr-defined]
    return figures(size, size)


def test_a_case_has_the_settings_of_its_engine(scaling: ModuleType) -> None:
    (sampled,) = scaling.cells([1e5], ["sampled"], num_pool=99)
    assert sampled.settings["num_pool"] == 99
    (exact,) = scaling.cells([1e5], ["exact"], num_pool=99)
    assert exact.settings["num_pool"] == Settings()["num_pool"]
