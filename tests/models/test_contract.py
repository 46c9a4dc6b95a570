"""What every registered model offers, whatever it is: one suite for all."""

import io
from typing import Any

import pytest
import torch

from tests.builders import build
from tests.oracle import pairs_of, random_matrix
from tvdiff_pyg import BipartiteGraph, Recommender, evaluate
from tvdiff_pyg.config import to_flat
from tvdiff_pyg.data import GraphSize
from tvdiff_pyg.evaluation import EvaluationTask
from tvdiff_pyg.models import (
    MODELS,
    Blend,
    FactorScorer,
    LocalEASE,
    Model,
    TrainableModel,
)
from tvdiff_pyg.models.memory import Step
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency
from tvdiff_pyg.training import Settings

SIZE = (24, 18)
MATRIX = random_matrix(*SIZE, density=0.4)
HELD_OUT = torch.stack([torch.arange(24), (MATRIX == 0).float().argmax(dim=1)])
GRAPH = BipartiteGraph.from_edge_index(pairs_of(MATRIX), *SIZE, test_index=HELD_OUT)
# Small, and quick to fit.
SMALL = {
    "hidden_channels": 6,
    "num_timesteps": 3,
    "factors": 4,
    "k": 3,
    "autoencoder_structure": (5,),
    "n_epochs": 1,
    "iterations": 2,
    "num_neighbors": 5,
}
NEEDS = {"ials": "implicit", "implicit-bpr": "implicit", "multi-vae": "cornac"}
NAMES = [entry.name for entry in MODELS if entry.config is not None] + ["blend"]


def make(name: str) -> Model:
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    torch.manual_seed(0)
    if name == "blend":
        return Blend(build("bpr-mf", *SIZE, hidden_channels=6), LocalEASE(5))
    built: Model = build(name, *SIZE, **SMALL)
    return built


def graph_of(model: Model) -> BipartiteAdjacency:
    return BipartiteAdjacency.from_edge_index(
        GRAPH.train_index, SIZE, model.normalization
    )


def ranking(model: Model, graph: BipartiteAdjacency) -> Any:
    return model.scorer(graph).rank(torch.arange(24), 5, graph.user_rows)


@pytest.mark.parametrize("name", NAMES)
def test_its_state_rebuilds_it_exactly(name: str) -> None:
    model = make(name)
    graph = graph_of(model)
    model.prepare(graph, seed=1).eval()
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    other = model.config.build(*SIZE).eval()
    other.load_state_dict(torch.load(file, weights_only=True))
    assert type(other) is type(model) and other.config == model.config
    for one, two in zip(ranking(model, graph), ranking(other, graph), strict=True):
        assert torch.equal(one, two)


@pytest.mark.parametrize("name", NAMES)
def test_seen_items_stay_out_and_batches_do_not_matter(name: str) -> None:
    model = make(name)
    graph = graph_of(model)
    scorer = model.prepare(graph).eval().scorer(graph)
    users = torch.arange(24)
    score, item = scorer.rank(users, 30, graph.user_rows)
    assert score.shape == item.shape == (24, 30)
    found = item >= 0
    assert (MATRIX[users[:, None].expand(-1, 30)[found], item[found]] == 0).all()
    assert torch.equal(found.sum(dim=1), (MATRIX == 0).sum(dim=1))
    for user in users.split(7):
        alone = scorer.rank(user, 30, graph.user_rows.select(user))[0]
        torch.testing.assert_close(alone, score[user])


@pytest.mark.parametrize("name", NAMES)
def test_histories_rank_like_users_or_are_refused(name: str) -> None:
    model = make(name)
    graph = graph_of(model)
    scorer = model.prepare(graph).eval().scorer(graph)
    rows: CSR = graph.user_rows
    try:
        found = scorer.rank_histories(rows, 5, rows)
    except ValueError as error:
        assert "knows users by their id" in str(error)
        return
    if name != "ials":  # its known users are an iteration behind
        torch.testing.assert_close(found[0], scorer.rank(torch.arange(24), 5, rows)[0])


@pytest.mark.parametrize("name", NAMES)
def test_evaluation_and_recommending_rank_alike(name: str) -> None:
    model = make(name)
    graph = graph_of(model)
    model.prepare(graph).eval()
    task = EvaluationTask.from_graph(GRAPH, "test")
    metrics = evaluate(model.scorer(graph), task, ks=(5,))
    rows = Recommender(model, GRAPH).recommend(list(range(24)), k=5).items
    hits = [int(item) in row for item, row in zip(HELD_OUT[1], rows, strict=True)]
    assert metrics["recall@5"] == pytest.approx(sum(hits) / 24)


@pytest.mark.parametrize("name", NAMES)
def test_its_factors_score_as_it_says(name: str) -> None:
    model = make(name)
    graph = graph_of(model)
    scorer = model.prepare(graph).eval().scorer(graph)
    if not model.config.dense_factors:
        assert scorer.factors is None
        return
    assert isinstance(scorer.factors, FactorScorer)
    if scorer.factors is scorer:
        product = scorer.known(torch.arange(24)) @ scorer.factors.item_factor.t()
        score, item = scorer.rank(torch.arange(24), 18)
        torch.testing.assert_close(product.gather(1, item), score)


@pytest.mark.parametrize("name", NAMES)
def test_it_plans_more_memory_for_more(name: str) -> None:
    config = make(name).config
    step = Step("exact", batch_size=128)
    small, large = (
        sum(config.memory(GraphSize(*size), step).values())
        for size in ((1_000, 500, 10_000), (10_000, 5_000, 100_000))
    )
    assert 0 < small < large


@pytest.mark.parametrize("name", NAMES)
def test_it_is_trained_or_fitted(name: str) -> None:
    model = make(name)
    if not model.config.engines:
        with pytest.raises(NotImplementedError):
            model.training_loss(graph_of(model), torch.tensor([0]))
        return
    trained = model.model if isinstance(model, Blend) else model
    assert isinstance(trained, TrainableModel)
    loss = model.training_loss(graph_of(model), torch.tensor([0, 1]))
    loss.free_energy.backward()
    assert any(p.grad is not None for p in model.parameters())
    small = BipartiteAdjacency.from_edge_index(torch.tensor([[0], [0]]), (2, 2))
    with pytest.raises(ValueError, match=r"'graph' needs 24 users and 18 items"):
        trained.scorer(small)


@pytest.mark.parametrize("name", MODELS.names())
def test_flat_settings_name_it(name: str) -> None:
    entry = MODELS[name]
    assert entry.config is not None and len(entry.about) > 20
    config = entry.config()
    assert Settings(model=name).model == config
    assert Settings(model=name, **to_flat(config)).model == config
