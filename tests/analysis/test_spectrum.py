"""Singular values and effective ranks, of matrices and of products."""

import math

import pytest
import torch

from tests.analysis.dense import TOLERANCE, assert_equal, draw
from tvdiff_pyg.analysis import effective_rank, singular_values, spectrum

each_dtype = pytest.mark.parametrize("dtype", TOLERANCE)


def dense_rank(matrix: torch.Tensor) -> float:
    value = [float(v) for v in torch.linalg.svdvals(matrix) if v > 1e-12]
    share = [v / sum(value) for v in value]
    return math.exp(-sum(p * math.log(p) for p in share))


@each_dtype
@pytest.mark.parametrize("shape", [(9, 4), (4, 4), (3, 5), (1, 2), (6, 1)])
def test_singular_values(shape: tuple[int, int], dtype: torch.dtype) -> None:
    x = draw(*shape)
    expected = torch.linalg.svdvals(x)
    assert_equal(singular_values(x.to(dtype)), expected, dtype)
    assert_equal(effective_rank(x.to(dtype)), dense_rank(x), dtype)


@each_dtype
@pytest.mark.parametrize("shape", [(9, 4, 7), (3, 4, 7), (9, 4, 2), (3, 5, 2)])
def test_singular_values_of_a_product(
    shape: tuple[int, int, int], dtype: torch.dtype
) -> None:
    num_rows, channels, num_cols = shape
    left, right = draw(num_rows, channels), draw(num_cols, channels, seed=1)
    expected = torch.linalg.svdvals(left @ right.t())[:channels]
    factors = left.to(dtype), right.to(dtype)
    assert_equal(singular_values(*factors), expected, dtype)
    assert_equal(effective_rank(*factors), dense_rank(left @ right.t()), dtype)


def test_blocks_of_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    x, other = draw(11, 3), draw(8, 3, seed=1)
    whole = singular_values(x), singular_values(x, other)
    monkeypatch.setattr(spectrum, "QR_ROWS", 2)
    monkeypatch.setattr(spectrum, "QR_ROWS_PER_CHANNEL", 0)
    blocks = singular_values(x), singular_values(x, other)
    torch.testing.assert_close(blocks, whole, rtol=1e-12, atol=0)


def test_small_singular_values_are_not_lost() -> None:
    """A Gram matrix would square 1e-12 out of reach, in a product even 1e-6."""
    x = draw(6, 2) @ torch.tensor([[1.0, 1.0], [0.0, 1e-12]]).double()
    found = singular_values(x)
    torch.testing.assert_close(found, torch.linalg.svdvals(x), rtol=1e-3, atol=0)
    product = singular_values(x, torch.eye(2).double())
    torch.testing.assert_close(product, found, rtol=1e-3, atol=0)


@each_dtype
def test_effective_ranks_in_closed_form(dtype: torch.dtype) -> None:
    assert_equal(effective_rank(torch.eye(6, dtype=dtype)), 6, dtype)
    assert_equal(effective_rank(3 * torch.eye(6, dtype=dtype)), 6, dtype)
    one = draw(6, 1).to(dtype), draw(4, 1).to(dtype)
    assert_equal(effective_rank(*one), 1, dtype)
    assert_equal(effective_rank(torch.ones(6, 4, dtype=dtype)), 1, dtype)
    half = torch.tensor([[3.0, 0.0], [0.0, 1.0]], dtype=dtype)
    expected = math.exp(-(0.75 * math.log(0.75) + 0.25 * math.log(0.25)))
    assert_equal(effective_rank(half), expected, dtype)
    assert effective_rank(torch.zeros(3, 2, dtype=dtype)).isnan()


def test_what_has_diverged_has_no_rank() -> None:
    x = torch.ones(3, 2)
    x[1] = torch.inf
    assert singular_values(x).isnan().tolist() == [True, True]
    assert singular_values(torch.ones(4, 2), x).isnan().all()
    assert effective_rank(x).isnan()


def test_factors_must_be_equally_wide() -> None:
    wrong = r"'other' needs to be of shape \[\*, 2\] \(got \[3, 4\]\)"
    for measure in (singular_values, effective_rank):
        with pytest.raises(ValueError, match=wrong):
            measure(torch.ones(3, 2), torch.ones(3, 4))
