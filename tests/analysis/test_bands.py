"""The polynomials behind the estimate of energies by graph frequency."""

import pytest
import torch
from torch import Tensor

from tests.analysis.dense import (
    GRAPHS,
    TOLERANCE,
    adjacency,
    as_csr,
    assert_equal,
    sides,
    with_edge,
)
from tvdiff_pyg.analysis import bands, frequency_energy
from tvdiff_pyg.analysis.graph import symmetric_rows


def damped_indicators(frequency: Tensor, num_bands: int, degree: int) -> Tensor:
    """What the estimate takes for the indicators of the bands, ``[n, num_bands]``."""
    order = torch.arange(degree + 1, dtype=torch.float64)
    cosine = ((1 - frequency).clamp(-1, 1).acos()[:, None] * order).cos()
    weight = bands.band_coefficients(num_bands, degree) * bands.jackson_damping(degree)
    return cosine @ weight.t()


@pytest.mark.parametrize("count", [1, 2, 5, 6])
def test_moments_are_those_of_chebyshev_polynomials(count: int) -> None:
    matrix = GRAPHS["random"]
    signal = sides(matrix)
    x, angle = torch.cat(signal), adjacency(matrix)
    rows = symmetric_rows(as_csr(matrix), torch.float64)
    polynomials = [torch.eye(x.size(0)).double(), angle]
    while len(polynomials) < count:
        polynomials.append(2 * angle @ polynomials[-1] - polynomials[-2])
    expected = torch.stack([(x * (p @ x)).sum() for p in polynomials[:count]])
    found = bands.chebyshev_moments(signal, rows, count)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("degree", [1, 4, 33])
def test_damped_indicators_are_a_partition(degree: int) -> None:
    """In [0, 1], adding up to 1; near 1 inside the band and near 0 outside."""
    frequency = torch.linspace(0, 2, 201, dtype=torch.float64)
    value = damped_indicators(frequency, 5, degree)
    torch.testing.assert_close(value.sum(dim=1), torch.ones_like(frequency))
    assert value.min() > -1e-12
    assert value.max() < 1 + 1e-12
    if degree == 33:
        centre = value[torch.tensor([20, 60, 100, 140, 180])]
        assert (centre.diagonal() > 0.8).all()
        assert (centre - centre.diagonal().diag()).max() < 0.2


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("matrix", GRAPHS.values(), ids=GRAPHS)
@pytest.mark.parametrize(("num_bands", "degree"), [(9, 128), (5, 1), (3, 6)])
def test_the_estimate_blurs_the_exact_energy(
    matrix: Tensor, num_bands: int, degree: int, dtype: torch.dtype
) -> None:
    user_x, item_x = sides(matrix)
    x = torch.cat([user_x, item_x]) * torch.cat(with_edge(matrix))
    value, vector = torch.linalg.eigh(adjacency(matrix))
    energy = (vector.t() @ x).square().sum(dim=1)
    expected = energy @ damped_indicators(1 - value, num_bands, degree)
    found = frequency_energy(
        user_x.to(dtype), item_x.to(dtype), as_csr(matrix), num_bands, degree=degree
    )
    assert_equal(found, expected, dtype)
    assert (found >= 0).all()
    torch.testing.assert_close(found.sum(), energy.sum().to(dtype))
