"""What training needs of a model: a loss, beside its factors."""

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from tvdiff_pyg.loss import FreeEnergy
from tvdiff_pyg.models.model import FactorModel
from tvdiff_pyg.nn.anisotropic import check_sizes
from tvdiff_pyg.sparse import BipartiteAdjacency


class TrainableModel(FactorModel):
    """A factor model that learns from a graph of fixed users and items.

    Subclass it to train a model of your own with the trainer's module.

    Args:
        num_users: Number of users, at least 1.
        num_items: Number of items, at least 1.

    Raises:
        ValueError: If a number is below 1.
    """

    def __init__(self, num_users: int, num_items: int) -> None:
        super().__init__()
        check_sizes(num_users=num_users, num_items=num_items)
        self.num_users = num_users
        self.num_items = num_items

    def adjacency(self, edge_index: Tensor) -> BipartiteAdjacency:
        """Sort and weigh the training graph as this model reads it.

        Args:
            edge_index: (user, item) pairs, long, of shape ``[2, num_edges]``.

        Returns:
            The adjacency that the other methods take.
        """
        size = (self.num_users, self.num_items)
        return BipartiteAdjacency.from_edge_index(edge_index, size, self.normalization)

    def training_loss(
        self,
        adjacency: BipartiteAdjacency,
        user: Tensor,
        item: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> FreeEnergy:
        """Compute the loss of a batch.

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
    ) -> FreeEnergy:
        """Estimate the loss from sampled neighbours; only for models that can.

        Args:
            adjacency: The training graph.
            batch: A batch of :func:`~tvdiff_pyg.sampled.neighbor_loader`.
            generator: Source of randomness. (default: ``None``)

        Returns:
            Free energy, energy and entropy.
        """
        raise NotImplementedError
