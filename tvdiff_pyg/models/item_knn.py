"""Item-based nearest neighbours."""

from typing import Literal, get_args

import torch
from torch import Tensor

from tvdiff_pyg.models.item_item import ItemItemModel, shared_users, to_sparse
from tvdiff_pyg.nn import CSR, BipartiteAdjacency
from tvdiff_pyg.nn.anisotropic import check_sizes

Similarity = Literal["cosine", "jaccard"]


class ItemKNN(ItemItemModel):
    r"""Scores an item by its neighbours in the history, as in `"Item-based
    Collaborative Filtering Recommendation Algorithms"
    <https://doi.org/10.1145/371920.372071>`_.

    .. math::
        \hat r_{ui} = \sum_{j \in N(u) \cap K(i)} s_{ij}, \qquad
        s_{ij} = \frac{|U_i \cap U_j|}{\sqrt{|U_i| \, |U_j|} + \mathrm{shrink}}

    with :math:`U_i` the users of an item and :math:`K(i)` the ``num_neighbors`` items
    most similar to it. For ``"jaccard"`` the root is :math:`|U_i \cup U_j|` instead.
    Similarities are computed for a block of items at a time, and only those of
    neighbours are kept.

    Args:
        num_neighbors: Neighbours kept of each item, at least 1. (default: ``100``)
        shrink: Pulls similarities that few users support towards 0, at least 0.
            (default: ``0.0``)
        similarity: ``"cosine"`` or ``"jaccard"``. (default: ``"cosine"``)

    Raises:
        ValueError: If an argument is outside its range.

    Example:
        >>> edge_index = torch.tensor([[0, 0, 1, 1], [0, 1, 1, 2]])
        >>> adjacency = BipartiteAdjacency.from_edge_index(edge_index, (2, 3))
        >>> ItemKNN(num_neighbors=1).fit(adjacency).weight.to_dense()
        tensor([[0.0000, 0.7071, 0.0000],
                [0.7071, 0.0000, 0.0000],
                [0.0000, 0.7071, 0.0000]])
    """

    def __init__(
        self,
        num_neighbors: int = 100,
        shrink: float = 0.0,
        similarity: Similarity = "cosine",
    ) -> None:
        super().__init__()
        check_sizes(num_neighbors=num_neighbors)
        if shrink < 0:
            raise ValueError(f"'shrink' needs to be at least 0 (got {shrink})")
        if similarity not in get_args(Similarity):
            raise ValueError(
                f"'similarity' needs to be one of {list(get_args(Similarity))} "
                f"(got {similarity!r})"
            )
        self.num_neighbors = num_neighbors
        self.shrink = shrink
        self.similarity = similarity

    def item_weight(self, adjacency: BipartiteAdjacency) -> Tensor:
        """Find the neighbours; see :meth:`ItemItemModel.item_weight`."""
        num_items = adjacency.user_rows.num_cols
        degree = adjacency.user_rows.transpose().degree().float()
        pairs, values = [], []
        for items, count in shared_users(adjacency):
            similarity = self._similarity(count, degree[items, None], degree)
            similarity[torch.arange(items.numel()), items] = 0.0
            value, neighbor = similarity.topk(min(self.num_neighbors, num_items))
            place, rank = value.nonzero(as_tuple=True)
            pairs.append(torch.stack([items[place], neighbor[place, rank]]))
            values.append(value[place, rank])
        index, value = torch.cat(pairs, dim=1), torch.cat(values)
        size = (num_items, num_items)
        return to_sparse(CSR.from_edge_index(index, size, value))

    def _similarity(self, count: Tensor, left: Tensor, right: Tensor) -> Tensor:
        if self.similarity == "cosine":
            norm = (left * right).sqrt()
        else:
            norm = left + right - count
        # Below 1 only where there is no user, and so nothing to divide.
        return count / (norm.clamp(min=1.0) + self.shrink)

    def __repr__(self) -> str:
        return (
            f"{self.__class__.__name__}(num_neighbors={self.num_neighbors}, "
            f"shrink={self.shrink}, similarity={self.similarity!r})"
        )
