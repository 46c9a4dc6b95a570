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


def test_what_is_kept_is_in_range() -> None:
    rows = build(weighted(2, 3, 4))
    with pytest.raises(ValueError, match=r"'length' needs to be in .* \(got -1\)"):
        rows.head(torch.tensor([-1, 1]))
    with pytest.raises(ValueError, match=r"'length' .* of shape \[2\] \(got \[3\]\)"):
        rows.head(torch.tensor([1, 1, 1]))
    for column in (-1, 3):
        message = rf"'columns' needs to be in \[0, 3\) \(got {column}\)"
        with pytest.raises(ValueError, match=message):
            rows.restrict(torch.tensor([column]))


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
    pairs = torch.tensor([0, 0, 0, 1]), torch.tensor([1, 1, 0, 2])
    repeated = CSR.from_sorted_rows(*pairs, (2, 3))
    left = torch.randn(2, 3, dtype=torch.float64, requires_grad=True)
    right = torch.randn(3, 3, dtype=torch.float64, requires_grad=True)
    expected = (left @ right.t())[[0, 0, 0, 1], [1, 1, 0, 2]]
    torch.testing.assert_close(pair_scores(repeated, left, right), expected)
    assert gradcheck(lambda *x: pair_scores(repeated, *x), (left, right))


@pytest.mark.parametrize("num_threads", [1, 4])
def test_gradients_of_many_pairs_repeat_themselves(num_threads: int) -> None:
    # More pairs than cells, and more entries than one thread takes.
    row, col = torch.arange(256).repeat_interleave(100), torch.randint(80, (25_600,))
    pairs = CSR.from_sorted_rows(row, col, (256, 80))
    left, right = torch.randn(256, 16), torch.randn(80, 16, requires_grad=True)
    before = torch.get_num_threads()
    torch.set_num_threads(num_threads)
    try:
        found = [
            torch.autograd.grad(pair_scores(pairs, left, right).sum(), right)[0]
            for _ in range(8)
        ]
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(one, found[0]) for one in found)


def test_gram() -> None:
    x = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
    torch.testing.assert_close(gram(x), x.t() @ x)
    assert gradcheck(gram, x)
    assert gradgradcheck(gram, x)
    weight = torch.tensor([2.0, 0.0, *torch.rand(x.size(0) - 2).tolist()])
    weight = weight.to(x.dtype)

    def weighted(x: Tensor) -> Tensor:
        return gram(x, weight)

    torch.testing.assert_close(weighted(x), x.t() @ weight.diag() @ x)
    assert gradcheck(weighted, x)
    assert gradgradcheck(weighted, x)


@pytest.mark.parametrize("back", [True, False])
def test_spmm_has_a_gradient_of_its_values(matrix: Tensor, back: bool) -> None:
    csr = build(matrix.t()).transpose() if back else build(matrix)
    x = torch.randn(matrix.size(1), 3, dtype=torch.float64, requires_grad=True)
    value = csr.values().double().requires_grad_()

    def product(value: Tensor, x: Tensor) -> Tensor:
        return spmm(csr.with_value(value), x)

    assert gradcheck(product, (value, x))
    assert gradgradcheck(product, (value, x))


def test_products_under_function_transforms() -> None:
    csr = build(weighted(4, 5, 0))
    value, x = csr.value, torch.randn(5, 3, dtype=torch.float64)
    left = torch.randn(4, 3, dtype=torch.float64)

    def product(value: Tensor, x: Tensor) -> Tensor:
        return spmm(csr.with_value(value), x).sin()

    of_value, of_x = torch.func.jacrev(product, (0, 1))(value, x)
    inputs = value.clone().requires_grad_(), x.clone().requires_grad_()
    expected = torch.autograd.functional.jacobian(product, inputs)
    torch.testing.assert_close((of_value, of_x), expected)

    batch = torch.randn(6, 5, 3, dtype=torch.float64)
    found = torch.vmap(lambda x: spmm(csr, x))(batch)
    torch.testing.assert_close(found, dense(csr) @ batch)
    found = torch.vmap(lambda x: pair_scores(csr, left, x))(batch)
    expected = (left @ batch.mT)[:, csr.row(), csr.col]
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_pairs_are_scored_in_half_precision(dtype: torch.dtype) -> None:
    csr = build(weighted(4, 5, 0))
    left, right = torch.randn(4, 3), torch.randn(5, 3)
    found = pair_scores(csr, left.to(dtype), right.to(dtype))
    assert found.dtype == dtype
    expected = pair_scores(csr, left, right)
    torch.testing.assert_close(found.float(), expected, rtol=2e-2, atol=5e-2)


@given(SIZES)
def test_the_way_back_from_the_transpose_is_not_sorted_again(
    size: tuple[int, int, int],
) -> None:
    csr = build(weighted(*size))
    again = csr.transpose().transpose()
    assert torch.equal(again.col, csr.col)
    assert torch.equal(again.value, csr.value)
    other = csr.transpose().with_value(None).transpose()
    assert other.col.data_ptr() == csr.col.data_ptr()


@pytest.mark.parametrize("threads", [1, 2])
def test_a_matrix_of_no_columns_has_a_product(threads: int) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        pairs, value = torch.tensor([[0, 1, 1, 4], [0, 1, 2, 2]]), torch.ones(4)
        x = torch.zeros(3, 0, requires_grad=True)
        product = spmm(CSR.from_edge_index(pairs, (5, 3), value), x)
        assert product.shape == (5, 0)
        product.sum().backward()
        assert x.grad is not None and x.grad.shape == (3, 0)
    finally:
        torch.set_num_threads(before)
