"""Uniform negatives."""

from dataclasses import dataclass

import torch
from torch import Tensor

from tvdiff_pyg.config import Config
from tvdiff_pyg.negatives.sampler import (
    NegativeSampler,
    register_sampler,
    uniform_unobserved,
)
from tvdiff_pyg.sparse import CSR


@dataclass(frozen=True)
class UniformConfig(Config):
    """Settings of :class:`UniformNegativeSampler`: none."""


@register_sampler("uniform", UniformConfig)
class UniformNegativeSampler(NegativeSampler):
    """Draws unobserved items uniformly, with replacement.

    Example:
        >>> observed = CSR.from_edge_index(torch.tensor([[0, 0], [0, 2]]), (1, 3))
        >>> UniformNegativeSampler()(observed, torch.tensor([1])).col.tolist()
        [1]
    """

    config = UniformConfig()

    def forward(
        self,
        observed: CSR,
        num_samples: Tensor,
        user_factor: Tensor | None = None,
        item_factor: Tensor | None = None,
        timestep: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> CSR:
        """Draw negatives; see :meth:`NegativeSampler.forward`."""
        return uniform_unobserved(observed, num_samples, generator)

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}()"
