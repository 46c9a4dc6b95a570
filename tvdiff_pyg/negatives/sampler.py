"""What every negative sampler offers."""

import torch
from torch import Tensor
from torch_geometric.utils import cumsum
from typing_extensions import Self

from tvdiff_pyg.config import Config
from tvdiff_pyg.registry import Registry
from tvdiff_pyg.sparse import CSR

#: Every negative sampler by its name.
SAMPLERS: "Registry[type[NegativeSampler]]" = Registry("negative sampler")
register_sampler = SAMPLERS.register


class NegativeSampler(torch.nn.Module):
    """Draws items that a user has not interacted with.

    A sampler is called with the observed interactions of a batch and how many
    negatives each row wants; it returns at most that many, never an observed item,
    and fewer only where a row has too few candidates.

    A sampler of your own defines :meth:`forward` and :attr:`config`, and is registered
    by ``@register_sampler(name, config)``.
    """

    #: The settings that rebuild it.
    config: Config
    #: Whether :meth:`forward` reads the factors and timesteps.
    needs_factors: bool = False

    @classmethod
    def from_config(cls, config: Config, num_timesteps: int) -> Self:
        """Build from a config, by default with its fields as arguments.

        Args:
            config: The settings.
            num_timesteps: Number of diffusion steps, for samplers that read the
                timestep.
        """
        return cls(**vars(config))

    def forward(
        self,
        observed: CSR,
        num_samples: Tensor,
        user_factor: Tensor | None = None,
        item_factor: Tensor | None = None,
        timestep: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> CSR:
        """Draw negatives.

        Args:
            observed: Observed interactions, of shape ``[batch_size, num_items]``.
            num_samples: How many for each row, long, of shape ``[batch_size]``.
            user_factor: User factors, ``[batch_size, channels]``. (default: ``None``)
            item_factor: Item factors, ``[num_items, channels]``. (default: ``None``)
            timestep: Timesteps, of shape ``[batch_size]``. (default: ``None``)
            generator: Source of randomness. (default: ``None``)

        Returns:
            The drawn pairs, of the shape of ``observed``; columns in draw order.
        """
        raise NotImplementedError


def uniform_unobserved(
    observed: CSR, num_samples: Tensor, generator: torch.Generator | None = None
) -> CSR:
    """Draw unobserved items uniformly, with replacement, without rejection.

    The ``r``-th unobserved item of a row is ``r`` plus the number of observed items
    before it: those whose own rank among the unobserved, ``col - position``, is at
    most ``r``. Ranks ascend within a row, so one search over the batch finds all.

    Args:
        observed: Observed interactions, columns ascending, ``[batch_size, num_items]``.
        num_samples: How many for each row, long, of shape ``[batch_size]``.
        generator: Source of randomness. (default: ``None``)

    Returns:
        The drawn pairs; a row without any unobserved item gets none.

    Example:
        >>> observed = CSR.from_edge_index(torch.tensor([[0, 0], [0, 2]]), (1, 3))
        >>> uniform_unobserved(observed, torch.tensor([2])).col.tolist()
        [1, 1]
    """
    degree, device = observed.degree(), observed.col.device
    num_free = observed.num_cols - degree
    num_samples = num_samples * (num_free > 0)
    row = torch.arange(observed.num_rows, device=device).repeat_interleave(num_samples)
    draw = torch.rand(
        row.numel(), generator=generator, device=device, dtype=torch.double
    )
    rank = (draw * num_free[row]).long()
    stride = observed.num_cols + 1
    key = observed.row() * stride + observed.col - observed.position()
    before = torch.searchsorted(key, row * stride + rank, right=True)
    col = rank + before - observed.rowptr[row]
    return CSR(cumsum(num_samples), col, observed.num_cols)
