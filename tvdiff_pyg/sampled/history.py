"""Sums over all users of an item as they last were, which a sample only corrects."""

from dataclasses import dataclass

import torch
from torch import Tensor

from tvdiff_pyg.loss import FreeEnergy
from tvdiff_pyg.nn.tower import TowerDenoiser
from tvdiff_pyg.sampled.batch import TrainingBatch
from tvdiff_pyg.sparse import BipartiteAdjacency, gram, spmm


@dataclass(frozen=True, eq=False)
class HistoricalSums:
    r"""Control variates of the sampled engine, made in one pass over the graph.

    With :math:`\bar{W}` the user embeddings as they were then, and :math:`\bar{s}_i =
    \sum_{u \in \mathcal{N}(i)} \bar{r}_{ui} \bar{W}[u]`, a sample
    :math:`\mathcal{S}(i)` of an item's users gives the sum over all of them as

    .. math::
        \hat{s}_i = \bar{s}_i + \frac{|\mathcal{N}(i)|}{|\mathcal{S}(i)|}
        \sum_{u \in \mathcal{S}(i)} \bar{r}_{ui} (W[u] - \bar{W}[u])

    (`"Stochastic Training of Graph Convolutional Networks with Variance Reduction"
    <https://arxiv.org/abs/1710.10568>`_). It is unbiased however old the pass is, and
    its variance is that of what has changed since. The energy, a sum over all items, is
    estimated likewise.

    Args:
        denoiser: What was summed for.
        source: User embeddings as they were, ``[num_users, hidden_channels]``.
        item_sum: Sums of them over each item's users, ``[num_items, hidden_channels]``.
        observed: Sums of the item factors over each user's items,
            ``[num_users, hidden_channels]``.
        mass: Gram matrix of all item factors, ``[hidden_channels, hidden_channels]``.
    """

    denoiser: TowerDenoiser
    source: Tensor
    item_sum: Tensor
    observed: Tensor
    mass: Tensor

    @staticmethod
    @torch.no_grad()
    def of(denoiser: TowerDenoiser, adjacency: BipartiteAdjacency) -> "HistoricalSums":
        """Pass over all interactions.

        Args:
            denoiser: The denoiser as it is, of one layer.
            adjacency: The training graph, weighted as the denoiser reads it.
        """
        # The optimiser writes to the table itself.
        source = denoiser.look_up()[0].clone()
        rows = adjacency.item_rows
        item_sum = denoiser.gather(rows, rows.value, None, source)
        factor = denoiser.squash_items(item_sum)
        observed = spmm(adjacency.user_rows.with_value(None), factor)
        return HistoricalSums(denoiser, source, item_sum, observed, gram(factor))

    def item_factor(self, batch: TrainingBatch, source: Tensor) -> Tensor:
        """Estimate the factors of the batch's items by the sums that are squashed.

        Args:
            batch: The batch.
            source: Embeddings of its users, ``[num_users, hidden_channels]``.

        Returns:
            Item factors, of shape ``[num_local, hidden_channels]``.
        """
        user, item = n_id = batch.ids()
        rows, change = batch.item_rows, source - self.source[user]
        change = self.denoiser.gather(rows, rows.value, n_id, change)
        return self.denoiser.squash_items(self.item_sum[item] + change, item)

    def correct(
        self, loss: FreeEnergy, batch: TrainingBatch, user_factor: Tensor
    ) -> FreeEnergy:
        """Add to the energy what the sample lacks, by the item factors as they were.

        Args:
            loss: The loss of the sample.
            batch: The batch.
            user_factor: User factors, of shape ``[batch_size, hidden_channels]``.

        Returns:
            The loss, whose mean over samples is as it was.
        """
        _, item = batch.ids()
        with torch.no_grad():
            factor = self.denoiser.squash_items(self.item_sum[item], item)
            linear = self.observed[batch.user] - spmm(batch.observed, factor)
            mass = self.mass - gram(factor, batch.item_weight)
        lacking = (user_factor * (user_factor @ mass - 2 * linear)).sum()
        lacking = lacking / max(user_factor.size(0) * self.item_sum.size(0), 1)
        return FreeEnergy(
            loss.free_energy + lacking, loss.energy + lacking.detach(), loss.entropy
        )
