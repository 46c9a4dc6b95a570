"""GiffCF: diffusion by smoothing on the items' graph, and its reversal."""

from functools import partial

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from tvdiff_pyg.data.graph_like import GraphLike
from tvdiff_pyg.loss import FreeEnergy
from tvdiff_pyg.models.baselines.giff_cf_config import GiffCFConfig
from tvdiff_pyg.models.baselines.giff_cf_denoiser import TwoStageDenoiser
from tvdiff_pyg.models.baselines.giff_cf_scorer import (
    GiffCFRanker,
    GiffCFScorer,
    users_at_once,
)
from tvdiff_pyg.models.baselines.heat_filter import HeatFilter
from tvdiff_pyg.models.baselines.whole_histories import whole_histories
from tvdiff_pyg.models.model import register_model
from tvdiff_pyg.models.reference import to_dense
from tvdiff_pyg.models.trainable import TrainableModel
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency, spmm


@register_model("giffcf", GiffCFConfig)
class GiffCF(TrainableModel):
    r"""The `"Graph Signal Diffusion Model for Collaborative Filtering"
    <https://arxiv.org/abs/2311.08744>`_: what is added is not noise, but smoothness.

    .. math::
        z_t = F_t x_0, \qquad F_t = I + \alpha \frac{t}{T} (A - I), \qquad
        L = \mathrm{mean}_u \lVert x_0 - \hat x_0(z_t, c, t) \rVert^2

    with :math:`A` the graph between items
    (:class:`~tvdiff_pyg.models.baselines.heat_filter.HeatFilter`), :math:`t` drawn from
    :math:`1, \ldots, T` for each user, and :math:`c` their history under dropout. The
    denoiser, :class:`~tvdiff_pyg.models.baselines.giff_cf_denoiser.TwoStageDenoiser`,
    refines and sharpens. Scores are :math:`z_0`, from :math:`z_T = F_T x_0` back by

    .. math::
        z_{t-1} = F_{t-1} \hat x_0 + \gamma \, (z_t - F_t \hat x_0)

    As the published configurations do, no noise is added. The denoiser reads
    :math:`z_t` through the items' vectors :math:`V` alone, so training computes
    :math:`z_t V` by way of :math:`A V`. Scores are no inner products: they are computed
    for a block of users at a time, as the loss is.

    Args:
        num_users: Number of users, at least 1.
        num_items: Number of items, at least 1.
        hidden_channels: Length of the items' vectors, at least 1. (default: ``200``)
        dropout: Dropout on the histories that are the condition, in [0, 1).
            (default: ``0.5``)
        smoothing_steps: :math:`T`, at least 1. (default: ``3``)
        smoothing: :math:`\alpha`, above 0. (default: ``1.5``)
        noise_decay: :math:`\gamma`, in [0, 1]. (default: ``0.5``)
        ideal_weight: Weight of the ideal filter in :math:`A`, at least 0.
            (default: ``0.0``)
        rank: Singular vectors that it lets pass, at least 1. (default: ``200``)

    Raises:
        ValueError: If an argument is outside its range.

    Example:
        >>> model = GiffCF(num_users=2, num_items=3, hidden_channels=8)
        >>> adjacency = model.adjacency(torch.tensor([[0, 0, 1], [0, 1, 2]]))
        >>> model.training_loss(adjacency, torch.tensor([0, 1])).free_energy.backward()
        >>> model.scorer(adjacency).rank(torch.tensor([0]), k=2)[1].shape
        torch.Size([1, 2])
    """

    config: GiffCFConfig
    normalization = "linkprop"

    def __init__(
        self,
        num_users: int,
        num_items: int,
        hidden_channels: int = 200,
        dropout: float = 0.5,
        smoothing_steps: int = 3,
        smoothing: float = 1.5,
        noise_decay: float = 0.5,
        ideal_weight: float = 0.0,
        rank: int = 200,
    ) -> None:
        super().__init__(num_users, num_items)
        back = smoothing_steps, smoothing, noise_decay
        self.config = GiffCFConfig(hidden_channels, dropout, *back, ideal_weight, rank)
        self.denoiser = TwoStageDenoiser(num_items, hidden_channels)
        self._known: tuple[BipartiteAdjacency, HeatFilter] | None = None

    def reset_parameters(self) -> None:
        """Draw all weights anew (Xavier uniform, zero bias)."""
        self.denoiser.reset_parameters()

    def heat(self, adjacency: BipartiteAdjacency) -> HeatFilter:
        """Return what smooths on a graph; built once.

        Args:
            adjacency: The graph.
        """
        if self._known is None or self._known[0] is not adjacency:
            ideal = self.config.ideal_weight, self.config.rank
            self._known = adjacency, HeatFilter(adjacency, *ideal)
        return self._known[1]

    def training_loss(
        self,
        adjacency: BipartiteAdjacency,
        user: Tensor,
        item: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> FreeEnergy:
        """Compute the loss; see :meth:`~tvdiff_pyg.models.Learner.training_loss`.

        Raises:
            ValueError: If ``item`` is given: whole histories are read.
        """
        history = whole_histories(self, adjacency, user, item)
        timestep = 1 + torch.randint(
            self.config.smoothing_steps,
            user.shape,
            generator=generator,
            device=user.device,
        )
        known, heat = self._forget(history, generator), self.heat(adjacency)
        signal = self._signal(heat, history, timestep)
        refined = self.denoiser.refine(signal, self.denoiser.embed(known), timestep)
        loss = self._errors(heat, refined, known, history, timestep).sum()
        loss = loss / max(user.numel(), 1)
        return FreeEnergy(loss, loss.detach(), torch.zeros_like(loss))

    @torch.no_grad()
    def scorer(self, graph: GraphLike) -> GiffCFScorer:
        """Rank by the reverse process.

        See :meth:`~tvdiff_pyg.models.Model.scorer`.
        """
        adjacency = self.adjacency_of(graph)
        steps = self.config.smoothing_steps, self.config.smoothing
        ranker = GiffCFRanker(
            self.denoiser, self.heat(adjacency), *steps, self.config.noise_decay
        )
        return GiffCFScorer(adjacency.user_rows, ranker)

    def _forget(self, history: CSR, generator: torch.Generator | None) -> CSR:
        """Leave out items of histories, and weigh up the others."""
        one = torch.ones_like(history.col, dtype=torch.float)
        if not self.training or self.config.dropout == 0:
            return history.with_value(one)
        kept = torch.rand(one.shape, generator=generator, device=one.device)
        kept = (kept >= self.config.dropout) / (1 - self.config.dropout)
        return history.with_value(kept)

    def _signal(self, heat: HeatFilter, history: CSR, timestep: Tensor) -> Tensor:
        """Compute the smoothed signals times the items' vectors."""
        vector = self.denoiser.item_embedding.weight
        plain = spmm(history, vector)
        smooth = spmm(history, heat(vector.t()).t())
        share = self.config.smoothing / self.config.smoothing_steps * timestep
        return plain + share[:, None] * (smooth - plain)

    def _errors(
        self,
        heat: HeatFilter,
        refined: Tensor,
        known: CSR,
        history: CSR,
        timestep: Tensor,
    ) -> Tensor:
        """Sum the squared errors of each block of users, ``[num_blocks]``."""
        blocks = torch.arange(timestep.numel(), device=timestep.device).split(
            users_at_once(self.num_users, self.num_items)
        )
        # One block is kept for its gradient; of several, each is computed twice.
        error = self._error
        if len(blocks) > 1:
            error = partial(checkpoint, error, use_reentrant=False)
        return torch.stack(
            [
                error(
                    heat,
                    refined[block],
                    known.select(block),
                    history.select(block),
                    timestep[block],
                )
                for block in blocks
            ]
        )

    def _error(
        self,
        heat: HeatFilter,
        refined: Tensor,
        known: CSR,
        history: CSR,
        timestep: Tensor,
    ) -> Tensor:
        """Sum the squared errors of a block of users."""
        dense = to_dense(known, refined.dtype)
        found = self.denoiser.sharpen(refined, dense, heat(dense), timestep)
        return (found - to_dense(history, refined.dtype)).square().sum()
