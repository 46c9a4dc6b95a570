"""GF-CF and Turbo-CF against their equations, dense and in float64."""

from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.models.graphs import graph_of
from tests.oracle import CORNERS, normalise, random_matrix
from tvdiff_pyg.models import GFCF, Model, TurboCF
from tvdiff_pyg.sparse import BipartiteAdjacency

assert_close = partial(torch.testing.assert_close, atol=1e-5, rtol=1e-5)
MATRIX = random_matrix(30, 20, density=0.3)
PAIRS_AT_ONCE = "tvdiff_pyg.models.baselines.neighbors.PAIRS_AT_ONCE"
POLYNOMIALS = {
    1: lambda p: p,
    2: lambda p: 2 * p - p @ p,
    3: lambda p: p + 0.01 * (-p @ p @ p + 10 * p @ p - 29 * p),
}


def scores(model: Model, graph: BipartiteAdjacency) -> Tensor:
    """The score of every item for every user."""
    users = torch.arange(graph.user_rows.num_rows)
    score, item = model.scorer(graph).rank(users, graph.user_rows.num_cols)
    return torch.zeros_like(score).scatter_(1, item, score).double()


def ideal(matrix: Tensor, rank: int, alpha: float) -> Tensor:
    """The sum of both filters."""
    weighed = normalise(matrix, "symmetric")
    root = matrix.sum(dim=0).clamp(min=1).sqrt()
    vector = torch.linalg.svd(weighed).Vh[:rank].t()
    band = vector @ vector.t() / root[:, None] * root
    return weighed.t() @ weighed + alpha * band


@pytest.mark.parametrize(("rank", "alpha"), [(1, 0.3), (4, 1.0), (20, 0.5), (3, 0.0)])
def test_both_filters_follow_the_equation(rank: int, alpha: float) -> None:
    graph = graph_of(MATRIX)
    model = GFCF(rank, alpha).fit(graph)
    assert_close(scores(model, graph), MATRIX @ ideal(MATRIX, rank, alpha))


def test_fewer_vectors_than_asked_for_and_users_without_items() -> None:
    matrix = torch.tensor([[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0.0]]).double()
    graph = graph_of(matrix)
    assert_close(scores(GFCF(2).fit(graph), graph), matrix @ ideal(matrix, 2, 0.3))
    for corner in CORNERS.values():
        graph = graph_of(torch.tensor(corner))
        assert scores(GFCF().fit(graph), graph).isfinite().all()


def test_an_ideal_filter_of_the_whole_graph_is_named(
    caplog: pytest.LogCaptureFixture,
) -> None:
    graph = graph_of(MATRIX)
    GFCF(min(MATRIX.shape) - 1).fit(graph)
    assert not caplog.text
    GFCF(min(MATRIX.shape)).fit(graph)
    assert f"'rank' needs to be below {min(MATRIX.shape)}" in caplog.text


def test_a_seed_repeats_the_vectors_and_leaves_the_generator_alone() -> None:
    before = torch.get_rng_state()
    first, second = (GFCF(4).fit(graph_of(MATRIX), seed=3) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), before)
    assert first.item_vector is not None and second.item_vector is not None
    assert torch.equal(first.item_vector, second.item_vector)


def polynomial(matrix: Tensor, model: TurboCF) -> Tensor:
    """The filter between items."""
    config = model.config
    user, item = (matrix.sum(dim=one).clamp(min=1) for one in (1, 0))
    weighed = user[:, None] ** -config.alpha * matrix * item ** (config.alpha - 1)
    return POLYNOMIALS[config.order]((weighed.t() @ weighed) ** config.power)


@pytest.mark.parametrize("block", [1, 45, 2**21])
@pytest.mark.parametrize("power", [1.0, 0.7, 1.4])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_polynomials_follow_the_equation(
    order: int, power: float, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PAIRS_AT_ONCE, block)
    model, graph = TurboCF(0.6, power, order), graph_of(MATRIX)
    assert_close(scores(model, graph), MATRIX @ polynomial(MATRIX, model))


@pytest.mark.parametrize("power", [1.0, 0.7])
@pytest.mark.parametrize("corner", CORNERS)
def test_polynomials_on_hard_graphs(corner: str, power: float) -> None:
    matrix = torch.tensor(CORNERS[corner]).double()
    model, graph = TurboCF(0.3, power, 2), graph_of(matrix)
    assert_close(scores(model, graph), matrix @ polynomial(matrix, model))


@pytest.mark.parametrize("model", [GFCF(3), TurboCF(0.6, 0.7, 2)], ids=repr)
def test_blocks_do_not_matter_and_weights_are_those_of_the_filter(
    model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = graph_of(MATRIX)
    expected = (
        ideal(MATRIX, 3, 0.3) if isinstance(model, GFCF) else polynomial(MATRIX, model)
    )
    scorer = model.fit(graph).scorer(graph)
    whole = scores(model, graph)
    monkeypatch.setattr("tvdiff_pyg.models.baselines.graph_filter.BLOCK_ENTRIES", 90)
    assert_close(scores(model, graph), whole)
    item = torch.tensor([7, 0, 11])
    found = scorer.contributions(graph.user_rows.select(torch.tensor([4])), item)
    history = MATRIX[4].nonzero().flatten()
    assert_close(found.double(), expected[history][:, item])


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (GFCF, {"rank": 0}, r"'rank' needs to be at least 1 \(got 0\)"),
        (GFCF, {"alpha": -1.0}, r"'alpha' needs to be at least 0 \(got -1.0\)"),
        (TurboCF, {"alpha": 1.5}, r"'alpha' needs to be in \[0, 1\] \(got 1.5\)"),
        (TurboCF, {"power": 0.0}, r"'power' needs to be positive \(got 0.0\)"),
        (TurboCF, {"order": 4}, r"'order' needs to be .* \(got 4\)"),
    ],
)
def test_arguments_are_checked(kind: Any, options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind(**options)


def test_what_cannot_be_scored_is_refused() -> None:
    graph = graph_of(MATRIX)
    with pytest.raises(ValueError, match="GFCF needs to be fitted before it scores"):
        GFCF().scorer(graph)
    message = r"'adjacency' needs 20 items, as GFCF was fitted to \(got 4\)"
    with pytest.raises(ValueError, match=message):
        GFCF().fit(graph).scorer(graph_of([[0, 1, 1, 0]]))
