"""Item-based nearest neighbours."""

from dataclasses import dataclass

from torch import Tensor

from tvdiff_pyg.data.graph_size import GraphSize
from tvdiff_pyg.models.baselines.item_item import ItemItemModel
from tvdiff_pyg.models.baselines.neighbors import NeighborConfig, Similarity, nearest
from tvdiff_pyg.models.memory import Step, sparse_weights
from tvdiff_pyg.models.model import register_model
from tvdiff_pyg.sparse import BipartiteAdjacency, to_sparse


@dataclass(frozen=True)
class ItemKNNConfig(NeighborConfig):
    """Settings of :class:`ItemKNN`.

    Args:
        num_neighbors: Neighbours kept of each item, at least 1.
        shrink: Pulls similarities that few users support towards 0, at least 0.
        similarity: How items are compared.
    """

    def memory(self, size: GraphSize, step: Step) -> dict[str, int]:
        """Plan the neighbours' weights."""
        return {"weights": sparse_weights(size, self.num_neighbors)}


@register_model("item-knn", ItemKNNConfig)
class ItemKNN(ItemItemModel):
    r"""Scores an item by its neighbours in the history, as in `"Item-based
    Collaborative Filtering Recommendation Algorithms"
    <https://doi.org/10.1145/371920.372071>`_.

    .. math::
        \hat r_{ui} = \sum_{j \in N(u) \cap K(i)} s_{ij}, \qquad
        s_{ij} = \frac{|U_i \cap U_j|}{\sqrt{|U_i| \, |U_j|} + \mathrm{shrink}}

    with :math:`U_i` the users of an item and :math:`K(i)` the ``num_neighbors`` items
    most similar to it. For ``"jaccard"`` the root is :math:`|U_i \cup U_j|` instead.
    Only items that share a user are compared, a block of them at a time, and only
    neighbours are kept: what it costs grows with the pairs of items in the histories.

    Args:
        num_neighbors: Neighbours kept of each item, at least 1. (default: ``100``)
        shrink: Pulls similarities that few users support towards 0, at least 0.
            (default: ``0.0``)
        similarity: ``"cosine"`` or ``"jaccard"``. (default: ``"cosine"``)

    Raises:
        ValueError: If an argument is outside its range.

    Example:
        >>> import torch
        >>> edge_index = torch.tensor([[0, 0, 1, 1], [0, 1, 1, 2]])
        >>> adjacency = BipartiteAdjacency.from_edge_index(edge_index, (2, 3))
        >>> ItemKNN(num_neighbors=1).fit(adjacency).weight.to_dense()
        tensor([[0.0000, 0.7071, 0.0000],
                [0.7071, 0.0000, 0.0000],
                [0.0000, 0.7071, 0.0000]])
    """

    config: ItemKNNConfig

    def __init__(
        self,
        num_neighbors: int = 100,
        shrink: float = 0.0,
        similarity: Similarity = "cosine",
    ) -> None:
        super().__init__(ItemKNNConfig(num_neighbors, shrink, similarity))

    def item_weight(self, adjacency: BipartiteAdjacency) -> Tensor:
        """Find the neighbours.

        See :meth:`~tvdiff_pyg.models.ItemItemModel.item_weight`.
        """
        users = adjacency.user_rows.with_value(None)
        raters, config = users.transpose(), self.config
        degree = raters.degree().float()

        def weigh(pair: Tensor, count: Tensor) -> Tensor:
            return config.compare(count, *degree[pair]) * (pair[0] != pair[1])

        return to_sparse(nearest(raters, users, config.num_neighbors, weigh))
