"""What every registered model offers, whatever it is: one suite for all."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch_geometric.data import HeteroData

from tests.builders import build, each_model, packages_of
from tests.oracle import pairs_of, random_matrix
from tvdiff_pyg import BipartiteGraph, Recommender, evaluate
from tvdiff_pyg.config import to_flat
from tvdiff_pyg.data import GraphSize
from tvdiff_pyg.evaluation import EvaluationTask
from tvdiff_pyg.machine import versions
from tvdiff_pyg.models import (
    MODELS,
    Blend,
    FactorScorer,
    LocalEASE,
    Model,
    TrainableModel,
)
from tvdiff_pyg.models.memory import Step
from tvdiff_pyg.sampled import neighbor_loader
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
    "hidden_dim": 5,
    "latent_dim": 3,
    "n_epochs": 1,
    "iterations": 2,
    "num_neighbors": 5,
}
NAMES = [entry.name for entry in MODELS if entry.config is not None] + ["blend"]

TRAINED = [name for name in NAMES if name == "blend" or MODELS[name].config().engines]


@pytest.fixture
def one_thread() -> Iterator[None]:
    """The package implicit repeats itself on one thread only."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def make(name: str) -> Model:
    for package in packages_of(name):
        pytest.importorskip(package)
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


@pytest.mark.parametrize("name", each_model(NAMES))
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


@pytest.mark.parametrize("name", TRAINED)
def test_a_batch_of_nobody_costs_nothing(name: str) -> None:
    # Of several processes, one may have no row of the last batch.
    model, nobody = make(name), torch.empty(0, dtype=torch.long)
    graph = graph_of(model)
    for engine in model.config.engines:
        for batches in model.config.batches:
            pairs = batches == "interactions"
            if engine == "exact":
                items = nobody if pairs else None
                loss = model.training_loss(graph, nobody, items)
            else:
                rows = GRAPH.train_index if pairs else torch.arange(24)
                loader = neighbor_loader(graph, rows, 3, 9, batch_sampler=[[]])
                loss = model.sampled_loss(graph, next(iter(loader)))
            model.zero_grad()
            loss.free_energy.backward()
            assert loss == (0, 0, 0)
            # All take part, so that no process waits for the gradient of another.
            assert all(not one.grad.any() for one in model.parameters())


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("name", each_model(NAMES))
def test_graphs_of_pyg_are_read_as_its_adjacency(name: str) -> None:
    data = HeteroData()
    data["reader"].num_nodes, data["book"].num_nodes = SIZE
    data["reader", "has", "book"].edge_index = GRAPH.train_index.flip(1)
    one = torch.ones(GRAPH.train_index.size(1))
    coo = torch.sparse_coo_tensor(
        GRAPH.train_index.flip(0), one, SIZE[::-1], check_invariants=True
    )
    model = make(name)
    graph = graph_of(model)
    expected = ranking(model.prepare(graph, seed=1).eval(), graph)
    seen = graph.user_rows
    for given in (data, coo, GRAPH):
        torch.manual_seed(0)
        again = make(name).prepare(given, seed=1).eval()
        found = again.scorer(given).rank(torch.arange(24), 5, seen)
        for one, two in zip(found, expected, strict=True):
            assert torch.equal(one, two)
    data["reader", "has", "book"].edge_label_index = HELD_OUT
    task = EvaluationTask.from_graph(GRAPH, "test")
    assert evaluate(model, data) == evaluate(model, GRAPH)
    assert evaluate(model, data) == evaluate(model.scorer(graph), task)
    with pytest.raises(ValueError, match=r"'scorer' needs to be prepared on a graph"):
        evaluate(model, task)


@pytest.mark.parametrize("name", each_model(NAMES))
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


@pytest.mark.parametrize("name", each_model(NAMES))
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


@pytest.mark.parametrize("name", each_model(NAMES))
def test_it_says_what_scores_lose_without_an_item_or_why_it_cannot(name: str) -> None:
    model = make(name)
    graph = graph_of(model)
    scorer = model.prepare(graph).eval().scorer(graph)
    if scorer.unexplained is not None:
        assert "knows users by their id" in scorer.unexplained
        return
    history, scored = graph.user_rows.select(torch.tensor([3])), torch.tensor([2, 0, 7])

    def scores(kept: torch.Tensor) -> torch.Tensor:
        pairs = torch.stack([torch.zeros_like(kept), kept])
        found = scorer.rank_histories(CSR.from_edge_index(pairs, (1, 18)), 18)
        return found[0][0, found[1][0].argsort()][scored]

    lost = [
        scores(history.col) - scores(history.col[history.col != one])
        for one in history.col
    ]
    found = scorer.contributions(history, scored)
    torch.testing.assert_close(found, torch.stack(lost), atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("name", each_model(NAMES))
def test_evaluation_and_recommending_rank_alike(name: str) -> None:
    model = make(name)
    graph = graph_of(model)
    model.prepare(graph).eval()
    task = EvaluationTask.from_graph(GRAPH, "test")
    metrics = evaluate(model.scorer(graph), task, ks=(5,))
    # What is held out would be left out as known.
    unknown = BipartiteGraph.from_edge_index(GRAPH.train_index, *SIZE)
    rows = Recommender(model, unknown).recommend(list(range(24)), k=5).items
    hits = [int(item) in row for item, row in zip(HELD_OUT[1], rows, strict=True)]
    assert metrics["recall@5"] == pytest.approx(sum(hits) / 24)


@pytest.mark.parametrize("name", each_model(NAMES))
def test_it_names_the_packages_that_compute_it(name: str) -> None:
    packages = make(name).config.packages
    needed = {
        "ials": "implicit",
        "implicit-bpr": "implicit",
        "vaecf": "cornac",
        "recvae": "cornac",
    }
    assert packages == ((needed[name],) if name in needed else ())
    assert set(versions(*packages)) - set(versions()) == set(packages)


@pytest.mark.parametrize("name", each_model(NAMES))
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


@pytest.mark.parametrize("name", each_model(NAMES))
def test_it_plans_more_memory_for_more(name: str) -> None:
    config = make(name).config
    step = Step("exact", batch_size=128)
    small, large = (
        sum(config.memory(GraphSize(*size), step).values())
        for size in ((1_000, 500, 10_000), (10_000, 5_000, 100_000))
    )
    assert 0 < small < large


@pytest.mark.parametrize("name", each_model(NAMES))
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
    with pytest.raises(ValueError, match=r"'adjacency' needs to be an adjacency, as"):
        model.training_loss(GRAPH, torch.tensor([0, 1]))
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
