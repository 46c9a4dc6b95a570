"""Scores and interactions as narrow signals."""

import pytest
import torch
from torch import Tensor

from tests.analysis.dense import GRAPHS, TOLERANCE, as_csr, assert_equal, draw, sides
from tests.oracle import assert_mean, normalise
from tvdiff_pyg.analysis import (
    frequency_share,
    interaction_signal,
    score_signal,
    score_smoothness,
)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(("num_users", "width"), [(8, 3), (2, 2)])
def test_a_score_signal_has_the_energies_of_all_rows(
    num_users: int, width: int, dtype: torch.dtype
) -> None:
    user_factor, item_factor = draw(num_users, 3), draw(5, 3, seed=1)
    score = user_factor @ item_factor.t()
    found = score_signal(user_factor.to(dtype), item_factor.to(dtype))
    assert found.shape == (5, width)
    assert_equal(found @ found.t(), score.t() @ score, dtype)


def test_frequencies_of_scores_agree_with_their_smoothness() -> None:
    """The frequency f of the two-sided graph is 1 - (1 - f)^2 among items."""
    matrix = GRAPHS["random with corners"]
    user_factor, item_factor = sides(matrix)
    signal = score_signal(user_factor, item_factor)
    share = frequency_share(None, signal, as_csr(matrix), 2001, "exact")
    middle = (torch.arange(2001).double() + 0.5) * (2 / 2001)
    mean = (1 - (1 - middle).square()) @ share
    expected = score_smoothness(user_factor, item_factor, as_csr(matrix)).item
    assert mean.item() == pytest.approx(expected.item(), abs=2e-3)


def dense_frequencies(matrix: Tensor, rows: Tensor, num_bands: int) -> Tensor:
    """Shares of rows on the item graph; half of each at either frequency."""
    weight = normalise(matrix, "symmetric")
    value, vector = torch.linalg.eigh(weight.t() @ weight)
    energy = (rows @ vector).square().sum(dim=0)
    angle = value.clamp(min=0).sqrt()
    out = torch.zeros(num_bands, dtype=torch.float64)
    for frequency in (1 - angle, 1 + angle):
        place = (frequency * (num_bands / 2) + 1e-6).long().clamp(max=num_bands - 1)
        out.index_add_(0, place, energy / 2)
    return out / out.sum()


def test_an_interaction_signal_has_the_energies_of_all_rows() -> None:
    matrix = GRAPHS["random"]
    generator = torch.Generator().manual_seed(0)
    signal = interaction_signal(as_csr(matrix), 20_000, torch.float64, generator)
    # Columns are independent draws: scaled back, each has this mean.
    products = 20_000 * signal.t()[:, :, None] * signal.t()[:, None, :]
    assert_mean(products, matrix.t() @ matrix)
    found = frequency_share(None, signal, as_csr(matrix), method="exact")
    expected = dense_frequencies(matrix, matrix, 9)
    assert (found - expected).abs().max() < 0.02


def test_draws_follow_the_generator() -> None:
    rows = as_csr(GRAPHS["plain"])
    first, again, other = (
        interaction_signal(rows, 3, generator=torch.Generator().manual_seed(seed))
        for seed in (0, 0, 1)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert first.dtype == torch.get_default_dtype()


def test_values_of_the_graph_are_ignored() -> None:
    rows = as_csr(GRAPHS["plain"])
    doubled = rows.with_value(torch.full((rows.nnz,), 2.0))
    first, second = (
        interaction_signal(graph, 3, generator=torch.Generator().manual_seed(0))
        for graph in (rows, doubled)
    )
    assert torch.equal(first, second)


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"'num_probes' needs to be at least 1 .*0\)"):
        interaction_signal(as_csr(torch.ones(1, 2)), num_probes=0)
    wrong = r"'item_factor' needs to be of shape \[\*, 2\] \(got \[4, 3\]\)"
    with pytest.raises(ValueError, match=wrong):
        score_signal(torch.ones(4, 2), torch.ones(4, 3))
