"""Random walks and user neighbours against their equations, dense and in float64."""

from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.models.graphs import graph_of
from tests.oracle import CORNERS, random_matrix
from tvdiff_pyg.models import Model, RP3beta, UserKNN
from tvdiff_pyg.models.baselines.user_knn import UserKNNScorer
from tvdiff_pyg.sparse import BipartiteAdjacency

MATRIX = random_matrix(30, 20, density=0.3)
assert_close = partial(torch.testing.assert_close, atol=1e-6, rtol=1e-5)
PAIRS_AT_ONCE = "tvdiff_pyg.models.baselines.neighbors.PAIRS_AT_ONCE"


def scores(model: Model, graph: BipartiteAdjacency) -> Tensor:
    """The score of every item for every user."""
    users = torch.arange(graph.user_rows.num_rows)
    score, item = model.scorer(graph).rank(users, graph.user_rows.num_cols)
    return torch.zeros_like(score).scatter_(1, item, score).double()


def inverse(degree: Tensor, power: float) -> Tensor:
    return torch.where(degree > 0, degree.clamp(min=1) ** -power, 0.0)


def walks(matrix: Tensor, alpha: float, beta: float) -> Tensor:
    """What walks of three steps weigh, all of them."""
    item, user = matrix.sum(dim=0), matrix.sum(dim=1)
    from_item = inverse(item, alpha)[:, None] * matrix.t()
    from_user = inverse(user, alpha)[:, None] * matrix
    weight = from_item @ from_user * inverse(item, beta)
    return weight.fill_diagonal_(0.0)


def largest(weight: Tensor, count: int) -> Tensor:
    """The largest of each row, the others zero."""
    value, place = weight.topk(min(count, weight.size(1)), dim=1)
    return torch.zeros_like(weight).scatter_(1, place, value)


@pytest.mark.parametrize("block", [1, 45, 2**21])
@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize(("alpha", "beta"), [(1.0, 0.0), (0.7, 0.4), (0.0, 1.2)])
def test_walks_follow_the_equation(
    alpha: float,
    beta: float,
    normalize: bool,
    block: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(PAIRS_AT_ONCE, block)
    count = 6 if alpha == 0.7 else 20  # where none weigh the same, the best of them
    graph = graph_of(MATRIX)
    model = RP3beta(count, alpha, beta, normalize)
    expected = largest(walks(MATRIX, alpha, beta), count)
    if normalize:
        expected = expected / expected.sum(dim=1, keepdim=True)
    weight = model.fit(graph).weight
    assert weight is not None
    assert_close(weight.to_dense().t().double(), expected)
    assert_close(scores(model, graph), MATRIX @ expected)


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("corner", CORNERS)
def test_walks_on_hard_graphs(corner: str, normalize: bool) -> None:
    matrix = torch.tensor(CORNERS[corner]).double()
    expected = walks(matrix, 1.0, 0.5)
    if normalize:
        total = expected.sum(dim=1, keepdim=True)
        expected = torch.where(total > 0, expected / total, 0.0)
    graph = graph_of(matrix)
    model = RP3beta(beta=0.5, normalize=normalize).fit(graph)
    assert_close(scores(model, graph), matrix @ expected)


def likeness(left: Tensor, right: Tensor, model: UserKNN) -> Tensor:
    """How similar users are to others who have met something else."""
    shared = left @ right.t()
    size, others = left.sum(dim=1)[:, None], right.sum(dim=1)
    norm = (size * others).sqrt()
    if model.config.similarity == "jaccard":
        norm = size + others - shared
    found = torch.where(shared > 0, shared / (norm + model.config.shrink), 0.0)
    return found * (shared < others)


KNN = [UserKNN(50), UserKNN(50, 3.0), UserKNN(50, similarity="jaccard")]


@pytest.mark.parametrize("block", [1, 45, 2**21])
@pytest.mark.parametrize("model", KNN, ids=repr)
def test_neighbours_follow_the_equation(
    model: UserKNN, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PAIRS_AT_ONCE, block)
    similarity = likeness(MATRIX, MATRIX, model)
    assert_close(scores(model, graph_of(MATRIX)), similarity @ MATRIX)
    few = UserKNN(4, model.config.shrink, model.config.similarity)
    scorer = few.scorer(graph_of(MATRIX))
    found = scorer.known(torch.arange(30))
    kept = torch.zeros(30, 30).double()
    kept[found.row(), found.col] = found.values().double()
    # Which of two equals is kept is open; how similar the kept ones are is not.
    assert_close(kept, similarity.where(kept > 0, 0.0))
    best = largest(similarity, 4).sort(dim=1).values
    assert_close(kept.sort(dim=1).values, best)
    assert_close(scores(few, graph_of(MATRIX)), kept @ MATRIX)


@pytest.mark.parametrize("corner", CORNERS)
def test_neighbours_on_hard_graphs(corner: str) -> None:
    matrix = torch.tensor(CORNERS[corner]).double()
    model = UserKNN()
    expected = likeness(matrix, matrix, model) @ matrix
    assert_close(scores(model, graph_of(matrix)), expected)


def test_new_histories_find_their_neighbours() -> None:
    model, new = UserKNN(50), random_matrix(5, 20, density=0.2, seed=7)
    score, item = model.scorer(graph_of(MATRIX)).rank_histories(
        graph_of(new).user_rows, 20
    )
    found = torch.zeros_like(score).scatter_(1, item, score)
    expected = likeness(new, MATRIX, model) @ MATRIX
    assert_close(found.double(), expected)


def test_users_are_no_neighbours_of_their_own() -> None:
    graph = graph_of(MATRIX)
    scorer = UserKNN(50).fit(graph).scorer(graph)
    assert isinstance(scorer, UserKNNScorer)
    found = scorer.known(torch.arange(30))
    assert (found.row() != found.col).all() and found.nnz > 300


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (RP3beta, {"num_neighbors": 0}, r"'num_neighbors' .* at least 1 \(got 0\)"),
        (RP3beta, {"alpha": -0.1}, r"'alpha' needs to be at least 0 \(got -0.1\)"),
        (RP3beta, {"beta": -1.0}, r"'beta' needs to be at least 0 \(got -1.0\)"),
        (UserKNN, {"num_neighbors": 0}, r"'num_neighbors' .* at least 1 \(got 0\)"),
        (UserKNN, {"similarity": "dot"}, r"'similarity' .*'jaccard'\] \(got 'dot'\)"),
    ],
)
def test_arguments_are_checked(kind: Any, options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind(**options)
