"""The experiments behind the tables of the results, and the tables."""

from pathlib import Path
from types import ModuleType

import pytest

from tests.benchmarks import ImportBenchmark
from tvdiff_pyg.grid import Record


@pytest.fixture
def experiments(import_benchmark: ImportBenchmark) -> ModuleType:
    return import_benchmark("experiments")


@pytest.fixture
def reproduce(import_benchmark: ImportBenchmark) -> ModuleType:
    return import_benchmark("reproduce")


def record(variant: str, seed: int, ndcg: float) -> Record:
    names = ("recall@10", "recall@20", "ndcg@10", "ndcg@20")
    return {
        "data": "lastfm",
        "variant": variant,
        "seed": seed,
        "metrics": {
            "validation": {"ndcg@20": ndcg / 2},
            "test": dict.fromkeys(names, ndcg),
        },
        "seconds": {"fit": 10.0, "score": 1.0},
        "memory_mb": {"peak": 100.0 + seed},
    }


def test_no_two_cells_of_an_experiment_are_alike(experiments: ModuleType) -> None:
    context = experiments.Context("data", "cpu")
    for experiment in experiments.EXPERIMENTS.values():
        cells = [
            cell
            for data in experiments.DATA
            for cell in experiment.cells(data, None, context)
        ]
        assert len({cell.label for cell in cells}) == len(cells) > 0
        expected = "paper" if experiment.name == "paper" else "standard"
        assert {cell.key()["protocol"] for cell in cells} == {expected}


def test_main_compares_all_models_at_one_width(experiments: ModuleType) -> None:
    context = experiments.Context("data", "cpu")
    cells = list(experiments.EXPERIMENTS["main"].cells("lastfm", [7], context))
    trained = [cell for cell in cells if cell.settings.by_gradients]
    assert {cell.settings["hidden_channels"] for cell in trained} == {256}
    fitted = {cell.variant: cell.device for cell in cells if cell not in trained}
    assert fitted == dict.fromkeys(experiments.BASELINES, "cpu")
    assert {cell.seed for cell in cells} == {7}


def test_an_untuned_baseline_is_refused(experiments: ModuleType) -> None:
    with pytest.raises(ValueError, match="'ease' needs to be tuned on 'nowhere' first"):
        experiments.chosen_settings("nowhere", "ease")


def test_main_table_puts_the_best_first(reproduce: ModuleType) -> None:
    records = [record("tvdiff", 0, 0.2), record("ease", 0, 0.3), record("ease", 1, 0.4)]
    first, second = reproduce.main_table(records).splitlines()[2:]
    assert first.startswith("| lastfm | ease | 2 | 0.3500 ± 0.0707 |")
    assert first.endswith("| 10 s | 1 s | 101 MB |")
    assert second.startswith("| lastfm | tvdiff | 1 | 0.2000 |")


def test_main_table_shows_how_far_others_are_behind_the_first(
    reproduce: ModuleType,
) -> None:
    records = [record("tvdiff", 0, 0.2), record("ease", 0, 0.3), record("ials", 0, 0.1)]
    for one, mean in zip(records[:2], (0.2, 0.3), strict=True):
        one["draws"] = {"ndcg@20": [mean, mean]}
    first, second, third = reproduce.main_table(records).splitlines()[2:]
    assert "| 0.3000 | – | 10 s |" in first and "| 0.1000 | – | 10 s |" in third
    assert "| 0.2000 | -33.3% to -33.3% | 10 s |" in second


def test_models_table_puts_the_best_in_the_mean_first(reproduce: ModuleType) -> None:
    on_gowalla = {"data": "gowalla"}
    records = [
        record("ease", 0, 0.2),
        record("ease", 1, 0.4),
        record("tvdiff", 0, 0.6),
        record("tvdiff", 0, 0.1) | on_gowalla,
        record("ease", 0, 0.1) | on_gowalla,
        record("vaecf", 0, 0.6),
    ]
    header, _, *rows = reproduce.models_table(records).splitlines()
    assert header == "| Model | lastfm | gowalla |"
    assert rows == [
        "| tvdiff | 0.6000 | 0.1000 |",
        "| ease | 0.3000 | 0.1000 |",
        "| vaecf | 0.6000 | – |",
    ]


def test_the_protocol_paper_has_no_validation_part(reproduce: ModuleType) -> None:
    records = [record("tvdiff, recommended", 0, 0.2953)]
    del records[0]["metrics"]["validation"]
    (row,) = reproduce.part_table("paper", records).splitlines()[2:]
    assert row.startswith("| lastfm | tvdiff, recommended | 1 | – | 0.2953 |")
    assert row.endswith("| 0.3133 / 0.2953 | +0.0% |")


def test_part_table_stands_beside_the_published(reproduce: ModuleType) -> None:
    records = [record("I", 0, 0.2), record("vanilla", 0, 0.2867)]
    vanilla, first = reproduce.part_table("views", records).splitlines()[2:]
    assert vanilla.endswith("| 0.2867 | 0.2985 / 0.2867 | +0.0% |")
    assert first.endswith("| 0.3097 / 0.2904 | -31.1% |")


def test_out_of_budget_begins_nothing(
    reproduce: ModuleType,
    import_benchmark: ImportBenchmark,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    benchmark = import_benchmark("benchmark")
    monkeypatch.setattr(benchmark, "RESULTS", tmp_path)
    monkeypatch.setattr(benchmark, "BUILD", tmp_path / "build")
    arguments = ["--only", "views", "--data", "lastfm", "--budget-minutes", "0"]
    reproduce.BENCHMARK.main(arguments)
    assert "views: 0 of 12 cells are recorded" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def test_recorded_runs_are_found_among_those_that_are_kept(
    reproduce: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--only", "main", "--data", "lastfm", "--no-run"]
    reproduce.BENCHMARK.main(arguments)
    out = capsys.readouterr().out
    assert "main: 42 of 42 cells are recorded" in out
    assert "\nmodels:\n\n| Model | lastfm |" in out and "\nmain:\n" in out
