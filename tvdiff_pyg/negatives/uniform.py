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
from tvdiff_pyg.sparse import CSR, Interactions, interaction_rows
from tvdiff_pyg.sparse.hetero import OpenSize


@dataclass(frozen=True)
class UniformConfig(Config):
    """Settings of :class:`UniformNegativeSampler`: none."""


@register_sampler("uniform", UniformConfig)
class UniformNegativeSampler(NegativeSampler):
    """Draws unobserved items uniformly, with replacement.

    Example:
        >>> observed = torch.tensor([[0, 0], [0, 2]])
        >>> UniformNegativeSampler()(observed, 1, size=(1, 3)).col.tolist()
        [1]
    """

    config = UniformConfig()

    def forward(
        self,
        observed: Interactions,
        num_samples: Tensor | int,
        user_factor: Tensor | None = None,
        item_factor: Tensor | None = None,
        timestep: Tensor | int | None = None,
        generator: torch.Generator | None = None,
        size: OpenSize = (None, None),
    ) -> CSR:
        """Draw negatives; see :meth:`NegativeSampler.forward`."""
        observed = interaction_rows(observed, size, "observed")
        return uniform_unobserved(observed, num_samples, generator)

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}()"
