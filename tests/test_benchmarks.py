"""Every benchmark: that it can be imported and asked, and where its records go."""

import importlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.benchmarks import BENCHMARKS, ImportBenchmark
from tvdiff_pyg import FitOptions, Settings, fit
from tvdiff_pyg.data import SyntheticBipartite
from tvdiff_pyg.grid import GridCell, Record, read_records

NAMES = sorted(file.stem for file in BENCHMARKS.glob("*.py"))


@pytest.fixture
def benchmark(
    import_benchmark: ImportBenchmark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> ModuleType:
    """Return the module of all benchmarks, with files of its own."""
    module = import_benchmark("benchmark")
    for name in ("RESULTS", "BUILD", "DOCS"):
        monkeypatch.setattr(module, name, tmp_path / name.lower())
    return module


@dataclass(frozen=True)
class Sum(GridCell):
    shift: int = 0

    def measure(self) -> Record:
        return {"measures": {"sum": self.seed + self.shift}}


def cells(
    letters: Sequence[str] = ("a", "b"), /, seeds: Sequence[int] = (0,), shift: int = 0
) -> list[Sum]:
    """Return a cell for each letter and seed.

    Args:
        letters: What is
            added up.
        seeds: Seeds.
        shift: What comes on top, at least 0.
    """
    if shift < 0:
        raise ValueError(f"'shift' needs to be at least 0 (got {shift})")
    return [
        Sum("sums", letter, seed=seed, shift=shift)
        for seed in seeds
        for letter in letters
    ]


@pytest.fixture
def sums(benchmark: ModuleType) -> Any:
    def table(records: list[Record]) -> str:
        return " ".join(str(record["measures"]["sum"]) for record in records)

    def draw(experiment: str, records: list[Record], folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{experiment}.txt").write_text(table(records))

    return benchmark.Benchmark("sums", cells, {"sum": benchmark.Table(table)}, draw)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run that has a linear model beside it."""
    folder = tmp_path_factory.mktemp("runs") / "blend"
    settings = Settings(
        hidden_channels=8, num_timesteps=2, max_epochs=1, linear_share=0.3
    )
    graph = SyntheticBipartite(120, 90, 1500)[0]
    options = FitOptions(progress=False, diagnose=False)
    fit(graph, settings, run=folder, options=options, data_config={"data": "drawn"})
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_every_script_imports_and_shows_its_help(
    name: str, benchmark: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    module = importlib.import_module(name)
    if not hasattr(module, "BENCHMARK"):
        return
    with pytest.raises(SystemExit) as stopped:
        module.BENCHMARK.main(["--help"])
    assert stopped.value.code == 0
    out = capsys.readouterr().out
    assert module.__doc__.splitlines()[0] in out and "--keep" in out


def test_records_go_to_build_unless_they_are_kept(
    sums: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sums.main(["a", "--jobs", "0", "--plot"])
    built, kept = (tmp_path / name / "sums.jsonl" for name in ("build", "results"))
    assert len(read_records(built)) == 1 and not kept.exists()
    assert not (tmp_path / "docs").exists() and (tmp_path / "build/sums.txt").exists()
    assert "sums: 1 of 1 cells are recorded\n\nsum:\n\n0\n" in capsys.readouterr().out
    # What was measured before is taken over, not measured again.
    sums.main(["a", "b", "--jobs", "0", "--keep", "--plot"])
    assert [record["data"] for record in read_records(kept)] == ["a", "b"]
    assert read_records(kept)[0] == read_records(built)[0]
    assert (tmp_path / "docs" / "sums.txt").read_text() == "0 0"
    sums.main(["b", "--jobs", "0"])
    assert len(read_records(built)) == 1


def test_again_measures_anew(sums: Any, tmp_path: Path) -> None:
    for _ in range(2):
        sums.main(["a", "--jobs", "0", "--again"])
    assert len(read_records(tmp_path / "build" / "sums.jsonl")) == 2


def test_other_files_and_json(sums: Any, tmp_path: Path) -> None:
    file, out = tmp_path / "mine.jsonl", tmp_path / "out.json"
    options = ["--jobs", "0", "--file", str(file), "--json", str(out)]
    sums.main(["a", "--seeds", "3", "--shift", "2", *options])
    (record,) = read_records(file)
    assert record["measures"] == {"sum": 5} and record["conditions"] == {"shift": 2}
    assert json.loads(out.read_text()) == record
    assert not (tmp_path / "build").exists()


def test_nothing_is_measured_where_only_asked_for(
    sums: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sums.main(["--no-run"])
    assert capsys.readouterr().out == "sums: 0 of 2 cells are recorded\n"
    assert not list(tmp_path.iterdir())


def test_a_failure_is_the_exit_status(
    sums: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Sum, "measure", lambda cell: {"unheard": cell.seed})
    with pytest.raises(SystemExit, match=r"1 of 1 cells failed.*'unheard'"):
        sums.main(["a", "--jobs", "0"])


def test_bad_arguments_are_said(sums: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        sums.main(["--shift", "-1"])
    assert "'shift' needs to be at least 0 (got -1)" in capsys.readouterr().err


def test_index_of_a_run_with_a_linear_model(
    benchmark: ModuleType, run: Path, tmp_path: Path
) -> None:
    pytest.importorskip("faiss", reason="the index needs faiss")
    index = importlib.import_module("index_recall").BENCHMARK
    index.main([str(run), "--kinds", "flat", "--repeats", "1", "--jobs", "0"])
    (record,) = read_records(tmp_path / "build" / "index_recall.jsonl")
    assert record["measures"]["recall@20"] > 0.99
    assert record["settings"]["linear_share"] == 0.3 and record["data"] == "drawn"
    conditions = {"kind": "flat", "repeats": 1, "left_out": "linear model"}
    assert record["conditions"] == conditions


def test_dropout_while_scoring(
    benchmark: ModuleType, run: Path, tmp_path: Path
) -> None:
    importlib.import_module("dropout_while_scoring").BENCHMARK.main(
        [str(run), "--draws", "1", "--jobs", "0"]
    )
    off, on = read_records(tmp_path / "build" / "dropout_while_scoring.jsonl")
    assert "conditions" not in off and on["conditions"] == {"scoring_seed": 0}
    assert off["metrics"]["test"] != on["metrics"]["test"]


def test_a_run_is_recorded_once(
    benchmark: ModuleType, run: Path, tmp_path: Path
) -> None:
    record_run = importlib.import_module("record_run").BENCHMARK
    for _ in range(2):
        record_run.main([str(run), "--note", "hurried", "--jobs", "0"])
    (record,) = read_records(tmp_path / "build" / "runs.jsonl")
    told = json.loads((run / "metrics.json").read_text())
    assert record["metrics"]["test"] == told["test"] and record["note"] == "hurried"
    assert record["curve"][0]["epoch"] == 1 and record["seconds"]["fit"] > 0
    record_run.main([str(run), "--experiment", "engine_quality", "--jobs", "0"])
    assert (tmp_path / "build" / "runs_engine_quality.jsonl").exists()


def test_tuning_is_one_record_that_chooses(
    benchmark: ModuleType, tmp_path: Path
) -> None:
    pytest.importorskip("optuna")
    tune = importlib.import_module("tune_baselines")
    graph = "synthetic:num_users=80,num_items=60,num_interactions=900"
    arguments = ["--data", graph, "--only", "popularity", "ease", "--jobs", "0"]
    for _ in range(2):
        tune.BENCHMARK.main([*arguments, "--trials", "3"])
    popularity, ease = read_records(tmp_path / "build" / "tuning.jsonl")
    assert popularity["settings"] == {} and popularity["measures"]["trials"] == 1
    assert ease["conditions"] == {"trials": 3} and ease["measures"]["trials"] == 3
    assert list(ease["metrics"]) == ["validation"] and ease["settings"]["l2"] > 0
    tuned = sys.modules["tuned"]
    assert tuned.chosen_settings(graph, "ease") == ease["settings"]
    # More trials go on with these, in the folder of the tuning.
    tune.BENCHMARK.main([*arguments, "--trials", "5"])
    more = read_records(tmp_path / "build" / "tuning.jsonl")[-1]
    assert more["measures"]["trials"] == 5
    best = [one["metrics"]["validation"]["ndcg@20"] for one in (ease, more)]
    assert best[1] >= best[0]


def test_models_of_the_tables_keep_their_width(benchmark: ModuleType) -> None:
    pytest.importorskip("optuna")
    tune = importlib.import_module("tune_baselines")
    [lightgcn] = tune.cells(["gowalla"], only=["lightgcn"])
    own = lightgcn.candidate()
    assert own.settings["hidden_channels"] == 256 and own.settings["batch_size"] > 2048
    assert set(own.space) == {"num_layers", "learning_rate", "weight_decay"}


def test_factors_of_other_packages_are_tuned(benchmark: ModuleType) -> None:
    pytest.importorskip("optuna")
    pytest.importorskip("implicit", reason="needs the extra 'baselines'")
    tune = importlib.import_module("tune_baselines")
    [ials] = tune.cells(["gowalla"], only=["ials"])
    assert "factors" in ials.candidate().space
