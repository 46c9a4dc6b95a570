"""The sparse format and its three differentiable products, against dense matrices."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck

from tests.oracle import CORNERS, pairs_of, random_matrix
from tvdiff_pyg.sparse import CSR, gram, pair_scores, spmm

SIZES = st.tuples(st.integers(1, 5), st.integers(1, 6), st.integers(0, 10**6))


def build(matrix: Tensor, shuffle: int = 0) -> CSR:
    pairs = pairs_of(matrix)
    order = torch.randperm(pairs.size(1), generator=torch.manual_seed(shuffle))
    pairs = pairs[:, order]
    return CSR.from_edge_index(pairs, tuple(matrix.shape), matrix[pairs[0], pairs[1]])


def dense(csr: CSR) -> Tensor:
    out = torch.zeros(csr.num_rows, csr.num_cols, dtype=torch.float64)
    value = torch.ones(csr.nnz) if csr.value is None else csr.value
    for row, col, entry in zip(csr.row(), csr.col, value, strict=True):
        out[row, col] += entry
    return out


def weighted(num_rows: int, num_cols: int, seed: int) -> Tensor:
    mask = random_matrix(num_rows, num_cols, seed=seed)
    return mask * torch.rand(mask.shape, generator=torch.manual_seed(seed)).add(0.5)


@pytest.fixture(params=CORNERS)
def matrix(request: pytest.FixtureRequest) -> Tensor:
    mask = torch.tensor(CORNERS[request.param], dtype=torch.float64)
    return mask * torch.rand(mask.shape, generator=torch.manual_seed(0)).add(0.5)


@given(SIZES)
def test_pairs_in_any_order_build_sorted_rows(size: tuple[int, int, int]) -> None:
    matrix = weighted(*size)
    csr = build(matrix, shuffle=size[2])
    assert torch.equal(dense(csr), matrix)
    assert (csr.key().diff() > 0).all()
    assert csr.degree().tolist() == (matrix != 0).sum(dim=1).tolist()
    assert (csr.num_rows, csr.num_cols, csr.nnz) == (
        *size[:2],
        int((matrix != 0).sum()),
    )


def test_key_is_the_flat_index() -> None:
    csr = CSR.from_edge_index(torch.tensor([[1, 0, 1], [2, 1, 0]]), (2, 3))
    assert csr.key().tolist() == [1, 3, 5]
    assert csr.row().tolist() == [0, 1, 1]


@given(SIZES)
def test_transpose(size: tuple[int, int, int]) -> None:
    matrix = weighted(*size)
    csr = build(matrix)
    assert torch.equal(dense(csr.transpose()), matrix.t())
    assert torch.equal(dense(csr.transpose().transpose()), matrix)
    assert (csr.transpose().key().diff() > 0).all()


def test_the_remembered_transpose_follows_other_values() -> None:
    matrix = weighted(4, 5, 0)
    csr = build(matrix)
    csr.transpose()
    doubled = csr.with_value(2 * csr.value)
    assert torch.equal(dense(doubled.transpose()), 2 * matrix.t())
    assert torch.equal(
        dense(csr.with_value(None).transpose()), (matrix != 0).double().t()
    )
    assert torch.equal(dense(csr.transpose()), matrix.t())
    moved = doubled.to("cpu")
    assert torch.equal(dense(moved.transpose()), 2 * matrix.t())


@given(SIZES, st.lists(st.integers(0, 4), max_size=8))
def test_select_rows_with_repeats(size: tuple[int, int, int], rows: list[int]) -> None:
    matrix = weighted(*size)
    index = torch.tensor([row % size[0] for row in rows], dtype=torch.long)
    csr = build(matrix)
    csr.transpose()
    selected = csr.select(index)
    assert torch.equal(dense(selected), matrix[index])
    assert torch.equal(dense(selected.transpose()), matrix[index].t())


@given(SIZES, st.lists(st.integers(0, 7), min_size=5, max_size=5))
def test_head_keeps_the_first_entries(
    size: tuple[int, int, int], length: list[int]
) -> None:
    matrix = weighted(*size)
    kept = build(matrix).head(torch.tensor(length[: size[0]]))
    for row, limit in enumerate(length[: size[0]]):
        first = matrix[row].nonzero().flatten()[:limit]
        expected = torch.zeros_like(matrix[row])
        expected[first] = matrix[row, first]
        assert torch.equal(dense(kept)[row], expected)


@pytest.mark.parametrize("with_value", [True, False])
def test_spmm(matrix: Tensor, with_value: bool) -> None:
    csr = build(matrix)
    if not with_value:
        csr, matrix = csr.with_value(None), (matrix != 0).double()
    x = torch.randn(matrix.size(1), 3, dtype=torch.float64, requires_grad=True)
    torch.testing.assert_close(spmm(csr, x), matrix @ x)
    assert gradcheck(lambda x: spmm(csr, x), x)
    assert gradgradcheck(lambda x: spmm(csr, x), x)


def test_pair_scores_ignore_values(matrix: Tensor) -> None:
    csr = build(matrix)
    left = torch.randn(matrix.size(0), 3, dtype=torch.float64, requires_grad=True)
    right = torch.randn(matrix.size(1), 3, dtype=torch.float64, requires_grad=True)
    expected = (left @ right.t())[csr.row(), csr.col]
    torch.testing.assert_close(pair_scores(csr, left, right), expected)
    assert gradcheck(lambda *x: pair_scores(csr, *x), (left, right))
    assert gradgradcheck(lambda *x: pair_scores(csr, *x), (left, right))


def test_pair_scores_of_repeated_pairs() -> None:
    repeated = CSR(torch.tensor([0, 3, 4]), torch.tensor([1, 1, 0, 2]), 3)
    left = torch.randn(2, 3, dtype=torch.float64, requires_grad=True)
    right = torch.randn(3, 3, dtype=torch.float64, requires_grad=True)
    expected = (left @ right.t())[[0, 0, 0, 1], [1, 1, 0, 2]]
    torch.testing.assert_close(pair_scores(repeated, left, right), expected)
    assert gradcheck(lambda *x: pair_scores(repeated, *x), (left, right))


def test_gram() -> None:
    x = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
    torch.testing.assert_close(gram(x), x.t() @ x)
    assert gradcheck(gram, x)
    assert gradgradcheck(gram, x)
