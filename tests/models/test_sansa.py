"""SANSA against EASE, and against its factorisation in dense lines in float64."""

from functools import partial

import pytest
import torch
from torch import Tensor

from tests.models.graphs import graph_of
from tests.oracle import CORNERS, random_matrix
from tvdiff_pyg.models import EASE, SANSA
from tvdiff_pyg.models.baselines.sparse_inverse import sparse_inverse
from tvdiff_pyg.sparse import BipartiteAdjacency

assert_close = partial(torch.testing.assert_close, atol=1e-4, rtol=1e-4)
# Many users, so that few counts are alike.
MATRIX = random_matrix(300, 20, density=0.4)


def weights(model: EASE | SANSA, graph: BipartiteAdjacency) -> Tensor:
    """What each item of a history adds to each score."""
    items = torch.arange(graph.user_rows.num_cols)
    return model.fit(graph).scorer(graph).ranker.weights(items, items).double()


def keep_largest(column: Tensor, count: int, scale: Tensor) -> Tensor:
    """Leave nothing but the entries that are furthest from 0, by a scale."""
    kept = (column.abs() / scale).sort(descending=True, stable=True).indices[:count]
    return torch.zeros_like(column).index_copy(0, kept, column[kept])


def inverse(matrix: Tensor, l2: float, count: int) -> Tensor:
    """The inverse of the penalised Gram matrix, eliminated in turn."""
    size, order = matrix.size(1), matrix.sum(dim=0).argsort(stable=True)
    rest = (matrix.t() @ matrix + l2 * torch.eye(size))[order][:, order]
    scale, ones = rest.diagonal().sqrt(), torch.ones(size)
    lower, inverted = torch.eye(size).double(), torch.eye(size).double()
    pivot = torch.zeros(size).double()
    for i in range(size):
        pivot[i] = rest[i, i]
        lower[i + 1 :, i] = (
            keep_largest(rest[i + 1 :, i], count, scale[i + 1 :]) / pivot[i]
        )
        rest = rest - pivot[i] * torch.outer(lower[:, i], lower[:, i])
    for i in reversed(range(size)):
        column = -inverted[:, i + 1 :] @ lower[i + 1 :, i]
        inverted[i + 1 :, i] = keep_largest(column[i + 1 :], count, ones[i + 1 :])
    back = order.argsort()
    return (inverted.t() / pivot @ inverted)[back][:, back]


@pytest.mark.parametrize("count", [1, 5, 12])
def test_what_is_dropped_follows_the_elimination(
    count: int, caplog: pytest.LogCaptureFixture
) -> None:
    expected = inverse(MATRIX, 900.0, count)
    expected = torch.eye(20) - expected / expected.diagonal()
    assert_close(weights(SANSA(count, 900.0), graph_of(MATRIX)), expected)
    assert not caplog.records


@pytest.mark.parametrize("matrix", [MATRIX, random_matrix(50, 30, 0.1)])
def test_with_nothing_dropped_it_is_ease(matrix: Tensor) -> None:
    graph = graph_of(matrix)
    model = SANSA(matrix.size(1), 3.0)
    assert_close(weights(model, graph), weights(EASE(3.0), graph))
    for one, two in zip(
        model.scorer(graph).rank(torch.arange(9), 5),
        EASE(3.0).fit(graph).scorer(graph).rank(torch.arange(9), 5),
        strict=True,
    ):
        assert_close(one, two)


@pytest.mark.parametrize("corner", CORNERS)
def test_it_is_ease_on_hard_graphs(corner: str) -> None:
    graph = graph_of(torch.tensor(CORNERS[corner]))
    assert_close(weights(SANSA(4, 0.5), graph), weights(EASE(0.5), graph))


def test_a_graph_without_items_is_fitted() -> None:
    graph = graph_of(torch.zeros(3, 0))
    _, item = SANSA().fit(graph).scorer(graph).rank(torch.arange(3), 2)
    assert item.tolist() == 3 * [[-1, -1]]


def test_factors_have_as_many_entries_as_they_may() -> None:
    rows, pivot = sparse_inverse(graph_of(MATRIX).user_rows, 900.0, 3)
    assert rows.degree().tolist() == [min(3, after) + 1 for after in place_from_end()]
    assert (pivot > 0).all()


def place_from_end() -> list[int]:
    """How many items are more frequent than each."""
    order = MATRIX.sum(dim=0).argsort(stable=True)
    return (MATRIX.size(1) - 1 - order.argsort()).tolist()


def test_a_penalty_is_raised_where_a_pivot_is_not_positive(
    caplog: pytest.LogCaptureFixture,
) -> None:
    graph = graph_of(MATRIX)
    found = weights(SANSA(1, 0.25), graph)
    (record,) = caplog.records
    raised = float(record.args[0])  # type: ignore[index,arg-type]
    assert raised > 0.25 and "it is raised to" in record.getMessage()
    assert_close(found, weights(SANSA(1, raised), graph))
    caplog.clear()
    weights(SANSA(20, 0.25), graph)
    assert not caplog.records


def test_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    graph, model = graph_of(MATRIX), SANSA(5, 900.0)
    whole = weights(model, graph)
    for module in ("models.baselines.sparse_inverse", "ranking.scores"):
        monkeypatch.setattr(f"tvdiff_pyg.{module}.BLOCK_ENTRIES", 60)
    assert_close(weights(model, graph), whole)


@pytest.mark.parametrize(
    ("count", "l2", "message"),
    [
        (0, 1.0, r"'num_neighbors' needs to be at least 1 \(got 0\)"),
        (1, 0.0, r"'l2' needs to be positive \(got 0.0\)"),
    ],
)
def test_arguments_are_checked(count: int, l2: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SANSA(count, l2)


def test_what_cannot_be_scored_is_refused() -> None:
    graph = graph_of(MATRIX)
    with pytest.raises(ValueError, match="SANSA needs to be fitted before it scores"):
        SANSA().scorer(graph)
    message = r"'adjacency' needs 20 items, as SANSA was fitted to \(got 4\)"
    with pytest.raises(ValueError, match=message):
        SANSA().fit(graph).scorer(graph_of([[0, 1, 1, 0]]))
