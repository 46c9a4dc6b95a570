"""Sums over whole neighbourhoods as they last were, which a sample only corrects."""

from dataclasses import dataclass
from typing import NamedTuple, cast

import torch
from torch import Tensor

from tvdiff_pyg.loss import FreeEnergy
from tvdiff_pyg.nn.denoiser import Denoiser
from tvdiff_pyg.nn.node_ids import NodeIds
from tvdiff_pyg.nn.tower import TowerDenoiser
from tvdiff_pyg.sampled.batch import TrainingBatch
from tvdiff_pyg.sampled.check_sums import check_sums
from tvdiff_pyg.sampled.sums import BatchSums
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency, gram, spmm


class PastLayer(NamedTuple):
    """What a layer before the last read and summed in a pass over the graph.

    Attributes:
        user: User embeddings that it read, ``[num_users, hidden_channels]``.
        item: Item embeddings, ``[num_items, hidden_channels]``.
        to_user: Weighted sums of the latter over each user's items,
            ``[num_users, hidden_channels]``.
        to_item: Of the former over each item's users, ``[num_items, hidden_channels]``.
    """

    user: Tensor
    item: Tensor
    to_user: Tensor
    to_item: Tensor


@dataclass(frozen=True, eq=False)
class HistoricalSums(BatchSums):
    r"""Control variates of the sampled engine, made in one pass over the graph.

    With :math:`\bar{W}` the user embeddings as they were then, and :math:`\bar{s}_i =
    \sum_{u \in \mathcal{N}(i)} \bar{r}_{ui} \bar{W}[u]`, a sample
    :math:`\mathcal{S}(i)` of an item's users gives the sum over all of them as

    .. math::
        \hat{s}_i = \bar{s}_i + \frac{|\mathcal{N}(i)|}{|\mathcal{S}(i)|}
        \sum_{u \in \mathcal{S}(i)} \bar{r}_{ui} (W[u] - \bar{W}[u])

    (`"Stochastic Training of Graph Convolutional Networks with Variance Reduction"
    <https://arxiv.org/abs/1710.10568>`_). It is unbiased however old the pass is, and
    its variance is that of what has changed since. Of several layers, each has such
    sums, both ways, and the user tower as well. Of two, they are unbiased, given what
    the first has computed; from three on, the sample of a node comes back in that of
    its neighbours, and what has changed is estimated with some bias. The energy, a sum
    over all items, is estimated likewise.

    Args:
        denoiser: What was summed for.
        layers: The layers before the last.
        source: User embeddings that the last layer read,
            ``[num_users, hidden_channels]``.
        embedding: Item embeddings that it read, ``[num_items, hidden_channels]``;
            ``None`` with one layer, which reads all items of a user anyway.
        item_sum: Sums of ``source`` over each item's users,
            ``[num_items, hidden_channels]``.
        user_rows: All items of each user, ``[num_users, num_items]``.
        factor: Item factors, ``[num_items, channels]``. They are kept, for
            what squashes the sums may learn, as features' weights do.
        observed: Their sums over each user's items, ``[num_users, channels]``.
        mass: Their Gram matrix, ``[channels, channels]``.
    """

    denoiser: TowerDenoiser
    layers: tuple[PastLayer, ...]
    source: Tensor
    embedding: Tensor | None
    item_sum: Tensor
    user_rows: CSR
    factor: Tensor
    observed: Tensor
    mass: Tensor

    @staticmethod
    @torch.no_grad()
    def of(given: Denoiser, adjacency: BipartiteAdjacency) -> "HistoricalSums":
        """Pass over all interactions, once each way for each layer.

        Args:
            given: The denoiser as it is.
            adjacency: The training graph, weighted as the denoiser reads it.

        Raises:
            ValueError: If its sums are not linear in what they sum, or its item
                factors are not such sums, squashed.
        """
        check_sums(given, adjacency)
        denoiser = cast(TowerDenoiser, given)
        rows, layers = adjacency.item_rows, list[PastLayer]()

        def messages(user: Tensor, item: Tensor) -> tuple[Tensor, Tensor]:
            to_user = denoiser.send((item, user), rows.transpose())
            to_item = denoiser.send((user, item), rows)
            layers.append(PastLayer(user, item, to_user, to_item))
            # An activation may write to what it is given.
            return to_user.clone(), to_item.clone()

        user, item = denoiser.look_up()
        several = denoiser.num_layers > 1
        # The optimiser writes to the tables themselves.
        source, embedding = user.clone(), item
        if several:
            source, embedding = denoiser.through_layers(source, item.clone(), messages)
        item_sum = denoiser.gather(rows, rows.value, None, source)
        factor = denoiser.squash_items(item_sum)
        observed = spmm(adjacency.user_rows.with_value(None), factor)
        return HistoricalSums(
            denoiser,
            tuple(layers),
            source,
            embedding if several else None,
            item_sum,
            adjacency.user_rows,
            factor,
            observed,
            gram(factor),
        )

    def embed(self, batch: TrainingBatch) -> tuple[Tensor, Tensor]:
        """Estimate what the last layer reads; see :meth:`BatchSums.embed`."""
        denoiser, n_id, rows = self.denoiser, batch.ids(), batch.user_rows
        past = iter(self.layers)

        def messages(user: Tensor, item: Tensor) -> tuple[Tensor, Tensor]:
            assert rows is not None
            before = _rows_of(next(past), n_id)
            changed = user - before.user, item - before.item
            return (
                before.to_user + denoiser.send(changed[::-1], rows),
                before.to_item + denoiser.send(changed, batch.item_rows),
            )

        found = denoiser.look_up(n_id)
        if denoiser.num_layers == 1:
            return found
        return denoiser.through_layers(*found, messages)

    def project(self, batch: TrainingBatch, embedding: Tensor) -> Tensor:
        """Estimate sums over all items of each row; see :meth:`BatchSums.project`."""
        if self.embedding is None:
            return super().project(batch, embedding)
        user, (_, item) = batch.user, batch.ids()
        whole, project = self.user_rows.select(user), self.denoiser.project
        past = project(whole, None, (user, item), self.embedding)
        change = embedding - self.embedding[item]
        return past + project(batch.messages, None, (user, item), change)

    def item_factor(self, batch: TrainingBatch, source: Tensor) -> Tensor:
        """Estimate the sums that are squashed; see :meth:`BatchSums.item_factor`."""
        user, item = n_id = batch.ids()
        rows, change = batch.item_rows, source - self.source[user]
        change = self.denoiser.gather(rows, rows.value, n_id, change)
        return self.denoiser.squash_items(self.item_sum[item] + change, item)

    def correct(
        self, loss: FreeEnergy, batch: TrainingBatch, user_factor: Tensor
    ) -> FreeEnergy:
        """Add to the energy what the sample lacks, by the item factors as they were.

        Its mean over samples is as it was; see :meth:`BatchSums.correct`.
        """
        _, item = batch.ids()
        with torch.no_grad():
            factor = self.factor[item]
            linear = self.observed[batch.user] - spmm(batch.observed, factor)
            mass = self.mass - gram(factor, batch.item_weight)
        lacking = (user_factor * (user_factor @ mass - 2 * linear)).sum()
        lacking = lacking / max(user_factor.size(0) * self.item_sum.size(0), 1)
        return FreeEnergy(
            loss.free_energy + lacking, loss.energy + lacking.detach(), loss.entropy
        )


def _rows_of(past: PastLayer, n_id: NodeIds) -> PastLayer:
    """Return the rows of a batch's users and items."""
    user, item = n_id
    return PastLayer(
        past.user[user], past.item[item], past.to_user[user], past.to_item[item]
    )
