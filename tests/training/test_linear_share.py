"""Training beside a linear item model: what is scored, kept, resumed and refused."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tvdiff_pyg import Recommender
from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.evaluation import EvaluationTask, evaluate
from tvdiff_pyg.models import LinearBlend, LocalEASE, TVDiff
from tvdiff_pyg.training import FitOptions, RunFolder, Settings, fit
from tvdiff_pyg.training.linear_share import choose_share, climb

SHARE = {"linear_share": 0.7, "linear_neighbors": 9, "linear_l2": 3.0}


@pytest.fixture
def blended(settings: Settings) -> Settings:
    return replace(settings, **SHARE)


def test_the_blend_is_what_is_ranked_and_kept(
    graph: BipartiteGraph, blended: Settings, options: FitOptions, tmp_path: Path
) -> None:
    metrics = fit(graph, blended, run=tmp_path / "run", options=options)
    folder = RunFolder(tmp_path / "run")
    model, trained = folder.model(), folder.trained_model()
    assert isinstance(model, LinearBlend) and model.share == 0.7
    assert isinstance(trained, TVDiff)
    adjacency = trained.adjacency(graph.train_index)
    expected = LocalEASE(9, 3.0).fit(adjacency)
    torch.testing.assert_close(model.linear.weight, expected.weight)
    task = EvaluationTask.from_graph(graph, "test")
    assert evaluate(model, adjacency, task) == pytest.approx(metrics["test"])
    assert evaluate(trained, adjacency, task) != metrics["test"]


def test_the_epoch_is_chosen_by_the_blend(
    graph: BipartiteGraph, blended: Settings, options: FitOptions, tmp_path: Path
) -> None:
    metrics = fit(graph, blended, run=tmp_path / "run", options=options)
    log = (tmp_path / "run/logs/version_0/metrics.csv").read_text().splitlines()
    column = log[0].split(",").index("validation/ndcg@20")
    checks = [float(row) for line in log[1:] if (row := line.split(",")[column])]
    assert len(checks) == 3
    assert metrics["validation"]["ndcg@20"] == pytest.approx(max(checks))


def test_the_share_is_chosen_after_training(
    graph: BipartiteGraph, blended: Settings, options: FitOptions, tmp_path: Path
) -> None:
    chosen = replace(blended, linear_share=0.2, choose_linear_share=True)
    metrics = fit(graph, chosen, run=tmp_path / "run", options=options)
    folder = RunFolder(tmp_path / "run")
    model, trained = folder.model(), folder.trained_model()
    assert isinstance(model, LinearBlend)
    assert model.share == metrics["linear_share"] != 0.2
    adjacency = trained.adjacency(graph.train_index)
    parts = {
        name: EvaluationTask.from_graph(graph, name) for name in ("validation", "test")
    }
    for name, task in parts.items():
        assert evaluate(model, adjacency, task) == pytest.approx(metrics[name])

    def ndcg(share: float) -> float:
        blend = LinearBlend(trained, model.linear, share).eval()
        return evaluate(blend, adjacency, parts["validation"])["ndcg@20"]

    # A summit: no lower than where the climb began, nor than a step to either side.
    others = [ndcg(share) for share in (0.2, model.share * 1.5, model.share / 1.5)]
    assert metrics["validation"]["ndcg@20"] >= max(others) - 1e-6
    with pytest.raises(ValueError, match=r"'start' needs to be positive \(got 0\)"):
        choose_share(trained, model.linear, adjacency, parts["validation"], 0)


@pytest.mark.parametrize("summit", [0.05, 0.2, 0.3, 0.5, 4.0])
def test_the_climb_ends_within_a_step_of_the_summit(summit: float) -> None:
    tried = []

    def score(share: float) -> float:
        tried.append(share)
        return -abs(math.log(share / summit))

    best = climb(score, start=0.3)
    assert abs(math.log(best / summit)) <= math.log(1.5)
    assert len(set(tried)) == len(tried)
    assert score(best) == max(map(score, list(tried)))


def test_training_is_the_same_with_it_and_without(
    graph: BipartiteGraph, blended: Settings, options: FitOptions, tmp_path: Path
) -> None:
    fit(graph, blended, run=tmp_path / "with", options=options)
    without = replace(blended, linear_share=0.0, choose_linear_share=True)
    fit(graph, without, run=tmp_path / "without", options=options)
    last = [
        torch.load(RunFolder(tmp_path / name).last_checkpoint, weights_only=True)
        for name in ("with", "without")
    ]
    torch.testing.assert_close(last[0]["state_dict"], last[1]["state_dict"])
    assert not RunFolder(tmp_path / "without").linear_file.exists()


def test_resuming_reads_it_back(
    graph: BipartiteGraph, blended: Settings, options: FitOptions, tmp_path: Path
) -> None:
    straight = fit(graph, blended, run=tmp_path / "straight", options=options)
    shorter = replace(blended, max_epochs=2)
    fit(graph, shorter, run=tmp_path / "run", options=options)
    again = replace(options, resume=True)
    resumed = fit(graph, blended, run=tmp_path / "run", options=again)
    assert resumed["test"] == pytest.approx(straight["test"])
    longer = replace(blended, max_epochs=4)
    for name, other in (("linear_share", 0.0), ("linear_neighbors", 8)):
        changed = replace(longer, **{name: other})
        message = rf"'{name}' needs to stay {SHARE[name]} to resume \(got {other}\)"
        with pytest.raises(ValueError, match=message):
            fit(graph, changed, run=tmp_path / "run", options=again)


def test_recommending_from_the_run_folder(
    graph: BipartiteGraph, blended: Settings, options: FitOptions, tmp_path: Path
) -> None:
    fit(graph, blended, run=tmp_path / "run", options=options)
    recommender = Recommender.load(tmp_path / "run", device="cpu")
    user = graph.user_ids.ids(torch.tensor([3]))
    seen = graph.train_index[1][graph.train_index[0] == 3]
    found = recommender.recommend([graph.item_ids.ids(seen)], k=5)
    assert len(found.items[0]) == len(recommender.recommend(user, k=5).items[0]) == 5


def test_bad_settings_are_refused() -> None:
    for name, value in (("linear_share", -0.1), ("linear_l2", 0.0)):
        with pytest.raises(ValueError, match=rf"'{name}' needs .*\(got {value}\)"):
            Settings(**{name: value})
    with pytest.raises(ValueError, match="'linear_neighbors' needs to be at least 1"):
        Settings(linear_neighbors=0)
    with pytest.raises(ValueError, match=r"'linear_share' .* 'score_with_dropout'"):
        Settings(linear_share=0.3, score_with_dropout=True)
