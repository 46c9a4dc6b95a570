"""Below what a response is no more than what estimates leak from the smoothest band."""

import torch
from torch import Tensor
from torch_geometric.data import Data

from tvdiff_pyg.analysis.bands import band_coefficients, jackson_damping
from tvdiff_pyg.analysis.frequency import Signal, frequency_energy
from tvdiff_pyg.sparse import Interactions

# Frequencies of the first band that are looked at.
_GRID = 512


@torch.no_grad()
def detection_limit(
    source: Signal, graph: Interactions | Data, num_bands: int = 9, degree: int = 128
) -> Tensor:
    r"""Bound what ``"chebyshev"`` reads where a model returns the smoothest band alone.

    With :math:`p_b` the polynomial of a band, of degree ``degree``, and
    :math:`h_b` a :func:`~tvdiff_pyg.analysis.frequency_response` that is 0 beyond the
    first band :math:`[0, \lambda_1]`,

    .. math::
        \frac{\hat{h}_b}{\hat{h}_0} \le \max_{0 \le \lambda \le \lambda_1}
        \frac{p_b(\lambda)}{p_0(\lambda)} \cdot \frac{\hat{E}_0}{\hat{E}_b}

    with the energies :math:`\hat{E}` of the source: a smaller ratio cannot be told from
    none. Neighbouring bands share what is near their edge, so the second has no limit.

    Args:
        source: As for :func:`~tvdiff_pyg.analysis.frequency_response`.
        graph: As for :func:`~tvdiff_pyg.analysis.frequency_energy`.
        num_bands: Number of bands, odd. (default: ``9``)
        degree: Degree of the polynomials, at least 1. (default: ``128``)

    Returns:
        Limits of shape ``[num_bands]``, relative to the response of the first band;
        ``nan`` for the first two.

    Raises:
        ValueError: As :func:`~tvdiff_pyg.analysis.frequency_energy`.

    Example:
        >>> pairs = torch.tensor([[0, 0, 1], [0, 1, 1]])
        >>> limit = detection_limit((None, torch.randn(2, 4)), pairs, num_bands=5)
        >>> limit.isnan().tolist(), bool(limit[2] > 0)
        ([True, True, False, False, False], True)
    """
    energy = frequency_energy(*source, graph, num_bands, degree=degree)
    frequency = torch.linspace(0, 2 / num_bands, _GRID, dtype=torch.float64)
    angle = (1 - frequency).acos()
    order = torch.arange(degree + 1, dtype=torch.float64)[:, None]
    weight = band_coefficients(num_bands, degree) * jackson_damping(degree)
    # Rounding must not let what is read be less than nothing.
    read = (weight @ (angle * order).cos()).clamp(min=0)
    if source[0] is None or source[1] is None:  # Mirrored about 1.
        read = (read + read.flip(0)) / 2
    leak = (read / read[0]).amax(dim=1).to(energy)
    limit = leak * energy[0] / energy
    limit[:2] = torch.nan
    return limit
