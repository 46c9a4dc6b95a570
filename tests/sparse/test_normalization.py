"""Edge weights of the bipartite graph and the adjacency that holds them."""

import pytest
import torch

from tests.oracle import CORNERS, NORM_POWERS, normalise, pairs_of
from tvdiff_pyg.sparse import BipartiteAdjacency, bipartite_norm


@pytest.mark.parametrize("normalization", NORM_POWERS)
@pytest.mark.parametrize("corner", CORNERS)
def test_weights_are_powers_of_degrees(corner: str, normalization: str) -> None:
    matrix = torch.tensor(CORNERS[corner], dtype=torch.float64)
    user, item = pairs_of(matrix)
    value = torch.linspace(1, 2, user.numel(), dtype=torch.float64)
    matrix[user, item] = value
    weight = bipartite_norm(
        torch.stack([user, item]), tuple(matrix.shape), normalization, value
    )
    expected = normalise(matrix, normalization)[user, item]
    torch.testing.assert_close(weight, expected)


@pytest.mark.parametrize(
    ("normalization", "expected"),
    [
        # User 0 has two items, user 1 one; item 1 has two users, item 0 one.
        ("symmetric", [2**-0.5, 2**-0.5 * 2**-0.5, 2**-0.5]),
        ("left", [1 / 2, 1 / 2, 1]),
        ("linkprop", [2**-0.25, 2**-0.25 * 2**-0.5, 2**-0.5]),
    ],
)
def test_weights_by_hand(normalization: str, expected: list[float]) -> None:
    pairs = torch.tensor([[0, 0, 1], [0, 1, 1]])
    weight = bipartite_norm(pairs, (2, 2), normalization)
    assert weight.tolist() == pytest.approx(expected)


def test_left_weights_of_a_user_add_up_to_one() -> None:
    pairs = pairs_of(CORNERS["plain"])
    weight = bipartite_norm(pairs, (3, 4), "left")
    assert torch.bincount(pairs[0], weight).tolist() == pytest.approx([1, 1, 1])


@pytest.mark.parametrize("normalization", ["none", "right"])
def test_unknown_normalization(normalization: str) -> None:
    message = (
        r"'normalization' needs to be one of \['left', 'linkprop', 'symmetric'\] here "
        rf"\(got '{normalization}'\)"
    )
    with pytest.raises(ValueError, match=message):
        bipartite_norm(torch.zeros(2, 1, dtype=torch.long), (1, 1), normalization)


@pytest.mark.parametrize("side", [0, 1])
def test_every_node_has_a_degree(side: int) -> None:
    degree = [torch.ones(3), torch.ones(4)]
    degree[side] = torch.ones(5)
    message = rf"'degree\[{side}\]' needs to be of shape \[{3 + side}\] \(got \[5\]\)"
    with pytest.raises(ValueError, match=message):
        bipartite_norm(pairs_of(CORNERS["plain"]), (3, 4), degree=degree)


def test_adjacency_without_normalization_has_no_weights() -> None:
    pairs = pairs_of(CORNERS["plain"])
    adjacency = BipartiteAdjacency.from_edge_index(pairs, (3, 4), "none")
    assert adjacency.item_rows.value is None
    assert adjacency.user_rows.degree().tolist() == [3, 2, 2]
    assert adjacency.item_rows.degree().tolist() == [2, 2, 2, 1]


def test_adjacency_refuses_an_unknown_normalization() -> None:
    with pytest.raises(ValueError, match=r"'normalization' needs .* \(got 'right'\)"):
        BipartiteAdjacency.from_edge_index(pairs_of([[1]]), (1, 1), "right")


def test_adjacency_moves() -> None:
    adjacency = BipartiteAdjacency.from_edge_index(pairs_of([[1, 1]]), (1, 2))
    moved = adjacency.to("meta")
    assert moved.user_rows.col.is_meta
    assert moved.item_rows.value is not None
    assert moved.item_rows.value.is_meta


@pytest.mark.parametrize(
    ("degree", "message"),
    [
        ((torch.ones(2, 1), torch.ones(3)), r"'degree\[0\]' .* \[2\] \(got \[2, 1\]\)"),
        ((torch.ones(2), torch.ones(2)), r"'degree\[1\]' .* of shape \[3\]"),
        ((torch.ones(2),), "'degree' needs to be a pair of tensors"),
        ((2, 3), r"'degree\[0\]' needs to be a tensor \(got int\)"),
    ],
)
def test_there_is_a_degree_for_each_node(degree: object, message: str) -> None:
    pairs = torch.tensor([[0, 1], [0, 1]])
    with pytest.raises(ValueError, match=message):
        bipartite_norm(pairs, (2, 3), degree=degree)
