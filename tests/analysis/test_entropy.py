"""Entropy of rows of scores, of the data, and the change between them."""

import math

import pytest
import torch
from torch import Tensor

from tests.analysis.dense import (
    GRAPHS,
    TOLERANCE,
    as_csr,
    assert_equal,
    dense_probability,
    sides,
)
from tvdiff_pyg.analysis import (
    data_entropy,
    entropy_change,
    probability,
    row_entropy,
    row_probability,
)

each_graph = pytest.mark.parametrize("matrix", GRAPHS.values(), ids=GRAPHS)
each_dtype = pytest.mark.parametrize("dtype", TOLERANCE)
each_option = pytest.mark.parametrize(
    "option",
    [
        {},
        {"temperature": 0.3},
        {"normalization": "clipped"},
        {"normalization": "clipped", "floor": 0.2},
        {"base": math.e},
    ],
)


def dense_entropy(score: Tensor, **option) -> float:
    """The mean over rows; ``base`` scales them."""
    unit = math.log(option.get("base", 2.0))
    found = [
        -sum(p * math.log(p) / unit for p in dense_probability(row, **option) if p > 0)
        for row in score
    ]
    return sum(found) / len(found) if found else math.nan


@each_option
@each_dtype
@each_graph
def test_row_entropy(matrix: Tensor, dtype: torch.dtype, option: dict) -> None:
    user_factor, item_factor = sides(matrix)
    user_factor[0] = 0
    expected = dense_entropy(user_factor @ item_factor.t(), **option)
    found = row_entropy(user_factor.to(dtype), item_factor.to(dtype), **option)
    assert_equal(found, expected, dtype)


@each_option
@pytest.mark.parametrize("at_once", [1, 18, 35])
def test_blocks_of_users(
    at_once: int, option: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    factors = sides(GRAPHS["random"])
    whole = row_entropy(*factors, **option)
    monkeypatch.setattr(probability, "SCORES_AT_ONCE", at_once)
    rows = row_entropy(*factors, **option)
    torch.testing.assert_close(rows, whole, rtol=1e-13, atol=0)


def test_no_block_is_larger_than_it_should_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probability, "SCORES_AT_ONCE", 18)
    blocks = probability.probability_blocks(
        *sides(GRAPHS["random"]), "softmax", 1.0, 0.0
    )
    assert [row.shape for _, row in blocks] == [(2, 9)] * 3 + [(1, 9)]


@each_dtype
def test_entropies_in_closed_form(dtype: torch.dtype) -> None:
    one, many = torch.ones(2, 1, dtype=dtype), torch.ones(8, 1, dtype=dtype)
    assert_equal(row_entropy(one, many), 3, dtype)
    assert_equal(row_entropy(one, many, "clipped"), 3, dtype)
    # No mass at all is uniform, and so is a floor under everything.
    assert_equal(row_entropy(-one, many, "clipped"), 3, dtype)
    assert_equal(row_entropy(-one, many, "clipped", floor=1e-6), 3, dtype)
    peak = torch.zeros_like(many)
    peak[3] = 1
    assert_equal(row_entropy(one, peak, "clipped"), 0, dtype)
    assert_equal(row_entropy(one, peak, temperature=1e-3), 0, dtype)
    assert_equal(row_entropy(one, peak, temperature=1e9), 3, dtype)
    assert_equal(row_entropy(one, 1e4 * peak), 0, dtype)
    assert row_entropy(one[:0], many).isnan()


def test_clipping_drops_negative_scores() -> None:
    score = torch.tensor([[3.0, -5.0, 1.0], [-1.0, -2.0, -3.0]])
    found = row_probability(score, "clipped")
    assert found.tolist() == [[0.75, 0, 0.25], pytest.approx([1 / 3] * 3)]
    assert score[0, 1] == -5


@each_graph
@pytest.mark.parametrize("base", [2.0, 10.0])
def test_data_entropy(matrix: Tensor, base: float) -> None:
    share = [row / row.sum() for row in matrix if row.sum() > 0]
    entropy = [-sum(float(p * p.log()) for p in row if p > 0) for row in share]
    expected = sum(entropy) / len(entropy) if entropy else math.nan
    found = data_entropy(as_csr(matrix), base)
    assert_equal(found, expected / math.log(base), torch.float64)


@each_option
@each_dtype
@each_graph
def test_entropy_change(matrix: Tensor, dtype: torch.dtype, option: dict) -> None:
    user_factor, item_factor = sides(matrix)
    kept = matrix.sum(dim=1) > 0
    expected = dense_entropy((user_factor @ item_factor.t())[kept], **option)
    data = matrix.sum(dim=1)[kept].log().mean() / math.log(option.get("base", 2.0))
    found = entropy_change(
        user_factor.to(dtype), item_factor.to(dtype), as_csr(matrix), **option
    )
    assert_equal(found.data, data, dtype)
    assert_equal(found.reconstructed, expected, dtype)
    assert_equal(found.relative, (expected - data) / data, dtype)
    assert_equal(found.total, (expected - data) * kept.sum(), dtype)


def test_a_perfect_reconstruction_changes_nothing() -> None:
    matrix = GRAPHS["user with all items"]
    found = entropy_change(
        matrix, torch.eye(4).double(), as_csr(matrix), normalization="clipped"
    )
    assert abs(found.total) < 1e-12
    assert found.data == pytest.approx((2 + 0 + 1) / 3)


def test_no_change_relative_to_nothing() -> None:
    """Every user has one item: the data has no entropy."""
    matrix = torch.eye(3)
    found = entropy_change(torch.zeros(3, 1), torch.zeros(3, 1), as_csr(matrix))
    assert found.data == 0
    assert found.relative == math.inf
    assert found.total.item() == pytest.approx(3 * math.log2(3))


@pytest.mark.parametrize(
    ("option", "wrong"),
    [
        (
            {"normalization": "none"},
            r"'normalization' needs to be one of \['softmax', 'clipped'\] \(got 'none'",
        ),
        ({"temperature": 0}, r"'temperature' needs to be positive \(got 0\)"),
        ({"temperature": math.nan}, r"'temperature' needs to be positive \(got nan\)"),
        ({"floor": -1}, r"'floor' needs to be at least 0 \(got -1\)"),
        ({"base": 1}, r"'base' needs to be above 1 \(got 1\)"),
    ],
)
def test_options_are_checked(option: dict, wrong: str) -> None:
    factors = torch.ones(2, 1), torch.ones(3, 1)
    with pytest.raises(ValueError, match=wrong):
        row_entropy(*factors, **option)
    with pytest.raises(ValueError, match=wrong):
        entropy_change(*factors, as_csr(torch.ones(2, 3)), **option)
    if "base" not in option:
        with pytest.raises(ValueError, match=wrong):
            row_probability(torch.ones(2, 3), **option)


def test_the_base_of_the_data_is_checked() -> None:
    with pytest.raises(ValueError, match=r"'base' needs to be above 1 \(got 0.5\)"):
        data_entropy(as_csr(torch.ones(2, 3)), base=0.5)


def test_shapes_are_checked() -> None:
    wrong = r"'item_factor' needs to be of shape \[\*, 1\] \(got \[3, 2\]\)"
    with pytest.raises(ValueError, match=wrong):
        row_entropy(torch.ones(2, 1), torch.ones(3, 2))
    wrong = r"'user_factor' needs to be of shape \[2, channels\] \(got \[3, 1\]\)"
    with pytest.raises(ValueError, match=wrong):
        entropy_change(torch.ones(3, 1), torch.ones(3, 1), as_csr(torch.ones(2, 3)))
