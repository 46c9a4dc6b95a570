"""Training end to end: run folders, protocols, resuming, interrupting."""

import csv
import json
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.evaluation import EvaluationTask, evaluate
from tvdiff_pyg.models import Popularity
from tvdiff_pyg.models.reference import DropoutScorer
from tvdiff_pyg.training import FitOptions, RecommenderModule, RunFolder, Settings, fit

LOG = "logs/version_0/metrics.csv"
METRICS = {
    "protocol",
    "data",
    "validation",
    "test",
    "epochs",
    "best_epoch",
    "fit_seconds",
    "score_seconds",
    "peak_memory_mb",
    "versions",
}


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return RunFolder(folder).model().state_dict()


def test_run_folder_holds_what_was_promised(
    graph: BipartiteGraph, settings: Settings, options: FitOptions, tmp_path: Path
) -> None:
    metrics = fit(
        graph, settings.but(max_epochs=1), run=tmp_path / "run", options=options
    )
    folder = RunFolder(tmp_path / "run")
    assert set(metrics) >= METRICS
    assert json.loads(folder.metrics_file.read_text()) == metrics
    assert metrics["data"] == graph.counts()
    assert metrics["protocol"] == metrics["selected_on"].replace(
        "validation", "standard"
    )
    for part in ("validation", "test"):
        assert {"recall@10", "recall@20", "ndcg@10", "ndcg@20"} <= set(metrics[part])
    config = yaml.safe_load(folder.config_file.read_text())
    assert config["hidden_channels"] == 16 and config["protocol"] == "standard"
    for checkpoint in (folder.best_checkpoint, folder.last_checkpoint):
        assert "state_dict" in torch.load(checkpoint, weights_only=True)
    assert (tmp_path / "run" / LOG).is_file()


def test_reported_test_figures_are_those_of_the_kept_model(
    graph: BipartiteGraph, fitted: Path
) -> None:
    model, reported = RunFolder(fitted).model(), RunFolder(fitted).metrics()["test"]
    adjacency = model.adjacency(graph.train_index)
    task = EvaluationTask.from_graph(graph, "test")
    assert evaluate(model.scorer(adjacency), task) == pytest.approx(reported)


@pytest.mark.parametrize(
    ("further", "batch_size", "steps"),
    [
        ({"batches": "users", "min_steps": 7}, 18, 7),
        pytest.param(
            {"batches": "users", "min_steps": 10_000}, 1, 120, marks=pytest.mark.slow
        ),
        ({"min_steps": 5}, 256, 5),
        ({"min_steps": 10}, 108, 10),
    ],
)
def test_an_epoch_has_its_fewest_steps(
    graph: BipartiteGraph,
    settings: Settings,
    options: FitOptions,
    tmp_path: Path,
    further: dict[str, Any],
    batch_size: int,
    steps: int,
) -> None:
    few = settings.but(max_epochs=1, **further)
    fit(graph, few, run=tmp_path, options=options)
    folder = RunFolder(tmp_path)
    assert yaml.safe_load(folder.config_file.read_text())["batch_size"] == batch_size
    assert torch.load(folder.last_checkpoint, weights_only=True)["global_step"] == steps
    resumed = replace(options, resume=True)
    told = fit(graph, few.but(max_epochs=2), run=tmp_path, options=resumed)
    assert told["epochs"] == 2


def test_training_beats_popularity(
    graph: BipartiteGraph, settings: Settings, options: FitOptions, tmp_path: Path
) -> None:
    longer = settings.but(max_epochs=15, entropy_type="bce", learning_rate=1e-2)
    metrics = fit(graph, longer, run=tmp_path / "run", options=options)
    adjacency = RunFolder(tmp_path / "run").model().adjacency(graph.train_index)
    task = EvaluationTask.from_graph(graph, "test")
    baseline = evaluate(Popularity().scorer(adjacency), task)
    assert metrics["test"]["ndcg@20"] > 1.1 * baseline["ndcg@20"]


def test_same_seed_same_weights(
    graph: BipartiteGraph,
    settings: Settings,
    options: FitOptions,
    fitted: Path,
    tmp_path: Path,
) -> None:
    for name, seed in (("same", 0), ("other", 1)):
        fit(graph, settings, run=tmp_path / name, options=replace(options, seed=seed))
    runs = (fitted, tmp_path / "same", tmp_path / "other")
    first, again, other = map(weights, runs)
    name = "denoiser.item_embedding.weight"
    assert torch.equal(first[name], again[name])
    assert not torch.equal(first[name], other[name])


def test_paper_protocol_trains_on_validation_and_selects_on_test(
    graph: BipartiteGraph, settings: Settings, options: FitOptions, tmp_path: Path
) -> None:
    metrics = fit(
        graph,
        settings.but(max_epochs=1),
        run=tmp_path / "run",
        options=replace(options, protocol="paper"),
    )
    counts = graph.counts()
    assert metrics["selected_on"] == "test"
    assert metrics["data"]["train"] == counts["train"] + counts["validation"]
    assert metrics["validation"] == {} and metrics["test"]["recall@20"] > 0
    header = (tmp_path / "run" / LOG).read_text().splitlines()[0]
    assert "test/ndcg@20" in header and "validation/ndcg@20" not in header


def test_standard_protocol_never_evaluates_the_test_while_training(
    fitted: Path,
) -> None:
    header = (fitted / LOG).read_text().splitlines()[0]
    assert "validation/ndcg@20" in header and "test/" not in header


@pytest.mark.parametrize("timed", [True, False])
def test_seconds_of_a_resumed_run_are_of_all_its_parts(
    timed: bool,
    graph: BipartiteGraph,
    settings: Settings,
    options: FitOptions,
    tmp_path: Path,
) -> None:
    fit(graph, settings.but(max_epochs=1), run=tmp_path / "run", options=options)
    last = RunFolder(tmp_path / "run").last_checkpoint
    checkpoint = torch.load(last, weights_only=True)
    timer = checkpoint["callbacks"].pop("Timer")
    assert 0 < timer["time_elapsed"]["train"] < 1000
    if timed:  # otherwise as an earlier version left it
        timer["time_elapsed"]["train"] = 1000.0
        checkpoint["callbacks"]["Timer"] = timer
    RunFolder(tmp_path / "run").write_tensors(last, checkpoint)
    again = replace(options, resume=True)
    metrics = fit(graph, settings, run=tmp_path / "run", options=again)
    assert (metrics["fit_seconds"] > 1000) == timed


@pytest.mark.parametrize("stop_in_epoch", [0, 2])
def test_interrupt_keeps_the_best_epoch(
    stop_in_epoch: int,
    graph: BipartiteGraph,
    settings: Settings,
    options: FitOptions,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    step = RecommenderModule.training_step

    def press_ctrl_c(self: RecommenderModule, *args: object) -> torch.Tensor:
        if self.current_epoch == stop_in_epoch:
            raise KeyboardInterrupt
        return step(self, *args)

    monkeypatch.setattr(RecommenderModule, "training_step", press_ctrl_c)
    handler = signal.getsignal(signal.SIGINT)
    said = r"epoch \d is kept" if stop_in_epoch else "no epoch ended"
    with pytest.raises(KeyboardInterrupt, match=said):
        fit(graph, settings, run=tmp_path / "run", options=options)
    assert signal.getsignal(signal.SIGINT) is handler
    if stop_in_epoch == 0:
        assert not (tmp_path / "run").exists()
        return
    metrics = RunFolder(tmp_path / "run").metrics()
    assert metrics["finished"] is False and metrics["test"] == {}
    assert RunFolder(tmp_path / "run").best_checkpoint.is_file()
    assert metrics["best_epoch"] > 0


def test_early_stopping(
    graph: BipartiteGraph, settings: Settings, options: FitOptions, tmp_path: Path
) -> None:
    stuck = settings.but(learning_rate=1e-12, patience=2, max_epochs=30)
    metrics = fit(graph, stuck, run=tmp_path / "run", options=options)
    assert metrics["epochs"] < 10


def test_scoring_with_dropout_goes_through_the_dense_reference(
    graph: BipartiteGraph,
    settings: Settings,
    options: FitOptions,
    fitted: Path,
    tmp_path: Path,
) -> None:
    noisy = settings.but(score_with_dropout=True)
    plain = RunFolder(fitted).metrics()
    dropped = fit(graph, noisy, run=tmp_path / "dropped", options=options)
    assert plain["validation"] != dropped["validation"]
    # What is reported of the kept model is scored as it was validated.
    model = RunFolder(tmp_path / "dropped").model()
    scorer = model.scorer(model.adjacency(graph.train_index))
    assert isinstance(scorer, DropoutScorer)
    task = EvaluationTask.from_graph(graph, "test")
    assert evaluate(scorer, task) != evaluate(scorer, task)
    assert dropped["test"] != evaluate(scorer.factors, task)


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
@pytest.mark.parametrize("entropy_type", ["bpr", "bce", "nll"])
@pytest.mark.parametrize("negatives", ["uniform", "hard"])
def test_every_objective_trains(
    precision: str,
    entropy_type: str,
    negatives: str,
    graph: BipartiteGraph,
    settings: Settings,
    options: FitOptions,
    tmp_path: Path,
) -> None:
    chosen = settings.but(
        precision=precision,
        entropy_type=entropy_type,
        negatives=negatives,
        max_epochs=1,
    )
    metrics = fit(graph, chosen, run=tmp_path / "run", options=options)
    assert 0 < metrics["test"]["recall@20"] <= 1


@pytest.mark.parametrize("entropy_type", ["bpr", "bce"])
@pytest.mark.parametrize("sparse_grad", [True, False])
@pytest.mark.parametrize("num_workers", [0, 1])
def test_the_sampled_engine_trains(
    entropy_type: str,
    sparse_grad: bool,
    num_workers: int,
    graph: BipartiteGraph,
    settings: Settings,
    options: FitOptions,
    tmp_path: Path,
) -> None:
    chosen = settings.but(
        engine="sampled",
        num_neighbors=8,
        num_pool=40,
        entropy_type=entropy_type,
        sparse_grad=sparse_grad,
        max_epochs=1,
    )
    workers = replace(options, num_workers=num_workers)
    metrics = fit(graph, chosen, run=tmp_path / "run", options=workers)
    untrained = chosen.model.build(graph.num_users, graph.num_items)
    before, after = untrained.state_dict(), weights(tmp_path / "run")
    assert all((before[name] != after[name]).any() for name in before)
    assert 0 < metrics["test"]["recall@20"] <= 1


def test_the_chosen_engine_is_written_down(settings: Settings, fitted: Path) -> None:
    assert settings["engine"] == "auto"
    assert RunFolder(fitted).config()["engine"] == "exact"


def test_a_run_too_short_for_a_check_is_checked_at_its_end(
    graph: BipartiteGraph, settings: Settings, options: FitOptions, tmp_path: Path
) -> None:
    short = settings.but(max_epochs=2, check_every=5)
    assert fit(graph, short, run=tmp_path / "run", options=options)["best_epoch"] == 2


def test_curves_for_tensorboard(
    graph: BipartiteGraph, settings: Settings, options: FitOptions, tmp_path: Path
) -> None:
    pytest.importorskip("tensorboard", reason="an optional extra")
    logged = replace(options, log="tensorboard")
    short = settings.but(max_epochs=1)
    fit(graph, short, run=tmp_path / "run", options=logged)
    assert list((tmp_path / "run" / "logs").rglob("events.out.tfevents.*"))


def test_existing_run_is_not_overwritten(
    graph: BipartiteGraph, settings: Settings, options: FitOptions, tmp_path: Path
) -> None:
    (tmp_path / "config.yaml").write_text("mine: true\n")
    with pytest.raises(ValueError, match="'run' needs to be a new folder"):
        fit(graph, settings, run=tmp_path, options=options)
    assert (tmp_path / "config.yaml").read_text() == "mine: true\n"


def test_bad_input_leaves_nothing_behind(
    graph: BipartiteGraph, options: FitOptions, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="'temperature' needs to be at least 0"):
        fit(graph, Settings(temperature=-1), run=tmp_path / "run", options=options)
    assert not (tmp_path / "run").exists()


def test_nothing_to_select_on(
    graph: BipartiteGraph, settings: Settings, options: FitOptions, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="needs held-out validation interactions"):
        fit(graph.without_validation(), settings, run=tmp_path / "run", options=options)


def test_nothing_to_resume(
    graph: BipartiteGraph, settings: Settings, options: FitOptions, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="'resume' needs the folder of a run"):
        fit(
            graph,
            settings,
            run=tmp_path / "none",
            options=replace(options, resume=True),
        )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"max_epochs": 2}, r"'max_epochs' needs to be at least 4 \(got 2\)"),
        ({"hidden_channels": 8}, r"'hidden_channels' needs to stay 16 .*\(got 8\)"),
        ({"temperature": 3.0}, r"'temperature' needs to stay 1.0 .*\(got 3.0\)"),
    ],
)
def test_what_cannot_be_resumed_changes_nothing(
    change: dict[str, float],
    message: str,
    graph: BipartiteGraph,
    settings: Settings,
    options: FitOptions,
    copied: Path,
) -> None:
    before = (copied / "config.yaml").read_text()
    again = replace(options, resume=True)
    with pytest.raises(ValueError, match=message):
        fit(graph, settings.but(**change), run=copied, options=again)
    assert (copied / "config.yaml").read_text() == before


@pytest.mark.parametrize("name", ["features", "devices", "dropout"])
def test_a_run_goes_on_that_began_before_a_setting_was_there(
    name: str,
    graph: BipartiteGraph,
    settings: Settings,
    options: FitOptions,
    copied: Path,
) -> None:
    folder = RunFolder(copied)
    kept = folder.config()
    began = kept.pop(name)
    with folder.manifest.replacing(folder.config_file) as partial:
        Path(partial).write_text(yaml.safe_dump(kept))
    again = replace(options, resume=True)
    fit(graph, settings.but(max_epochs=5), run=copied, options=again)
    assert folder.config()[name] == began


def test_another_seed_is_called_so(
    graph: BipartiteGraph, settings: Settings, options: FitOptions, copied: Path
) -> None:
    again, pairs = replace(options, resume=True, seed=3), graph.train_index
    other = BipartiteGraph.from_edge_index(pairs, graph.num_users, graph.num_items)
    with pytest.raises(ValueError, match=r"'seed' needs to stay 0 to resume \(got 3\)"):
        fit(other, settings, run=copied, options=again)


def test_unfinished_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"holding best\.ckpt"):
        RunFolder(tmp_path).model()


@pytest.mark.parametrize(
    ("change", "option", "name"),
    [
        ({"engine": "exact"}, {"num_workers": 2}, "num_workers"),
        ({"model": "ease"}, {"num_workers": 2}, "num_workers"),
        ({"model": "ease"}, {"log": "tensorboard"}, "log"),
    ],
)
def test_what_will_not_happen_is_refused(
    change: dict[str, Any],
    option: dict[str, Any],
    name: str,
    graph: BipartiteGraph,
    options: FitOptions,
    tmp_path: Path,
) -> None:
    chosen = replace(options, **option)
    with pytest.raises(ValueError, match=f"'{name}' needs to be .*with"):
        fit(graph, Settings(**change), run=tmp_path / "run", options=chosen)
    assert not (tmp_path / "run").exists()


def test_no_workers_for_the_exact_engine(
    graph: BipartiteGraph, settings: Settings, options: FitOptions, tmp_path: Path
) -> None:
    workers = replace(options, num_workers=2)
    fit(graph, settings.but(max_epochs=1), run=tmp_path, options=workers)
    config = RunFolder(tmp_path).config()
    assert config["engine"] == "exact" and config["num_workers"] == 0


def test_an_epoch_is_in_the_curves_before_it_is_kept(
    graph: BipartiteGraph,
    settings: Settings,
    options: FitOptions,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write, seen = RunFolder.write_tensors, []

    def look(self: RunFolder, file: Path, state: dict[str, Any]) -> None:
        if file.name == "last.ckpt":
            with (tmp_path / "logs/version_0/metrics.csv").open() as rows:
                row = [row for row in csv.DictReader(rows) if row["loss"]][-1]
            seen.append((state["epoch"], int(row["epoch"]), int(row["step"]) + 1))
            assert state["global_step"] == seen[-1][-1]
        write(self, file, state)

    monkeypatch.setattr(RunFolder, "write_tensors", look)
    fit(graph, settings, run=tmp_path, options=options)
    assert [one[:2] for one in seen] == [(0, 0), (1, 1), (2, 2)]
