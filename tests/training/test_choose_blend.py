"""Training beside a linear item model: what is scored, kept, resumed and refused."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tvdiff_pyg import Recommender
from tvdiff_pyg.data import BipartiteGraph, from_arrays
from tvdiff_pyg.data.graph_size import GraphSize
from tvdiff_pyg.evaluation import EvaluationTask, evaluate
from tvdiff_pyg.models import Blend, LocalEASE, TVDiff
from tvdiff_pyg.models.baselines.local_ease import LocalEASEConfig
from tvdiff_pyg.training import FitOptions, RunFolder, Settings, fit, fit_final
from tvdiff_pyg.training.choose_blend import candidates, choose_blend, climb
from tvdiff_pyg.training.linear_config import LinearConfig

SHARE = {"linear_share": 0.7, "linear_neighbors": 9, "linear_l2": 3.0}


@pytest.fixture(scope="module")
def blended(settings: Settings) -> Settings:
    return settings.but(**SHARE)


@pytest.fixture(scope="module")
def run(
    graph: BipartiteGraph,
    blended: Settings,
    options: FitOptions,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Return the folder of a finished run, which is not to be changed."""
    folder = tmp_path_factory.mktemp("blended") / "run"
    fit(graph, blended, run=folder, options=options)
    return folder


def test_the_blend_is_what_is_ranked_and_kept(graph: BipartiteGraph, run: Path) -> None:
    folder = RunFolder(run)
    metrics, model = folder.metrics(), folder.model()
    assert isinstance(model, Blend) and model.share == 0.7
    trained = model.model
    assert isinstance(trained, TVDiff)
    adjacency = trained.adjacency(graph.train_index)
    expected = LocalEASE(9, 3.0).fit(adjacency)
    torch.testing.assert_close(model.linear.weight, expected.weight)
    task = EvaluationTask.from_graph(graph, "test")
    assert evaluate(model.scorer(adjacency), task) == pytest.approx(metrics["test"])
    assert evaluate(trained.scorer(adjacency), task) != metrics["test"]


def test_the_epoch_is_chosen_by_the_blend(run: Path) -> None:
    metrics = RunFolder(run).metrics()
    log = (run / "logs/version_0/metrics.csv").read_text().splitlines()
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
        choose_blend([model.with_share(0.0)], adjacency, parts["validation"])


@pytest.mark.parametrize("numbers", [(9, 2), (2, 9), (9, 0), (9, 9)])
def test_the_linear_model_is_chosen_after_training(
    numbers: tuple[int, int],
    graph: BipartiteGraph,
    blended: Settings,
    options: FitOptions,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tvdiff_pyg.training.linear_config.DENSE", math.inf)
    number, other = numbers
    alone = {"linear_neighbors": number, "choose_linear_share": True}
    both = blended.but(**alone, other_linear_neighbors=other)
    told = {
        one: fit(
            graph,
            blended.but(**alone | {"linear_neighbors": one}),
            run=tmp_path / f"{one}",
            options=options,
        )
        for one in {number, other or number}
    }
    metrics = fit(graph, both, run=tmp_path / "run", options=options)
    # All train for as many epochs, and keep the last, so that one denoiser is blended.
    assert {one["best_epoch"] for one in told.values()} == {metrics["best_epoch"]}
    best = max(told.values(), key=lambda one: one["validation"]["ndcg@20"])
    for name in ("linear_neighbors", "linear_share", "validation", "test"):
        assert metrics[name] == best[name]
    folder = RunFolder(tmp_path / "run")
    model = folder.model()
    assert isinstance(model, Blend) and isinstance(model.linear, LocalEASE)
    assert model.linear.config.num_neighbors == metrics["linear_neighbors"]
    more = both.but(max_epochs=both["max_epochs"] + 1)
    resumed = fit(graph, more, run=folder.path, options=replace(options, resume=True))
    assert resumed["linear_neighbors"] in numbers
    final = fit_final(folder.path, run=tmp_path / "final", options=options)
    assert final["linear_neighbors"] == resumed["linear_neighbors"]


@pytest.mark.parametrize(
    ("numbers", "density", "expected"),
    [
        ((9, 4), 0.01, [(9, 3.0), (4, 3.0), (4, 12.0)]),
        ((9, 4), 0.0099, [(9, 3.0), (4, 3.0)]),
        ((9, 20), 0.5, [(9, 3.0), (9, 12.0)]),
        ((9, 0), 0.5, [(9, 3.0)]),
    ],
)
def test_on_a_dense_graph_a_larger_penalty_is_tried(
    numbers: tuple[int, int], density: float, expected: list[tuple[int, float]]
) -> None:
    first, other = numbers
    linear = LinearConfig(0.2, True, first, other, linear_l2=3.0)
    found = linear.candidates(9, density)
    assert [(one.num_neighbors, one.l2) for one in found] == expected


@pytest.mark.parametrize("l2", [3.0, 300.0])
def test_the_penalty_is_chosen_after_training(
    l2: float,
    graph: BipartiteGraph,
    blended: Settings,
    options: FitOptions,
    tmp_path: Path,
) -> None:
    assert GraphSize.of(graph).density > 0.02
    chosen = blended.but(choose_linear_share=True)
    told = [
        fit(graph, chosen.but(linear_l2=one), run=tmp_path / f"{one}", options=options)
        for one in (l2, 4 * l2)
    ]
    both = chosen.but(linear_l2=l2, other_linear_neighbors=9)
    metrics = fit(graph, both, run=tmp_path / "run", options=options)
    best = max(told, key=lambda one: one["validation"]["ndcg@20"])
    for name in ("linear_l2", "linear_share", "validation", "test"):
        assert metrics[name] == best[name]
    model = RunFolder(tmp_path / "run").model()
    assert isinstance(model, Blend)
    assert model.linear.config == LocalEASEConfig(9, metrics["linear_l2"])
    fit_final(tmp_path / "run", run=tmp_path / "final", options=options)
    assert RunFolder(tmp_path / "final").config()["linear_l2"] == metrics["linear_l2"]


@pytest.fixture
def popular() -> BipartiteGraph:
    """Return a graph on which an item's popularity is all that there is to know."""
    source = torch.Generator().manual_seed(0)
    chance = torch.arange(1.0, 81).pow(-1).expand(150, -1)
    item = chance.multinomial(10, generator=source).flatten()
    user = torch.arange(150).repeat_interleave(10)
    return from_arrays(user, item)


def test_popularity_is_chosen_where_it_is_all_that_there_is_to_know(
    popular: BipartiteGraph, blended: Settings, options: FitOptions, tmp_path: Path
) -> None:
    chosen = blended.but(choose_linear_share=True)
    metrics = fit(popular, chosen, run=tmp_path / "run", options=options)
    assert metrics["popularity_share"] > 0.1
    model = RunFolder(tmp_path / "run").model()
    assert isinstance(model, Blend)
    assert model.popularity_share == metrics["popularity_share"]
    adjacency = model.adjacency_of(popular)
    for part in ("validation", "test"):
        task = EvaluationTask.from_graph(popular, part)
        found = evaluate(model.scorer(adjacency), task)
        assert found == pytest.approx(metrics[part])
    task = EvaluationTask.from_graph(popular, "validation")
    plain = evaluate(model.with_popularity(0.0).scorer(adjacency), task)
    assert plain["ndcg@20"] < metrics["validation"]["ndcg@20"]
    fit_final(tmp_path / "run", run=tmp_path / "final", options=options)
    final = RunFolder(tmp_path / "final").config()
    assert final["popularity_share"] == metrics["popularity_share"]


def test_popularity_that_is_far_behind_is_not_tried(
    popular: BipartiteGraph,
    blended: Settings,
    options: FitOptions,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chosen = blended.but(choose_linear_share=True)
    given = chosen.but(popularity_share=0.4)
    monkeypatch.setattr("tvdiff_pyg.training.choose_blend.NEARLY", math.inf)
    metrics = fit(popular, chosen, run=tmp_path / "run", options=options)
    assert metrics["popularity_share"] == 0
    metrics = fit(popular, given, run=tmp_path / "given", options=options)
    assert metrics["popularity_share"] >= 0.4


def test_candidates_leave_models_in_their_mode(
    graph: BipartiteGraph, run: Path
) -> None:
    blend = RunFolder(run).model()
    assert isinstance(blend, Blend)
    linear = LinearConfig(0.2, True, 9, other_linear_neighbors=4, linear_l2=3.0)
    found = list(candidates(blend, linear, blend.adjacency_of(graph)))
    assert [one.share for one in found] == [0.2, 0.2, 0.2]
    assert found[0].linear is blend.linear
    assert found[1].model is blend.model and found[2].model is blend.model
    for one in found:
        assert not one.with_share(0.3).training and not blend.model.training


def test_a_linear_model_of_too_many_weights_is_not_tried(
    graph: BipartiteGraph,
    blended: Settings,
    options: FitOptions,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    most = "tvdiff_pyg.training.linear_config.MOST_WEIGHTS"
    monkeypatch.setattr(most, 20 * graph.num_items - 1)
    chosen = blended.but(choose_linear_share=True, other_linear_neighbors=20)
    with caplog.at_level("INFO"):
        metrics = fit(graph, chosen, run=tmp_path / "run", options=options)
    assert "too many items to try a linear model of 20 neighbours" in caplog.text
    assert metrics["linear_neighbors"] == chosen["linear_neighbors"]
    assert RunFolder(tmp_path / "run").config()["other_linear_neighbors"] == 0


@pytest.mark.parametrize("summit", [0.05, 0.2, 0.3, 0.5, 4.0])
def test_the_climb_ends_within_a_step_of_the_summit(summit: float) -> None:
    tried = []

    def score(share: float) -> float:
        tried.append(share)
        return -abs(math.log(share / summit))

    best, reached = climb(score, start=0.3)
    assert reached == -abs(math.log(best / summit))
    assert abs(math.log(best / summit)) <= math.log(1.5)
    assert len(set(tried)) == len(tried)
    assert score(best) == max(map(score, list(tried)))


def test_training_is_the_same_with_it_and_without(run: Path, fitted: Path) -> None:
    last = [
        torch.load(RunFolder(one).last_checkpoint, weights_only=True)
        for one in (run, fitted)
    ]
    for name, value in last[1]["state_dict"].items():
        own = name.replace("model.", "model.model.", 1)
        torch.testing.assert_close(last[0]["state_dict"][own], value)
    assert not any("linear" in name for name in last[1]["state_dict"])


def test_resuming_reads_it_back(
    graph: BipartiteGraph,
    blended: Settings,
    options: FitOptions,
    run: Path,
    tmp_path: Path,
) -> None:
    straight = RunFolder(run).metrics()
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


def test_recommending_from_the_run_folder(graph: BipartiteGraph, run: Path) -> None:
    recommender = Recommender.load(run, device="cpu")
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
