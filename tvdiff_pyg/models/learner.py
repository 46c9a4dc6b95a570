"""What a model offers its training: the loss of a batch, exact or sampled."""

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from tvdiff_pyg.loss import FreeEnergy
from tvdiff_pyg.sampled import HistoricalSums
from tvdiff_pyg.sparse import BipartiteAdjacency


class Learner(torch.nn.Module):
    """The part of the contract of :class:`~tvdiff_pyg.models.Model` that models in
    closed form leave as it is.
    """

    def training_loss(
        self,
        adjacency: BipartiteAdjacency,
        user: Tensor,
        item: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> FreeEnergy:
        """Compute the loss of a batch; only for models that learn by gradients.

        Args:
            adjacency: The training graph.
            user: Users of the batch, long, of shape ``[batch_size]``; may repeat.
            item: One positive item for each user (batches over interactions); if
                omitted, all items of each user are its positives (batches over
                users). (default: ``None``)
            generator: Source of randomness. (default: ``None``)

        Returns:
            Free energy, energy and entropy.
        """
        raise NotImplementedError

    def sampled_loss(
        self,
        adjacency: BipartiteAdjacency,
        batch: HeteroData,
        generator: torch.Generator | None = None,
        history: HistoricalSums | None = None,
    ) -> FreeEnergy:
        """Estimate the loss from sampled neighbours; only with that engine.

        Args:
            adjacency: The training graph.
            batch: A batch of :func:`~tvdiff_pyg.sampled.neighbor_loader`.
            generator: Source of randomness. (default: ``None``)
            history: What :meth:`historical_sums` returned some steps ago, for models
                that have it. (default: ``None``)

        Returns:
            Free energy, energy and entropy.
        """
        raise NotImplementedError

    def historical_sums(self, adjacency: BipartiteAdjacency) -> HistoricalSums:
        """Sum over all users of each item; for models whose config has them.

        Args:
            adjacency: The training graph.

        Returns:
            Sums for the steps that come.
        """
        raise NotImplementedError
