"""Indices that no kernel may read: refused when rows are built, and in one sentence."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from tvdiff_pyg.sparse import (
    CSR,
    BipartiteAdjacency,
    bipartite_norm,
    pair_scores,
    spmm,
    stacked,
)
from tvdiff_pyg.sparse.order import row_offsets, stable_order

ROWS = CSR.from_edge_index(torch.tensor([[0, 1, 1], [2, 0, 1]]), (2, 3))
WRONG_PAIRS = {
    "too large": (
        torch.tensor([[0, 1], [3, 10_000_000]]),
        r"'edge_index\[1\]' needs to be in \[0, 5\) \(got 10000000\)",
    ),
    "just too large": (
        torch.tensor([[0, 1], [3, 5]]),
        r"'edge_index\[1\]' needs to be in \[0, 5\) \(got 5\)",
    ),
    "negative": (
        torch.tensor([[0, -1], [3, 4]]),
        r"'edge_index\[0\]' needs to be in \[0, 2\) \(got -1\)",
    ),
    "float": (
        torch.tensor([[0.0, 1.0], [3.0, 4.0]]),
        r"'edge_index\[0\]' needs to hold integers \(got torch.float32\)",
    ),
    "boolean": (
        torch.tensor([[True, False], [True, True]]),
        r"'edge_index\[0\]' needs to hold integers \(got torch.bool\)",
    ),
    "of three": (
        torch.zeros(3, 4).long(),
        r"'edge_index' needs to be of shape \[2, num_edges\] \(got \[3, 4\]\)",
    ),
    "list": ([[0, 1], [3, 4]], r"'edge_index' needs to be a tensor \(got list\)"),
    "flat": (
        torch.zeros(4).long(),
        r"'edge_index' needs to be of shape \[2, num_edges\] \(got \[4\]\)",
    ),
}


@pytest.mark.parametrize("kind", WRONG_PAIRS)
@pytest.mark.parametrize(
    "build", [CSR.from_edge_index, BipartiteAdjacency.from_edge_index, bipartite_norm]
)
def test_pairs_are_checked_where_they_are_read(build: object, kind: str) -> None:
    pairs, message = WRONG_PAIRS[kind]
    with pytest.raises(ValueError, match=message):
        build(pairs, (2, 5))


@pytest.mark.parametrize("dtype", [torch.int32, torch.int16, torch.uint8])
def test_integers_of_any_width_are_read(dtype: torch.dtype) -> None:
    pairs = torch.tensor([[0, 1, 1], [2, 0, 1]])
    rows = CSR.from_edge_index(pairs.to(dtype), (2, 3))
    assert rows.col.dtype == torch.long
    assert torch.equal(rows.key(), ROWS.key())
    again = CSR(rows.rowptr.to(dtype), rows.col.to(dtype), 3)
    assert torch.equal(again.key(), ROWS.key())


@pytest.mark.parametrize(
    ("rowptr", "col", "message"),
    [
        ([0, 1, 2], [0, 3], r"'col' needs to be in \[0, 3\) \(got 3\)"),
        ([0, 1, 2], [-2, 1], r"'col' needs to be in \[0, 3\) \(got -2\)"),
        ([0, 1, 2], [0.0, 1.0], r"'col' needs to hold integers \(got torch.float32\)"),
        ([0.0, 1.0, 2.0], [0, 1], r"'rowptr' needs to hold integers"),
        ([0, 1, 3], [0, 1], r"'rowptr' needs to go from 0 to .* 2 \(got \(0, 3\)\)"),
        ([1, 1, 2], [0, 1], r"'rowptr' needs to go from 0 to .* 2 \(got \(1, 2\)\)"),
        ([0, 9, 2], [0, 1], r"'rowptr' needs to ascend"),
        ([0, 2], [2, 0], r"'col' needs to ascend in each row"),
        ([0, 0, 1, 3, 3], [1, 2, 0], r"'col' needs to ascend in each row"),
    ],
)
def test_rows_are_checked_when_built(rowptr: list, col: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CSR(torch.tensor(rowptr), torch.tensor(col), 3)


def test_columns_descend_from_row_to_row() -> None:
    rows = CSR(torch.tensor([0, 0, 2, 2, 3]), torch.tensor([1, 2, 0]), 3)
    assert rows.key().tolist() == [4, 5, 9]


@pytest.mark.parametrize("num_cols", [3.0, -3, True, "3", None])
def test_columns_are_counted(num_cols: object) -> None:
    with pytest.raises(ValueError, match="'num_cols' needs to be"):
        CSR(ROWS.rowptr, ROWS.col, num_cols)  # type: ignore[arg-type]


def test_rows_that_descend_are_refused() -> None:
    with pytest.raises(ValueError, match=r"'row' needs to ascend"):
        CSR.from_sorted_rows(torch.tensor([1, 0]), torch.tensor([0, 1]), (2, 3))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (torch.ones(2), r"'value' needs to be of shape \[3\] \(got \[2\]\)"),
        (torch.ones(3, 1), r"'value' needs to be of shape \[3\] \(got \[3, 1\]\)"),
        (torch.ones(3, device="meta"), r"'value' needs to be on cpu \(got meta\)"),
    ],
)
def test_values_belong_to_entries(value: Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ROWS.with_value(value)
    with pytest.raises(ValueError, match=message):
        CSR.from_edge_index(torch.tensor([[1, 1, 0], [1, 0, 2]]), (2, 3), value)


@pytest.mark.parametrize("index", [[0, 2], [-1]])
def test_rows_that_are_not_there_are_not_selected(index: list[int]) -> None:
    with pytest.raises(ValueError, match=r"'index' needs to be in \[0, 2\)"):
        ROWS.select(torch.tensor(index))


def test_only_patterns_that_fit_are_stacked() -> None:
    message = r"'parts' need to be of at most 2 columns, .* \(got 3\)"
    narrow = CSR(torch.tensor([0, 1]), torch.tensor([1]), 2)
    assert stacked([ROWS, narrow]).num_cols == 3
    with pytest.raises(ValueError, match=message):
        stacked([narrow, ROWS])


def test_both_sides_of_an_adjacency_are_of_one_graph() -> None:
    message = r"'item_rows' needs to be of shape \[3, 2\] \(got \[2, 3\]\)"
    with pytest.raises(ValueError, match=message):
        BipartiteAdjacency(ROWS, ROWS)
    message = r"'item_degree' needs to be of shape \[3\] \(got \[2\]\)"
    with pytest.raises(ValueError, match=message):
        BipartiteAdjacency(ROWS, ROWS.transpose(), torch.ones(2))


@pytest.mark.parametrize(
    ("num_rows", "device", "message"),
    [
        (2, "cpu", r"needs to be of shape \[3, channels\] \(got \[2, 4\]\)"),
        (4, "cpu", r"needs to be of shape \[3, channels\] \(got \[4, 4\]\)"),
        (3, "meta", r"needs to be on cpu \(got meta\)"),
    ],
)
def test_products_read_no_row_that_is_not_there(
    num_rows: int, device: str, message: str
) -> None:
    x = torch.ones(num_rows, 4, device=device)
    with pytest.raises(ValueError, match=message):
        spmm(ROWS, x)
    with pytest.raises(ValueError, match=message):
        pair_scores(ROWS, torch.ones(2, 4), x)
    with pytest.raises(ValueError, match=message):
        pair_scores(ROWS.transpose(), x, torch.ones(2, 4))


def test_factors_are_equally_wide() -> None:
    message = r"'right' needs to be of shape \[\*, 4\] \(got \[3, 5\]\)"
    with pytest.raises(ValueError, match=message):
        pair_scores(ROWS, torch.ones(2, 4), torch.ones(3, 5))


@given(st.lists(st.integers(0, 2**40), max_size=40))
def test_ids_are_ordered_and_equal_ones_stay_in_order(ids: list[int]) -> None:
    index = torch.tensor(ids + ids[:3], dtype=torch.long)
    order = stable_order(index, 2**40 + 1)
    assert torch.equal(order, index.argsort(stable=True))
    small = index % 70_000
    assert torch.equal(stable_order(small, 70_000), small.argsort(stable=True))


def test_offsets_count_empty_rows() -> None:
    assert row_offsets(torch.tensor([1, 1, 3]), 5).tolist() == [0, 0, 2, 2, 3, 3]


@pytest.mark.parametrize(
    ("rowptr", "col", "message"),
    [
        ([], [], r"'rowptr' needs to be a vector \(got one of shape \[0\]\)"),
        ([[0, 1]], [0], r"'rowptr' needs to be a vector"),
        ([0, 1], [[0]], r"'col' needs to be a vector"),
    ],
)
def test_rows_are_two_vectors(rowptr: list[int], col: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CSR(torch.tensor(rowptr).long(), torch.tensor(col).long(), 3)
    with pytest.raises(ValueError, match=r"'rowptr' needs to be a tensor \(got list\)"):
        CSR(rowptr, col, 3)
