"""How far a reconstruction is from the data, in one number of each."""

from typing import NamedTuple

from torch import Tensor


class Change(NamedTuple):
    r"""A quantity of the data, of the reconstruction, and how they differ; scalars.

    Args:
        data: The mean of the data.
        reconstructed: The mean of the reconstruction.
        relative: ``(reconstructed - data) / data``; ``inf`` or ``nan`` where the data
            has 0.
        total: ``reconstructed - data``, summed instead of averaged: the :math:`\Delta`
            of published tables.
    """

    data: Tensor
    reconstructed: Tensor
    relative: Tensor
    total: Tensor


def change_of(data: Tensor, reconstructed: Tensor, count: int) -> Change:
    """Compare two means over ``count`` terms.

    Example:
        >>> import torch
        >>> change_of(torch.tensor(2.0), torch.tensor(3.0), count=4).total.item()
        4.0
    """
    gap = reconstructed - data
    return Change(data, reconstructed, gap / data, gap * count)
