"""View III: AR-GSP, hard negatives by acceptance-rejection and Gumbel softmax."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch_geometric.utils import cumsum
from typing_extensions import Self

from tvdiff_pyg.config import Config
from tvdiff_pyg.negatives.best_items import best_items
from tvdiff_pyg.negatives.sampler import (
    NegativeSampler,
    register_sampler,
    wanted_samples,
)
from tvdiff_pyg.ranges import check_integer
from tvdiff_pyg.sparse import CSR, Interactions, interaction_rows, stacked
from tvdiff_pyg.sparse.hetero import OpenSize
from tvdiff_pyg.sparse.matrices import as_factors, check_num_rows
from tvdiff_pyg.sparse.timesteps import as_timesteps

# Scores are clamped to this before their logarithm is taken.
MIN_SCORE = 1e-10
# Entries of a score block, so that one takes 64 MiB in single precision.
BLOCK_ENTRIES = 2**24


@dataclass(frozen=True)
class ARGumbelConfig(Config):
    """Settings of :class:`ARGumbelSampler`.

    Args:
        accept_ratio: Share of the items that AR-GSP accepts, in (0, 1].
        gumbel_decay: Decay of AR-GSP's softness over the timesteps, at least 0.

    Raises:
        ValueError: If a setting is outside its range.
    """

    accept_ratio: float = 0.05
    gumbel_decay: float = 3.0

    def __post_init__(self) -> None:
        """Check the ranges."""
        super().__post_init__()
        self.check("accept_ratio", 0 < self.accept_ratio <= 1, "in (0, 1]")
        self.check_at_least(0, "gumbel_decay")


@register_sampler("hard", ARGumbelConfig)
class ARGumbelSampler(NegativeSampler):
    r"""Acceptance-rejection Gumbel-softmax sampling of hard negatives.

    AR-GSP of TV-Diff (`arXiv 2511.20122 <https://arxiv.org/abs/2511.20122>`_). For each
    user, all unobserved items are scored without gradient, the best
    ``accept_ratio * num_items`` are accepted, and negatives are drawn from them
    without replacement by the weights

    .. math::
        w_i = \exp \Big( \frac{\log s_i + g_i}{\tau(t)} \Big), \qquad
        \tau(t) = \exp \big( -\lambda (1 - t / T) \big), \qquad
        g_i \sim \text{Gumbel}(0, 1)

    The weights are sharp at low noise and soft at high noise. An observed item is
    never accepted.

    Args:
        num_timesteps: Number of diffusion steps :math:`T`, at least 1.
        accept_ratio: Share of the items that is accepted, in (0, 1].
            (default: ``0.05``)
        gumbel_decay: :math:`\lambda`, at least 0. (default: ``3.0``)

    Raises:
        ValueError: If an argument is outside its range.

    Example:
        >>> sampler = ARGumbelSampler(num_timesteps=5, accept_ratio=0.5)
        >>> observed = CSR.from_edge_index(torch.tensor([[0], [0]]), (1, 4))
        >>> user, item = torch.ones(1, 1), torch.tensor([[9.0], [0.1], [5.0], [0.2]])
        >>> wanted, timestep = torch.tensor([2]), torch.tensor([0])
        >>> negative = sampler(observed, wanted, user, item, timestep)
        >>> sorted(negative.col.tolist())
        [2, 3]
    """

    needs_factors = True

    def __init__(
        self, num_timesteps: int, accept_ratio: float = 0.05, gumbel_decay: float = 3.0
    ) -> None:
        super().__init__()
        check_integer("num_timesteps", num_timesteps, low=1)
        self.config = ARGumbelConfig(accept_ratio, gumbel_decay)
        self.num_timesteps = num_timesteps
        self.accept_ratio = accept_ratio
        self.gumbel_decay = gumbel_decay

    @classmethod
    def from_config(cls, config: Config, num_timesteps: int) -> Self:
        """Build from a config; see :meth:`NegativeSampler.from_config`."""
        return cls(num_timesteps, **vars(config))

    def softness(self, timestep: Tensor) -> Tensor:
        r"""Compute :math:`\tau(t) = \exp(-\lambda (1 - t / T))`, in (0, 1]."""
        return torch.exp(-self.gumbel_decay * (1 - timestep / self.num_timesteps))

    @torch.no_grad()
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
        if user_factor is None or item_factor is None or timestep is None:
            raise ValueError(
                "'user_factor', 'item_factor' and 'timestep' need to be given to "
                "ARGumbelSampler (got None)"
            )
        user_factor, item_factor = as_factors(user_factor, item_factor)
        if size == (None, None):
            size = user_factor.size(0), item_factor.size(0)
        observed = interaction_rows(observed, size, "observed")
        num_samples = wanted_samples(observed, num_samples)
        check_num_rows("user_factor", user_factor, observed.num_rows, observed.col)
        check_num_rows("item_factor", item_factor, observed.num_cols, observed.col)
        timestep = as_timesteps(timestep, user_factor, self.num_timesteps)
        softness = self.softness(timestep).expand(observed.num_rows)
        rows = max(BLOCK_ENTRIES // max(observed.num_cols, 1), 1)
        blocks = [
            self._draw(
                observed.select(block),
                num_samples[block],
                _scores(user_factor[block], item_factor),
                softness[block],
                generator,
            )
            for block in torch.arange(
                observed.num_rows, device=observed.col.device
            ).split(rows)
        ]
        return stacked(blocks)

    def _draw(
        self,
        observed: CSR,
        num_samples: Tensor,
        score: Tensor,
        softness: Tensor,
        generator: torch.Generator | None,
    ) -> CSR:
        """Draw for one block of rows, given all their scores."""
        score[observed.row(), observed.col] = -torch.inf
        # 0.29 * 100 is 28.999... in floating point, and means 29 items.
        num_accepted = max(int(self.accept_ratio * observed.num_cols + 1e-9), 1)
        item = best_items(score, num_accepted)
        accepted = score.gather(1, item)
        key = accepted.clamp(min=MIN_SCORE).log() + _gumbel(accepted, generator)
        # Ordering by log-weight plus a second Gumbel draws without replacement by
        # weight (Gumbel top-k), which is what gives the softness its effect. Times
        # the softness, which orders alike and never divides by nothing.
        key = key + softness.unsqueeze(-1) * _gumbel(accepted, generator)
        key = key.masked_fill(accepted == -torch.inf, -torch.inf)
        num_candidates = (accepted > -torch.inf).sum(dim=1)
        num_drawn = torch.minimum(num_samples, num_candidates)
        width = int(num_drawn.max()) if num_drawn.numel() else 0
        order = key.topk(width, dim=1).indices
        drawn = torch.arange(width, device=score.device) < num_drawn.unsqueeze(-1)
        col = item.gather(1, order)[drawn]
        return CSR(cumsum(num_drawn), col, observed.num_cols, check=False)

    def __repr__(self) -> str:
        return (
            f"{self.__class__.__name__}(accept_ratio={self.accept_ratio}, "
            f"gumbel_decay={self.gumbel_decay})"
        )


def _scores(user_factor: Tensor, item_factor: Tensor) -> Tensor:
    """Score in single precision at least: half of it has no 1e-10."""
    with torch.autocast(user_factor.device.type, enabled=False):
        score = user_factor @ item_factor.t()
    return score if score.dtype == torch.double else score.float()


def _gumbel(like: Tensor, generator: torch.Generator | None) -> Tensor:
    """Draw standard Gumbel noise of a tensor's shape."""
    # Two logarithms take less time than PyTorch's own exponential numbers.
    noise = torch.empty_like(like).uniform_(generator=generator)
    noise = noise.clamp_(min=torch.finfo(like.dtype).tiny)
    return noise.log_().neg_().log_().neg_()
