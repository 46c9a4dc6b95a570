"""What items score for their popularity alone, whoever the user is."""

from typing import NamedTuple

import torch
from torch import Tensor

# Degrees that differ by less rank nothing.
LEAST_DEVIATION = 1e-6


class PopularityBias(NamedTuple):
    r"""Adds :math:`c \log(1 + d_i)` to the scores of an item of degree :math:`d_i`.

    Attributes:
        degree: Users of each item, of shape ``[num_items]``.
        scale: The factor :math:`c`.

    Example:
        >>> PopularityBias.of(torch.tensor([0, 3]), torch.tensor(2.0)).scores()
        tensor([0., 4.])
    """

    degree: Tensor
    scale: Tensor

    @staticmethod
    def of(degree: Tensor, deviation: Tensor) -> "PopularityBias":
        """Scale it, so that its scores have a standard deviation over items.

        Args:
            degree: Users of each item, of shape ``[num_items]``.
            deviation: That standard deviation.
        """
        degree = degree.to(deviation)
        own = degree.log1p().std(correction=0)
        scale = torch.where(own > LEAST_DEVIATION, deviation / own, 0.0)
        return PopularityBias(degree, scale)

    def scores(self) -> Tensor:
        """Compute what each item scores, of shape ``[num_items]``."""
        return self.scale * self.degree.log1p()

    def widened(self, degree: Tensor) -> "PopularityBias":
        """Append new items.

        Args:
            degree: Users of each new one, of shape ``[num_new]``.
        """
        return self._replace(degree=torch.cat([self.degree, degree.to(self.degree)]))
