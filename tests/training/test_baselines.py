"""The baselines through the trainer, the run folder and the command line."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tvdiff_pyg import Recommender, evaluate
from tvdiff_pyg.cli import main
from tvdiff_pyg.data import BipartiteGraph, GraphSize
from tvdiff_pyg.evaluation import EvaluationTask
from tvdiff_pyg.models import BPRMF, DiffRec, LightGCN, Popularity
from tvdiff_pyg.training import (
    FitOptions,
    RunFolder,
    Settings,
    fit,
    plan_engines,
    plan_memory,
)
from tvdiff_pyg.training.memory_plan import choose_engine

BASELINES = {"bpr-mf": {}, "lightgcn": {"num_layers": 2}, "diffrec": {}}
CLASSES = {"bpr-mf": BPRMF, "lightgcn": LightGCN, "diffrec": DiffRec}
GOWALLA = GraphSize(29_858, 40_981, 1_027_370)


@pytest.fixture(params=BASELINES)
def baseline(request: pytest.FixtureRequest, settings: Settings) -> Settings:
    return settings.but(model=request.param, **BASELINES[request.param])


@pytest.mark.slow
def test_training_beats_popularity(
    graph: BipartiteGraph, baseline: Settings, options: FitOptions, tmp_path: Path
) -> None:
    longer = baseline.but(max_epochs=40, learning_rate=1e-2)
    metrics = fit(graph, longer, run=tmp_path / "run", options=options)
    model = RunFolder(tmp_path / "run").model()
    assert type(model) is CLASSES[baseline["model"]]
    adjacency = model.adjacency(graph.train_index)
    task = EvaluationTask.from_graph(graph, "test")
    assert evaluate(model.scorer(adjacency), task) == pytest.approx(metrics["test"])
    popularity = evaluate(Popularity().scorer(adjacency), task)
    assert metrics["test"]["ndcg@20"] > 1.1 * popularity["ndcg@20"]


def test_resumed_run_equals_uninterrupted_run(
    graph: BipartiteGraph, baseline: Settings, options: FitOptions, tmp_path: Path
) -> None:
    longer = baseline.but(max_epochs=2)
    fit(graph, longer, run=tmp_path / "whole", options=options)
    fit(graph, baseline.but(max_epochs=1), run=tmp_path / "parts", options=options)
    again = replace(options, resume=True)
    fit(graph, longer, run=tmp_path / "parts", options=again)
    whole, parts = (
        torch.load(RunFolder(tmp_path / name).last_checkpoint, weights_only=True)
        for name in ("whole", "parts")
    )
    for name, value in whole["state_dict"].items():
        assert torch.equal(value, parts["state_dict"][name]), name


def test_half_precision(
    graph: BipartiteGraph, baseline: Settings, options: FitOptions, tmp_path: Path
) -> None:
    half = baseline.but(precision="bf16-mixed", max_epochs=1)
    metrics = fit(graph, half, run=tmp_path / "run", options=options)
    assert 0 < metrics["test"]["recall@20"] <= 1


def test_a_run_stays_with_its_model(
    graph: BipartiteGraph, settings: Settings, options: FitOptions, copied: Path
) -> None:
    other = settings.but(model="lightgcn", max_epochs=5)
    again = replace(options, resume=True)
    message = r"'model' needs to stay 'tvdiff' to resume \(got 'lightgcn'\)"
    with pytest.raises(ValueError, match=message):
        fit(graph, other, run=copied, options=again)


def test_runs_of_an_earlier_version_are_refused(copied: Path) -> None:
    folder = RunFolder(copied)
    checkpoint = torch.load(folder.best_checkpoint, weights_only=True)
    checkpoint["hyper_parameters"] = {"num_users": 3, "hidden_channels": 8}
    folder.write_tensors(folder.best_checkpoint, checkpoint)
    with pytest.raises(ValueError, match="'run' needs a model of this version"):
        folder.model()


@pytest.mark.parametrize("model", ["bpr-mf", "lightgcn"])
@pytest.mark.parametrize(
    ("contradiction", "message"),
    [
        ({"entropy_type": "bce"}, "'entropy_type' is not read with model"),
        ({"batches": "users"}, "'batches' needs to be 'auto' or 'interactions' with"),
        ({"negatives": "hard"}, "'negatives' is not read with model"),
        ({"engine": "sampled"}, "'engine' needs to be 'auto' or 'exact' with"),
        ({"sparse_grad": True}, "'sparse_grad' is not read with model"),
        ({"score_with_dropout": True}, "'score_with_dropout' is not read with model"),
    ],
    ids=str,
)
def test_contradictions(model: str, contradiction: dict, message: str) -> None:
    value = next(iter(contradiction.values()))
    with pytest.raises(ValueError, match=rf"{message}.* \(got {value!r}\)"):
        Settings(model=model, **contradiction)


@pytest.mark.parametrize(
    ("model", "contradiction", "message"),
    [
        ("deep", {}, r"'model' needs to be one of .*\(got 'deep'\)"),
        ("bpr-mf", {"num_layers": 2}, r"'num_layers' is not read with model 'bpr-mf'"),
        ("diffrec", {"num_layers": 2}, r"'num_layers' is not read with model 'diff"),
        ("diffrec", {"denoiser": "gcn"}, r"'denoiser' is not read with model 'diff"),
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
    assert choose_engine(GOWALLA, settings, plan.total)["engine"] == "exact"
    with pytest.raises(ValueError, match=r"'model' needs at least .* GB"):
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
    assert "'engine' needs to be 'auto' or 'exact'" in capsys.readouterr().err


def test_a_state_of_another_model_of_equal_tensors_is_refused(
    graph: BipartiteGraph, options: FitOptions, tmp_path: Path
) -> None:
    kept = {}
    for name in ("ease", "item-knn"):
        fit(graph, Settings(model=name), run=tmp_path / name, options=options)
        kept[name] = RunFolder(tmp_path / name)
    state = kept["item-knn"].read_tensors(kept["item-knn"].best_checkpoint)
    mine = kept["ease"].read_tensors(kept["ease"].best_checkpoint)
    mine["state_dict"] = state["state_dict"]
    kept["ease"].write_tensors(kept["ease"].best_checkpoint, mine)
    message = r"(?s)'run' needs a model .*best\.ckpt.*of a fitted EASE .*of ItemKNN"
    with pytest.raises(ValueError, match=message):
        kept["ease"].model()
