"""What the operator is called with: right along any dimension, or one sentence."""

import numpy as np
import pytest
import torch
from torch_geometric import EdgeIndex
from torch_geometric.typing import WITH_TORCH_SPARSE, SparseTensor

from tests.nn.formats import MATRIX, PAIRS, SIZE
from tests.oracle import normalise, pairs_of, random_matrix
from tvdiff_pyg.nn import BipartiteConv

WEIGHT = torch.linspace(-1, 2, PAIRS.size(1), dtype=torch.double)
WEIGHTED = torch.zeros_like(MATRIX)
WEIGHTED[PAIRS[0], PAIRS[1]] = WEIGHT
X = torch.randn(*SIZE[:1], 3, generator=torch.manual_seed(0), dtype=torch.double)


@pytest.mark.parametrize(
    ("node_dim", "shape"),
    [(-2, (2, 5, 3)), (0, (5, 3)), (0, (5, PAIRS.size(1), 3)), (0, (5,)), (1, (4, 5))],
)
def test_nodes_along_any_dimension(node_dim: int, shape: tuple[int, ...]) -> None:
    x = torch.randn(shape, generator=torch.manual_seed(0), dtype=torch.double)
    conv = BipartiteConv(node_dim=node_dim)
    out = conv((x, None), PAIRS, WEIGHT, size=SIZE)
    matrix = torch.zeros_like(MATRIX)
    norm = normalise(MATRIX, "symmetric")
    matrix[PAIRS[0], PAIRS[1]] = WEIGHT * norm[PAIRS[0], PAIRS[1]]
    by_node = x.movedim(node_dim, 0).reshape(SIZE[0], -1)
    expected = (matrix.t() @ by_node).view(-1, *x.movedim(node_dim, 0).shape[1:])
    torch.testing.assert_close(out, expected.movedim(0, node_dim))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (X.long(), r"'x' needs to hold floating-point numbers \(got torch.int64\)"),
        (X.to(torch.cfloat), r"'x' needs to hold floating-point .* torch.complex64"),
        (X.to_sparse(), r"'x' needs to be a dense tensor \(got torch.sparse_coo\)"),
        (X.numpy(), r"'x' needs to be a tensor or a pair .*ndarray"),
        ((X,), r"'x' needs to be a tensor or a pair of them \(got 1 of them\)"),
        ((None, X), r"'x' needs to be a dense tensor \(got NoneType\)"),
        ({"user": X}, r"'x' needs to be a tensor or a pair .*dict"),
        (X[:, 0], r"'x' needs to be of shape \[num_nodes, channels\] \(got \[5\]\)"),
    ],
)
def test_vectors_are_dense_real_numbers(x: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BipartiteConv()(x, PAIRS[:, :0])


@pytest.mark.parametrize(
    "size", [5, (5,), (5, 7, 1), (5, -1), (5, 7.0), (5, True), torch.tensor([5, 7])]
)
def test_a_size_is_two_numbers(size: object) -> None:
    with pytest.raises(ValueError, match="'size' needs to"):
        BipartiteConv()((X, None), PAIRS, size=size)


def test_numbers_of_a_size_may_be_numpys() -> None:
    size = (None, np.int64(SIZE[1]))
    assert BipartiteConv()((X, None), PAIRS, size=size).shape == (SIZE[1], 3)


@pytest.mark.parametrize("fuse", [True, False])
@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (2.0, r"'edge_weight' needs to be a tensor \(got float\)"),
        (WEIGHT.tolist(), r"'edge_weight' needs to be a tensor \(got list\)"),
        (WEIGHT.numpy(), r"'edge_weight' needs to be a tensor \(got ndarray\)"),
        (WEIGHT.to(torch.cfloat), r"'edge_weight' needs to hold real numbers"),
        (WEIGHT[:1], r"'edge_weight' needs to be of shape \[\d+\] \(got \[1\]\)"),
    ],
)
def test_weights_are_a_vector(weight: object, message: str, fuse: bool) -> None:
    conv = BipartiteConv()
    conv.fuse = fuse
    with pytest.raises(ValueError, match=message):
        conv((X, None), PAIRS, weight, size=SIZE)


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.long, torch.half])
def test_weights_of_any_real_type(dtype: torch.dtype) -> None:
    weight = (WEIGHT.abs() * 2).to(dtype)
    matrix = torch.zeros_like(MATRIX)
    matrix[PAIRS[0], PAIRS[1]] = weight.double()
    out = BipartiteConv("none")((X, None), PAIRS, weight, size=SIZE)
    torch.testing.assert_close(out, matrix.t() @ X)


@pytest.mark.parametrize("square", [False, True])
@pytest.mark.parametrize("sort_order", ["row", "col"])
def test_flipped_edges_whose_cache_was_filled(sort_order: str, square: bool) -> None:
    # PyG exchanges the offsets of the two sides then.
    matrix = random_matrix(5, 5, seed=3) if square else MATRIX
    size = matrix.size()
    edges, _ = EdgeIndex(pairs_of(matrix), sparse_size=size).sort_by(sort_order)
    x = torch.randn(size[1], 2, generator=torch.manual_seed(0), dtype=torch.double)
    flipped = edges.fill_cache_().flip(0)
    out = BipartiteConv("none")((x, None), flipped)
    torch.testing.assert_close(out, matrix @ x)


@pytest.mark.parametrize("fuse", [True, False])
@pytest.mark.parametrize("layout", [torch.sparse_csr, torch.sparse_csc])
@pytest.mark.parametrize("wrong", [[0, 1, 0, 1], [0, 1, 1, 100], [1, 1, 1, 1]])
def test_offsets_that_point_nowhere(
    layout: torch.layout, wrong: list[int], fuse: bool
) -> None:
    parts = torch.tensor(wrong), torch.tensor([0]), torch.ones(1)
    adj_t = torch.sparse_compressed_tensor(
        *parts, (3, 3), layout=layout, check_invariants=False
    )
    conv = BipartiteConv()
    conv.fuse = fuse
    with pytest.raises(ValueError, match=r"needs to (ascend|go from 0)"):
        conv(torch.ones(3, 1), adj_t)


@pytest.mark.skipif(not WITH_TORCH_SPARSE, reason="needs torch-sparse")
@pytest.mark.parametrize("fuse", [True, False])
@pytest.mark.parametrize("side", ["row", "col"])
def test_negative_ids_of_a_sparse_tensor(side: str, fuse: bool) -> None:
    sides = {"row": torch.tensor([0, 1]), "col": torch.tensor([0, 1])}
    adj_t = SparseTensor(**{**sides, side: torch.tensor([-1, 0])}, sparse_sizes=(3, 3))
    conv = BipartiteConv()
    conv.fuse = fuse
    message = rf"'{side}' needs to be in \[0, 3\) \(got -1\)"
    with pytest.raises(ValueError, match=message):
        conv(torch.ones(3, 1), adj_t)
