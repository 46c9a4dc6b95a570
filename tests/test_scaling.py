"""The benchmark of growth: its fit, and what it skips when it is run again."""

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def scaling(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("scaling")


def case(engine: str, **changes: Any) -> dict[str, Any]:
    found = {"num_interactions": 2000, "engine": engine, "device": "cpu", "seed": 0}
    found |= {"hidden_channels": 4, "batch_size": 128, "num_timesteps": 2}
    found |= {"num_neighbors": 2, "num_pool": 8, "num_workers": 0}
    return {**found, "entropy_type": "bce", **changes}


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_exponent_of_a_power_law(scaling: ModuleType, power: float) -> None:
    sizes = [10**5, 10**6, 10**8]
    records = [{"num_interactions": n, "seconds": 3 * n**power} for n in sizes]
    assert scaling.exponent(records, "seconds") == f"{power:.2f}"
    assert scaling.exponent(records[:1] * 2, "seconds") == "needs two sizes"
    assert scaling.exponent([], "seconds") == "needs two sizes"


def test_largest_size(scaling: ModuleType) -> None:
    assert scaling.num_nodes(10**8) == (1_000_000, 200_000)


def test_only_the_same_case_is_recorded(scaling: ModuleType, tmp_path: Path) -> None:
    file = tmp_path / "scaling.jsonl"
    assert scaling.recorded(case("sampled"), file) == []
    record = {**case("sampled"), "pass_seconds": 1.0}
    file.write_text(json.dumps(record) + "\n")
    assert scaling.recorded(case("sampled"), file) == [record]
    assert scaling.recorded(case("exact"), file) == []
    for change in ("num_interactions", "hidden_channels", "num_workers", "device"):
        assert scaling.recorded(case("sampled", **{change: 3}), file) == []


def test_exact_engine_ignores_options_of_the_sampled_one(
    scaling: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["scaling.py", "--device", "cpu"])
    usual = scaling.parse_options()
    monkeypatch.setattr(sys, "argv", [*sys.argv, "--num-neighbors", "3"])
    changed = scaling.parse_options()
    assert scaling.setup_of("exact", usual) == scaling.setup_of("exact", changed)
    assert scaling.setup_of("sampled", usual) != scaling.setup_of("sampled", changed)


@pytest.mark.parametrize("engine", ["sampled", "exact"])
def test_record_of_a_case(scaling: ModuleType, engine: str) -> None:
    record = json.loads(json.dumps(scaling.measure(case(engine))))
    assert case(engine).items() <= record.items()
    assert record["pass_extrapolated"] == (engine == "exact")
    assert record["num_steps"] == record["steps_timed"] == 3
    assert all(record[name] > 0 for name in scaling.FITTED)
    assert record["graph_peak_mb"] <= record["peak_memory_mb"]


def test_recorded_cases_are_skipped_and_drawn(
    scaling: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    pytest.importorskip("matplotlib", reason="the figure needs matplotlib")
    file, figure = tmp_path / "scaling.jsonl", tmp_path / "scaling.png"
    argv = ["scaling.py", "--interactions", "1e5", "1e6", "--device", "cpu"]
    monkeypatch.setattr(
        sys, "argv", [*argv, "--file", str(file), "--plot", str(figure)]
    )
    setup = scaling.setup_of("sampled", scaling.parse_options())
    monkeypatch.setattr(sys, "argv", [*sys.argv, "--engines", "sampled"])
    columns = dict.fromkeys([*scaling.COUNTS, *scaling.FITTED], 7.0)
    for size in (10**6, 10**5):
        record = {**columns, **setup, "num_interactions": size, "pass_seconds": size}
        scaling.append_record(file, record)
    with pytest.raises(SystemExit) as stopped:
        scaling.main()
    assert stopped.value.code == 0
    out = capsys.readouterr().out
    assert out.count("skipped") == 2 and "1.00" in out
    assert figure.stat().st_size > 0 and len(file.read_text().splitlines()) == 2
