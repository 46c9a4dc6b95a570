"""What every negative sampler offers."""

import torch
from torch import Tensor
from torch_geometric.utils import cumsum
from typing_extensions import Self

from tvdiff_pyg.config import Config
from tvdiff_pyg.contract import Contract
from tvdiff_pyg.ranges import check_integer
from tvdiff_pyg.registry import Registry
from tvdiff_pyg.sparse import CSR, Interactions
from tvdiff_pyg.sparse.checks import ascends, check_integers, check_vector
from tvdiff_pyg.sparse.hetero import OpenSize

#: Every negative sampler by its name.
SAMPLERS: "Registry[type[NegativeSampler]]" = Registry(
    "negative sampler", lambda: Contract(NegativeSampler, Config)
)
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
        observed: Interactions,
        num_samples: Tensor | int,
        user_factor: Tensor | None = None,
        item_factor: Tensor | None = None,
        timestep: Tensor | int | None = None,
        generator: torch.Generator | None = None,
        size: OpenSize = (None, None),
    ) -> CSR:
        """Draw negatives.

        Args:
            observed: Observed interactions, of shape ``[batch_size, num_items]``: rows,
                or any of PyG's formats, see
                :func:`~tvdiff_pyg.sparse.interaction_rows`. Training passes rows.
            num_samples: How many for each row, integers, of shape ``[batch_size]``, or
                one number for all.
            user_factor: User factors, ``[batch_size, channels]``. (default: ``None``)
            item_factor: Item factors, ``[num_items, channels]``. (default: ``None``)
            timestep: Timesteps in [0, num_timesteps), integers, of shape
                ``[batch_size]``, or one for all. (default: ``None``)
            generator: Source of randomness. (default: ``None``)
            size: ``(batch_size, num_items)``, where ``observed`` is pairs alone.
                (default: ``(None, None)``)

        Returns:
            The drawn pairs, of the shape of ``observed``; columns in draw order.

        Raises:
            ValueError: If an argument does not fit ``observed``.
        """
        raise NotImplementedError


def check_drawn(drawn: object, sampler: NegativeSampler, observed: CSR) -> CSR:
    """Return what a sampler has drawn, which may be anybody's, or raise.

    Args:
        drawn: What :meth:`NegativeSampler.forward` has returned.
        sampler: The sampler.
        observed: What it was called with.

    Raises:
        ValueError: If these are no pairs of the shape of ``observed``.
    """
    shape = observed.num_rows, observed.num_cols
    found = (drawn.num_rows, drawn.num_cols) if isinstance(drawn, CSR) else None
    if not isinstance(drawn, CSR) or found != shape:
        got = type(drawn).__name__ if found is None else f"a CSR of shape {list(found)}"
        raise ValueError(
            f"{sampler} needs to return a CSR of shape {list(shape)} (got {got})"
        )
    return drawn


def uniform_unobserved(
    observed: CSR, num_samples: Tensor | int, generator: torch.Generator | None = None
) -> CSR:
    """Draw unobserved items uniformly, with replacement, without rejection.

    The ``r``-th unobserved item of a row is ``r`` plus the number of observed items
    before it: those whose own rank among the unobserved, ``col - position``, is at
    most ``r``. Ranks ascend within a row, so one search over the batch finds all.

    Args:
        observed: Observed interactions, columns ascending, ``[batch_size, num_items]``.
        num_samples: How many for each row, integers, of shape ``[batch_size]``, or
            one number for all.
        generator: Source of randomness. (default: ``None``)

    Returns:
        The drawn pairs; a row without any unobserved item gets none.

    Raises:
        ValueError: If there is not a number, at least 0, for each row, or the columns
            of a row do not ascend.

    Example:
        >>> observed = CSR.from_edge_index(torch.tensor([[0, 0], [0, 2]]), (1, 3))
        >>> uniform_unobserved(observed, torch.tensor([2])).col.tolist()
        [1, 1]
    """
    degree, device = observed.degree(), observed.col.device
    num_free = observed.num_cols - degree
    num_samples = wanted_samples(observed, num_samples) * (num_free > 0)
    row = torch.arange(observed.num_rows, device=device).repeat_interleave(num_samples)
    draw = torch.rand(
        row.numel(), generator=generator, device=device, dtype=torch.double
    )
    rank = (draw * num_free[row]).long()
    stride = observed.num_cols + 1
    key = observed.row() * stride + observed.col - observed.position()
    if not ascends(key):
        raise ValueError(
            "'observed' needs distinct columns that ascend in each row (got others)"
        )
    before = torch.searchsorted(key, row * stride + rank, right=True)
    col = rank + before - observed.rowptr[row]
    return CSR(cumsum(num_samples), col, observed.num_cols, check=False)


def wanted_samples(observed: CSR, num_samples: Tensor | int) -> Tensor:
    """Return how many samples each row wants, long, of shape ``[batch_size]``.

    Args:
        observed: Observed interactions, of shape ``[batch_size, num_items]``.
        num_samples: A number for each row, or one for all.

    Raises:
        ValueError: If there is not a number, at least 0, for each row.
    """
    if not isinstance(num_samples, Tensor):
        check_integer("num_samples", num_samples, low=0)
        num_samples = observed.rowptr.new_full((observed.num_rows,), num_samples)
    num_samples = check_integers("num_samples", num_samples)
    check_vector("num_samples", num_samples, observed.num_rows, observed.col)
    if bool((num_samples < 0).any()):
        lowest = int(num_samples.min())
        raise ValueError(f"'num_samples' needs to be at least 0 (got {lowest})")
    return num_samples
