"""The baselines through the trainer, the run folder and the command line."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import yaml

from tvdiff_pyg import Recommender, evaluate
from tvdiff_pyg.cli import main
from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.evaluation import EvaluationTask
from tvdiff_pyg.models import BPRMF, LightGCN, Popularity, TVDiff
from tvdiff_pyg.nn import MLPDenoiser
from tvdiff_pyg.training import (
    FitOptions,
    GraphSize,
    RunFolder,
    Settings,
    fit,
    plan_engines,
    plan_memory,
)
from tvdiff_pyg.training.memory import choose_engine

BASELINES = {"bpr-mf": {}, "lightgcn": {"num_layers": 2}, "diffrec": {}}
CLASSES = {"bpr-mf": BPRMF, "lightgcn": LightGCN, "diffrec": TVDiff}
GOWALLA = GraphSize(29_858, 40_981, 1_027_370)


@pytest.fixture(params=BASELINES)
def baseline(request: pytest.FixtureRequest, settings: Settings) -> Settings:
    return replace(settings, model=request.param, **BASELINES[request.param])


def test_training_beats_popularity(
    graph: BipartiteGraph, baseline: Settings, options: FitOptions, tmp_path: Path
) -> None:
    longer = replace(baseline, max_epochs=40, learning_rate=1e-2)
    metrics = fit(graph, longer, run=tmp_path / "run", options=options)
    model = RunFolder(tmp_path / "run").model()
    assert type(model) is CLASSES[baseline.model]
    adjacency = model.adjacency(graph.train_index)
    task = EvaluationTask.from_graph(graph, "test")
    assert evaluate(model, adjacency, task) == pytest.approx(metrics["test"])
    popularity = evaluate(Popularity(), adjacency, task)
    assert metrics["test"]["ndcg@20"] > 1.1 * popularity["ndcg@20"]


def test_resumed_run_equals_uninterrupted_run(
    graph: BipartiteGraph, baseline: Settings, options: FitOptions, tmp_path: Path
) -> None:
    fit(graph, baseline, run=tmp_path / "whole", options=options)
    fit(graph, replace(baseline, max_epochs=1), run=tmp_path / "parts", options=options)
    again = replace(options, resume=True)
    fit(graph, baseline, run=tmp_path / "parts", options=again)
    whole, parts = (
        torch.load(RunFolder(tmp_path / name).last_checkpoint, weights_only=True)
        for name in ("whole", "parts")
    )
    for name, value in whole["state_dict"].items():
        assert torch.equal(value, parts["state_dict"][name]), name


def test_half_precision(
    graph: BipartiteGraph, baseline: Settings, options: FitOptions, tmp_path: Path
) -> None:
    half = replace(baseline, precision="bf16-mixed", max_epochs=1)
    metrics = fit(graph, half, run=tmp_path / "run", options=options)
    assert 0 < metrics["test"]["recall@20"] <= 1


def test_a_run_stays_with_its_model(
    graph: BipartiteGraph, settings: Settings, options: FitOptions, tmp_path: Path
) -> None:
    fit(graph, settings, run=tmp_path / "run", options=options)
    other = replace(settings, model="lightgcn", max_epochs=5)
    again = replace(options, resume=True)
    message = r"'model' needs to stay tvdiff to resume \(got lightgcn\)"
    with pytest.raises(ValueError, match=message):
        fit(graph, other, run=tmp_path / "run", options=again)


def test_runs_that_do_not_name_their_model_are_of_tvdiff(
    graph: BipartiteGraph, settings: Settings, options: FitOptions, tmp_path: Path
) -> None:
    fit(graph, settings, run=tmp_path / "run", options=options)
    folder = RunFolder(tmp_path / "run")
    for file in (folder.best_checkpoint, folder.last_checkpoint):
        checkpoint = torch.load(file, weights_only=True)
        del checkpoint["hyper_parameters"]["model"]
        torch.save(checkpoint, file)
    assert type(folder.model()) is TVDiff
    longer, again = replace(settings, max_epochs=4), replace(options, resume=True)
    assert fit(graph, longer, run=folder.path, options=again)["epochs"] == 4


def test_diffrec_is_what_the_config_says(
    graph: BipartiteGraph, settings: Settings, options: FitOptions, tmp_path: Path
) -> None:
    chosen = replace(settings, model="diffrec", temperature=5.0, max_epochs=1)
    fit(graph, chosen, run=tmp_path / "run", options=options)
    config = yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())
    assert config["denoiser"] == "mlp" and config["temperature"] == 0
    model = RunFolder(tmp_path / "run").model()
    assert isinstance(model, TVDiff) and isinstance(model.denoiser, MLPDenoiser)
    assert model.loss_fn.temperature == 0


@pytest.mark.parametrize("model", ["bpr-mf", "lightgcn"])
@pytest.mark.parametrize(
    ("contradiction", "message"),
    [
        ({"entropy_type": "bce"}, "'entropy_type' needs to be 'bpr' for"),
        ({"batches": "users"}, "'batches' needs to be 'interactions' for"),
        ({"negatives": "hard"}, "'negatives' needs to be 'uniform' for"),
        ({"engine": "sampled"}, "'engine' needs to be 'exact' for"),
        ({"sparse_grad": True}, "'sparse_grad' needs to be False for"),
        ({"score_with_dropout": True}, "'score_with_dropout' needs to be False for"),
    ],
    ids=str,
)
def test_contradictions(model: str, contradiction: dict, message: str) -> None:
    value = next(iter(contradiction.values()))
    with pytest.raises(ValueError, match=rf"{message} '{model}' \(got {value!r}\)"):
        Settings(model=model, **contradiction)


@pytest.mark.parametrize(
    ("model", "contradiction", "message"),
    [
        ("deep", {}, r"'model' needs to be one of .*\(got 'deep'\)"),
        ("bpr-mf", {"num_layers": 2}, r"'num_layers' needs to be 1 for 'bpr-mf'"),
        ("diffrec", {"num_layers": 2}, r"'num_layers' needs to be 1 for 'diffrec'"),
        ("diffrec", {"denoiser": "gcn"}, r"'denoiser' needs to be 'mlp' for 'diffrec'"),
    ],
)
def test_other_contradictions(model: str, contradiction: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Settings(model=model, **contradiction)


@pytest.mark.parametrize("model", ["bpr-mf", "lightgcn"])
def test_the_plan_has_the_exact_engine_only(model: str) -> None:
    settings = Settings(model=model)
    (plan,) = plan_engines(GOWALLA, settings)
    assert plan.engine == "exact"
    assert choose_engine(GOWALLA, settings, plan.total).engine == "exact"
    with pytest.raises(ValueError, match=r"memory at least .* GB"):
        choose_engine(GOWALLA, settings, plan.total - 1)


def test_the_plan_counts_nodes_whatever_the_layers() -> None:
    few, many = (
        plan_memory(GOWALLA, Settings(model="lightgcn", engine="exact", num_layers=n))
        for n in (1, 4)
    )
    table = 4 * 64 * (29_858 + 40_981)
    assert few == many and many.parts["parameters"] == table
    assert many.parts["activations"] > 4 * table


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log, run = tmp_path / "log.csv", tmp_path / "run"
    rows = [f"u{user},i{(user + step) % 25}" for user in range(30) for step in range(9)]
    log.write_text("\n".join(rows) + "\n")
    args = ["fit", "--model", "lightgcn", "--num-layers", "3", "--data", str(log)]
    args += ["--max-epochs", "2", "--device", "cpu", "--progress", "false"]
    assert main([*args, "--run", str(run)]) == 0
    model = Recommender.load(run).model
    assert isinstance(model, LightGCN) and model.num_layers == 3
    capsys.readouterr()
    assert main(["recommend", str(run), "--user", "u3", "-k", "2", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 2
    assert main(["recommend", str(run), "--items", "i1,i2"]) == 2
    assert "LightGCN knows users by their id" in capsys.readouterr().err
    assert main([*args, "--run", str(tmp_path / "other"), "--engine", "sampled"]) == 2
    assert "'engine' needs to be 'exact' for 'lightgcn'" in capsys.readouterr().err
