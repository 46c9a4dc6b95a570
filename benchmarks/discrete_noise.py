"""Noise that takes interactions away and puts others in their place, row by row."""

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor
from torch_geometric.typing import Adj, OptTensor
from torch_geometric.utils import cumsum

from tvdiff_pyg.negatives.sampler import uniform_unobserved
from tvdiff_pyg.nn import AnisotropicConfig, AnisotropicDenoiser, register_denoiser
from tvdiff_pyg.nn.node_ids import NodeIds
from tvdiff_pyg.sparse import CSR
from tvdiff_pyg.sparse.read_edges import Rows

Corruption = Literal["masks", "rescaled masks", "flips", "popular flips"]
Source = torch.Generator | None


@dataclass(frozen=True)
class DiscreteConfig(AnisotropicConfig):
    """Settings of the denoiser that trains on discrete noise.

    Args:
        corruption: What becomes of the histories.
        max_rate: The rate of a row is drawn evenly from 0 to this, above 0, at most 1;
            below 1 where what is left is rescaled.
    """

    corruption: Corruption = "masks"
    max_rate: float = 1.0

    def __post_init__(self) -> None:
        """Check the range of the rate."""
        super().__post_init__()
        if self.corruption == "rescaled masks":
            # Divided by 1 - rate, an entry has the variance rate / (1 - rate), whose
            # mean over rates up to 1 is infinite.
            self.check("max_rate", 0 < self.max_rate < 1, "between 0 and 1")
        self.check("max_rate", 0 < self.max_rate <= 1, "above 0 and at most 1")


class DiscreteDenoiser(AnisotropicDenoiser):
    """The anisotropic denoiser, which corrupts what it reads while it is trained.

    It is not told the rate: what is left of a history has to tell.
    """

    config: DiscreteConfig

    def __init__(
        self,
        num_users: int,
        num_items: int,
        corruption: Corruption = "masks",
        max_rate: float = 1.0,
        **settings: Any,
    ) -> None:
        super().__init__(num_users, num_items, **settings)
        self.config = DiscreteConfig(
            **vars(self.config), corruption=corruption, max_rate=max_rate
        )

    def project(
        self,
        edge_index: Adj | Rows,
        edge_weight: OptTensor = None,
        n_id: NodeIds | None = None,
        embedding: OptTensor = None,
    ) -> Tensor:
        """Corrupt the histories of a training step, and sum what is there then."""
        if self.training:
            assert isinstance(edge_index, CSR) and edge_weight is None
            rate = draw_rates(edge_index, self.config.max_rate)
            edge_index = corrupt(edge_index, self.config.corruption, rate)
        return super().project(edge_index, edge_weight, n_id, embedding)


def register() -> None:
    """Let settings name it; a process that only imports this has no such denoiser."""
    register_denoiser("discrete", DiscreteConfig)(DiscreteDenoiser)


def draw_rates(rows: CSR, max_rate: float, generator: Source = None) -> Tensor:
    """Draw a rate for each row, evenly from 0 to ``max_rate``."""
    return max_rate * torch.rand(
        rows.num_rows, generator=generator, device=rows.col.device
    )


def corrupt(
    rows: CSR, corruption: Corruption, rate: Tensor, generator: Source = None
) -> CSR:
    """Corrupt each row at its rate.

    Args:
        rows: Histories, of shape ``[batch_size, num_items]``.
        corruption: How.
        rate: The rates, of shape ``[batch_size]``.
        generator: Source of randomness. (default: ``None``)
    """
    kept = mask(rows, rate, generator)
    if corruption == "masks":
        return kept
    if corruption == "rescaled masks":
        return kept.with_value(kept.values() / (1 - rate[kept.row()]))
    lost = rows.degree() - kept.degree()
    if corruption == "flips":
        return join(kept, uniform_unobserved(rows, lost, generator))
    # How popular items are among the users of a batch is an even draw of how they are.
    drawn = weighted_unobserved(rows, lost, rows.col_degree(), generator)
    return join(kept, drawn)


def mask(rows: CSR, rate: Tensor, generator: Source = None) -> CSR:
    """Leave each entry out with the probability ``rate`` of its row."""
    row = rows.row()
    draw = torch.rand(rows.nnz, generator=generator, device=row.device)
    keep = draw >= rate[row]
    value = None if rows.value is None else rows.value[keep]
    pairs = torch.stack([row[keep], rows.col[keep]])
    return CSR.from_edge_index(pairs, (rows.num_rows, rows.num_cols), value)


def weighted_unobserved(
    observed: CSR, num_samples: Tensor, weight: Tensor, generator: Source = None
) -> CSR:
    """Draw unobserved items by integer weights, with replacement, without rejection.

    As :func:`~tvdiff_pyg.negatives.sampler.uniform_unobserved`, with units of weight
    in the place of items: the ``r``-th unobserved unit of a row is ``r`` plus the
    weight of the observed items before it.

    Args:
        observed: Items that are not drawn, of shape ``[batch_size, num_items]``.
        num_samples: How many for each row, long, of shape ``[batch_size]``.
        weight: Weights of the items, long, of shape ``[num_items]``.
        generator: Source of randomness. (default: ``None``)

    Returns:
        The drawn pairs; a row whose unobserved items weigh nothing gets none.
    """
    upto = weight.cumsum(0)
    total, own = int(upto[-1]), weight[observed.col]
    taken = cumsum(own)
    before = taken[observed.rowptr]
    free = total - before.diff()
    num_samples = num_samples * (free > 0)
    row = torch.arange(observed.num_rows, device=upto.device)
    row = row.repeat_interleave(num_samples)
    draw = torch.rand(
        row.numel(), generator=generator, device=upto.device, dtype=torch.double
    )
    unit = (draw * free[row]).long()
    # Units that are free before an observed item ascend in a row, and so over rows.
    first = (upto - weight)[observed.col] - (taken[:-1] - before[observed.row()])
    key = observed.row() * (total + 1) + first
    passed = torch.searchsorted(key, row * (total + 1) + unit, right=True)
    unit = unit + taken[passed] - before[row]
    col = torch.searchsorted(upto, unit, right=True)
    return CSR(cumsum(num_samples), col, observed.num_cols, check=False)


def join(one: CSR, other: CSR, weight: float = 1.0) -> CSR:
    """Put the entries of two matrices of one shape together.

    Args:
        one: The one.
        other: The other, whose entries weigh ``weight``.
        weight: That weight. (default: ``1.0``)
    """
    row = torch.cat([one.row(), other.row()])
    col = torch.cat([one.col, other.col])
    value = torch.cat([one.values(), torch.full_like(other.values(), weight)])
    size = one.num_rows, one.num_cols
    return CSR.from_edge_index(torch.stack([row, col]), size, value)
