"""Cut-offs that are measured, and the metric that chooses."""

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.training.ranks import carry_out
from tests.training.runs import PowerCutError, cut_off
from tvdiff_pyg.cli import main
from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.explore.curves import curves_of
from tvdiff_pyg.recommend.processes import evaluate_run
from tvdiff_pyg.training import FitOptions, RunFolder, Settings, fit, fit_final
from tvdiff_pyg.training.curves import Curves
from tvdiff_pyg.training.signatures import falling_recall
from tvdiff_pyg.tune import TuneOptions

OTHER: dict[str, Any] = {"ks": (5, 10), "monitor": "recall@5"}


def checks(run: Path, name: str) -> list[float]:
    """Return what each check has logged."""
    [file] = run.glob("logs/version_*/metrics.csv")
    with open(file, newline="") as lines:
        return [float(row[name]) for row in csv.DictReader(lines) if row[name]]


def test_further_cut_offs_change_nothing(
    fitted: Path,
    settings: Settings,
    graph: BipartiteGraph,
    options: FitOptions,
    tmp_path: Path,
) -> None:
    more = replace(options, ks=[10, 20, 50])  # type: ignore[arg-type]
    found = fit(graph, settings, run=tmp_path / "run", options=more)
    for part in ("validation", "test"):
        known = RunFolder(fitted).metrics()[part]
        assert known == {k: v for k, v in found[part].items() if not k.endswith("@50")}
        assert found[part].keys() - known.keys() == {
            f"{name.partition('@')[0]}@50" for name in known
        }
    config = RunFolder(fitted).config()
    assert config["ks"] == [10, 20] and config["monitor"] == "ndcg@20"


@pytest.mark.parametrize("monitor", ["recall@5", "coverage@10", "ndcg@10"])
def test_it_chooses_the_epoch(
    monitor: str,
    settings: Settings,
    graph: BipartiteGraph,
    options: FitOptions,
    tmp_path: Path,
) -> None:
    run, chosen = tmp_path / "run", replace(options, ks=(5, 10), monitor=monitor)
    longer = settings.but(max_epochs=6, patience=2)
    found = fit(graph, longer, run=run, options=chosen)
    values = checks(run, f"validation/{monitor}")
    best = values.index(max(values)) + 1
    assert found["best_epoch"] == best
    assert found["epochs"] == min(6, best + 2)
    assert found["validation"][monitor] == pytest.approx(max(values))
    cut = monitor.partition("@")[2]
    assert list(curves_of(RunFolder(run), monitor))[1] == f"validation/recall@{cut}"
    assert {name.partition("@")[2] for name in found["test"]} == {"5", "10"}
    assert evaluate_run(run).keys() == found["test"].keys()


def test_under_the_protocol_of_the_paper_it_is_one_of_the_test_part(
    settings: Settings, graph: BipartiteGraph, options: FitOptions, tmp_path: Path
) -> None:
    paper = replace(options, protocol="paper", ks=(5, 10), monitor="coverage@5")
    found = fit(graph, settings, run=tmp_path / "run", options=paper)
    values = checks(tmp_path / "run", "test/coverage@5")
    assert found["best_epoch"] == values.index(max(values)) + 1


def test_it_stays_as_it_was(
    settings: Settings,
    graph: BipartiteGraph,
    options: FitOptions,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run, chosen = tmp_path / "run", replace(options, **OTHER)
    with monkeypatch.context() as patched:
        cut_off(patched, epoch=1)
        with pytest.raises(PowerCutError):
            fit(graph, settings, run=run, options=chosen)
    resumed = replace(chosen, resume=True)
    for change, message in (
        ({"monitor": "ndcg@5"}, "'monitor' needs to stay 'recall@5' to resume"),
        ({"ks": (5, 20)}, r"'ks' needs to stay \[5, 10\] to resume \(got \[5, 20\]\)"),
    ):
        with pytest.raises(ValueError, match=message):
            fit(graph, settings, run=run, options=replace(resumed, **change))
    whole = fit(graph, settings, run=tmp_path / "whole", options=chosen)
    found = fit(graph, settings, run=run, options=resumed)
    assert found["test"] == whole["test"] and found["epochs"] == whole["epochs"]


def test_a_run_of_before_goes_on(
    settings: Settings,
    graph: BipartiteGraph,
    options: FitOptions,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = RunFolder(tmp_path / "run")
    with monkeypatch.context() as patched:
        cut_off(patched, epoch=1)
        with pytest.raises(PowerCutError):
            fit(graph, settings, run=run.path, options=options)
    config = run.config()
    run.write_config({k: v for k, v in config.items() if k not in ("ks", "monitor")})
    other = replace(options, resume=True, monitor="recall@20")
    with pytest.raises(ValueError, match="'monitor' needs to stay 'ndcg@20' to resume"):
        fit(graph, settings, run=run.path, options=other)
    fit(graph, settings, run=run.path, options=replace(options, resume=True))
    assert run.config() == config


def test_a_final_fit_is_measured_as_the_run_was(
    settings: Settings, graph: BipartiteGraph, options: FitOptions, tmp_path: Path
) -> None:
    shared = settings.but(linear_share=0.3, choose_linear_share=True)
    chosen = replace(options, **OTHER)
    told = fit(graph, shared, run=tmp_path / "run", options=chosen)
    final = fit_final(tmp_path / "run", run=tmp_path / "final", options=options)
    assert final["selected_by"]["validation"] == told["validation"]
    config = RunFolder(tmp_path / "final").config()
    assert config["ks"] == [5, 10] and config["monitor"] == "recall@5"


def test_on_the_command_line(
    graph: BipartiteGraph, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log, run = tmp_path / "log.csv", str(tmp_path / "run")
    pairs = graph.known_index.t().tolist()
    log.write_text("".join(f"{user},{item}\n" for user, item in pairs))
    data = ["--data", str(log), "--model", "ease"]
    words = ["--ks", "5", "10", "--monitor", "map@5"]
    assert main(["fit", *data, "--run", run, *words]) == 0
    capsys.readouterr()
    assert main(["evaluate", run]) == 0
    assert capsys.readouterr().out.splitlines()[0].split() == ["test", "@5", "@10"]
    assert main(["final", run, "--run", f"{run}-final"]) == 0
    assert RunFolder(f"{run}-final").config()["monitor"] == "map@5"
    given = tmp_path / "given.yaml"
    given.write_text(yaml.safe_dump({"ks": [3], "monitor": "ndcg@3"}))
    assert main(["fit", "--config", str(given), *data, "--run", f"{run}-3"]) == 0
    assert "recall@3" in RunFolder(f"{run}-3").metrics()["test"]
    capsys.readouterr()
    far = ["fit", *data, "--run", f"{run}-4", "--ks", "20", "1000"]
    assert main(far) == 2
    assert "'ks' needs to be integers in [1, 80]" in capsys.readouterr().err
    assert not Path(f"{run}-4").exists()


@pytest.mark.parametrize("kind", [FitOptions, TuneOptions])
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"ks": ()}, r"'ks' needs to be integers from 1 on \(got \(\)\)"),
        ({"ks": (0, 20)}, "'ks' needs to be integers from 1 on"),
        ({"ks": (20, 2.5)}, "'ks' needs to be integers from 1 on"),
        ({"ks": 20}, r"'ks' needs to be integers from 1 on \(got 20\)"),
        ({"ks": "20"}, "'ks' needs to be integers from 1 on"),
        ({"ks": (5, 10**20)}, r"'ks' needs to be integers in \[1, 4294967295\]"),
        ({"ks": (0, 2**63)}, r"'ks' needs to be integers in \[1, 4294967295\]"),
        ({"ks": (5, 10)}, r"'monitor' needs a cut-off among 'ks', \[5, 10\] \(got 'nd"),
        ({"monitor": "ndcg"}, r"'monitor' needs to be a metric at a cut-off, .*'ndcg'"),
        ({"monitor": "ndcg@020"}, "'monitor' needs to be a metric at a cut-off"),
        ({"monitor": None}, r"'monitor' needs to be a metric at .*\(got None\)"),
        ({"monitor": "recal@20"}, "'monitor' needs to be one of"),
        ({"monitor": "popularity@20"}, "'monitor' needs a metric of which more is bet"),
        ({"monitor": "gini@20"}, r"'monitor' needs a metric that is always measured"),
        ({"monitor": "loss"}, "'monitor' needs to be a metric at a cut-off"),
    ],
    ids=str,
)
def test_what_cannot_choose_is_refused(
    kind: Any, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        kind(**given)


def test_a_finding_names_the_cut_off() -> None:
    curves = Curves(3, loss=[1.0], recall=[0.2, 0.1, 0.1], cut=5)
    finding = falling_recall(curves, Settings(negatives="hard"))
    assert finding is not None and finding.message.startswith("recall@5 fell early")


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["ddp", "partitioned"])
def test_several_processes_choose_by_it(strategy: str, tmp_path: Path) -> None:
    given = {"strategy": strategy, "ks": (3, 7), "monitor": "coverage@7"}
    (one,) = carry_out(1, "torchrun", "train", tmp_path / "one", {}, **given)
    for other in carry_out(2, "torchrun", "train", tmp_path / "two", {}, **given):
        assert other["told"]["best_epoch"] == one["told"]["best_epoch"]
        for part in ("validation", "test"):
            assert other["told"][part] == pytest.approx(one["told"][part], rel=1e-4)
    found = evaluate_run(tmp_path / "two")
    assert found == pytest.approx(one["told"]["test"], rel=1e-4)
