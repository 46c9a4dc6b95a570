"""Training beside a linear item model: what is scored, kept, resumed and refused."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tvdiff_pyg import Recommender
from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.evaluation import EvaluationTask, evaluate
from tvdiff_pyg.models import Blend, LocalEASE, TVDiff
from tvdiff_pyg.training import FitOptions, RunFolder, Settings, fit
from tvdiff_pyg.training.choose_share import choose_share, climb

SHARE = {"linear_share": 0.7, "linear_neighbors": 9, "linear_l2": 3.0}


@pytest.fixture
def blended(settings: Settings) -> Settings:
    return settings.but(**SHARE)


def test_the_blend_is_what_is_ranked_and_kept(
    graph: BipartiteGraph, blended: Settings, options: FitOptions, tmp_path: Path
) -> None:
    metrics = fit(graph, blended, run=tmp_path / "run", options=options)
    folder = RunFolder(tmp_path / "run")
    model = folder.model()
    assert isinstance(model, Blend) and model.share == 0.7
    trained = model.model
    assert isinstance(trained, TVDiff)
    adjacency = trained.adjacency(graph.train_index)
    expected = LocalEASE(9, 3.0).fit(adjacency)
    torch.testing.assert_close(model.linear.weight, expected.weight)
    task = EvaluationTask.from_graph(graph, "test")
    assert evaluate(model.scorer(adjacency), task) == pytest.approx(metrics["test"])
    assert evaluate(trained.scorer(adjacency), task) != metrics["test"]


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
    chosen = blended.but(linear_share=0.2, choose_linear_share=True)
    metrics = fit(graph, chosen, run=tmp_path / "run", options=options)
    folder = RunFolder(tmp_path / "run")
    model = folder.model()
    assert isinstance(model, Blend)
    assert model.share == metrics["linear_share"] != 0.2
    assert isinstance(model.model, TVDiff)
    adjacency = model.model.adjacency(graph.train_index)
    parts = {
        name: EvaluationTask.from_graph(graph, name) for name in ("validation", "test")
    }
    for name, task in parts.items():
        found = evaluate(model.scorer(adjacency), task)
        assert found == pytest.approx(metrics[name])

    def ndcg(share: float) -> float:
        scorer = model.with_share(share).scorer(adjacency)
        return evaluate(scorer, parts["validation"])["ndcg@20"]

    # A summit: no lower than where the climb began, nor than a step to either side.
    others = [ndcg(share) for share in (0.2, model.share * 1.5, model.share / 1.5)]
    assert metrics["validation"]["ndcg@20"] >= max(others) - 1e-6
    with pytest.raises(ValueError, match=r"'share' needs to be positive .*\(got 0.0\)"):
        choose_share(model.with_share(0.0), adjacency, parts["validation"])


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
    without = blended.but(linear_share=0.0)
    fit(graph, without, run=tmp_path / "without", options=options)
    last = [
        torch.load(RunFolder(tmp_path / name).last_checkpoint, weights_only=True)
        for name in ("with", "without")
    ]
    for name, value in last[1]["state_dict"].items():
        own = name.replace("model.", "model.model.", 1)
        torch.testing.assert_close(last[0]["state_dict"][own], value)
    assert not any("linear" in name for name in last[1]["state_dict"])


def test_resuming_reads_it_back(
    graph: BipartiteGraph, blended: Settings, options: FitOptions, tmp_path: Path
) -> None:
    straight = fit(graph, blended, run=tmp_path / "straight", options=options)
    shorter = blended.but(max_epochs=2)
    fit(graph, shorter, run=tmp_path / "run", options=options)
    again = replace(options, resume=True)
    resumed = fit(graph, blended, run=tmp_path / "run", options=again)
    assert resumed["test"] == pytest.approx(straight["test"])
    longer = blended.but(max_epochs=4)
    for name, other in (("linear_share", 0.2), ("linear_neighbors", 8)):
        changed = longer.but(**{name: other})
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
    with pytest.raises(ValueError, match=r"'linear_share' needs .*\(got -0.1\)"):
        Settings(linear_share=-0.1)
    for name in ("linear_l2", "linear_neighbors"):
        with pytest.raises(ValueError, match=rf"'{name}' needs .*\(got 0\)"):
            Settings(linear_share=0.3, **{name: 0})
        with pytest.raises(ValueError, match=rf"'{name}' is not read unless 'linear_s"):
            Settings(**{name: 7})
    for further in ({"score_with_dropout": True}, {"model": "ease"}):
        with pytest.raises(ValueError, match=r"'linear_share' .* dense factors"):
            Settings(linear_share=0.3, **further)
