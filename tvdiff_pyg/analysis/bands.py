"""Two ways to the energy of a signal by graph frequency: exact, and by polynomials."""

import math

import torch
from torch import Tensor

from tvdiff_pyg.sparse import CSR, spmm

# A dense eigendecomposition of that many nodes takes a minute and 400 MB.
MAX_EXACT_NODES = 4096
# Frequencies closer than that to a band's lower edge belong to it: rounding.
EDGE_TOLERANCE = 1e-9

Sides = tuple[Tensor, Tensor]


def exact_energy(signal: Sides, rows: tuple[CSR, CSR], num_bands: int) -> Tensor:
    """Sum the energy of each eigenvector into its band.

    Args:
        signal: Values on users and on items, ``[num_users, C]``, ``[num_items, C]``.
        rows: The normalised graph in both orientations.
        num_bands: Number of equal bands of [0, 2].

    Returns:
        Energies, double, of shape ``[num_bands]``.

    Raises:
        ValueError: If the graph has more than ``MAX_EXACT_NODES`` nodes.
    """
    num_users, num_nodes = rows[0].num_rows, rows[0].num_rows + rows[0].num_cols
    if num_nodes > MAX_EXACT_NODES:
        raise ValueError(
            f"'method' needs to be 'chebyshev' for more than {MAX_EXACT_NODES} nodes "
            f"(got 'exact' for {num_nodes})"
        )
    x = torch.cat(signal).double()
    laplacian = torch.eye(num_nodes, dtype=x.dtype, device=x.device)
    weight = spmm(rows[0], laplacian[num_users:, num_users:].contiguous())
    laplacian[:num_users, num_users:] = -weight
    laplacian[num_users:, :num_users] = -weight.t()
    frequency, vector = torch.linalg.eigh(laplacian)
    energy = (vector.t() @ x).square().sum(dim=1)
    band = (frequency * (num_bands / 2) + EDGE_TOLERANCE).long()
    out = energy.new_zeros(num_bands)
    return out.index_add(0, band.clamp(0, num_bands - 1), energy)


def chebyshev_energy(
    signal: Sides, rows: tuple[CSR, CSR], num_bands: int, degree: int
) -> Tensor:
    r"""Estimate the energy in each band from Chebyshev moments of the signal.

    The indicator of a band is expanded in :math:`T_k(1 - \lambda)` up to a degree, with
    Jackson's damping (Weisse et al., "The kernel polynomial method", Reviews of Modern
    Physics 2006, `arXiv cond-mat/0504627
    <https://arxiv.org/abs/cond-mat/0504627>`_): the expansion stays in [0, 1], and
    those of all bands add up to 1.

    Args:
        signal: Values on users and on items, ``[num_users, C]``, ``[num_items, C]``.
        rows: The normalised graph in both orientations.
        num_bands: Number of equal bands of [0, 2].
        degree: Degree of the polynomials; half as many products are needed.

    Returns:
        Energies, double, of shape ``[num_bands]``.
    """
    moment = chebyshev_moments(signal, rows, degree + 1)
    weight = band_coefficients(num_bands, degree) * jackson_damping(degree)
    return (weight.to(moment.device) @ moment).clamp(min=0)


def chebyshev_moments(signal: Sides, rows: tuple[CSR, CSR], count: int) -> Tensor:
    r"""Compute :math:`\langle \mathbf{X}, T_k(\hat{\mathbf{A}}) \mathbf{X} \rangle`.

    Two moments come from each product, as :math:`2 T_k T_l = T_{k+l} + T_{k-l}`.
    """
    last, now = signal, _carry(signal, rows)
    moments = [_inner(last, last), _inner(last, now)]
    while len(moments) < count:
        following = _carry(now, rows)
        moments.append(2 * _inner(now, now) - moments[0])
        last, now = (
            now,
            (2 * following[0] - last[0], 2 * following[1] - last[1]),
        )
        moments.append(2 * _inner(now, last) - moments[1])
    return torch.stack(moments[:count])


def band_coefficients(num_bands: int, degree: int) -> Tensor:
    r"""Expand the indicator of each band, of shape ``[num_bands, degree + 1]``.

    With :math:`\lambda = 1 - \cos \theta`, they are those of an interval of
    :math:`\theta` in a cosine series.
    """
    edge = torch.linspace(0, 2, num_bands + 1, dtype=torch.float64)
    theta = (1 - edge).clamp(-1, 1).acos()
    order = torch.arange(1, degree + 1, dtype=torch.float64)
    sine = (theta[:, None] * order).sin() * (2 / (math.pi * order))
    return torch.cat([theta[:, None] / math.pi, sine], dim=1).diff(dim=0)


def jackson_damping(degree: int) -> Tensor:
    """Return the damping of each order, 1 at order 0, of shape ``[degree + 1]``."""
    step = math.pi / (degree + 2)
    order = torch.arange(degree + 1, dtype=torch.float64)
    falling = (degree + 2 - order) * (step * order).cos()
    return (falling + (step * order).sin() / math.tan(step)) / (degree + 2)


def _carry(signal: Sides, rows: tuple[CSR, CSR]) -> Sides:
    """Multiply by the normalised adjacency: each side receives the other one."""
    return spmm(rows[0], signal[1]), spmm(rows[1], signal[0])


def _inner(left: Sides, right: Sides) -> Tensor:
    parts = [(x * y).sum(dtype=torch.float64) for x, y in zip(left, right, strict=True)]
    return parts[0] + parts[1]
