"""Item-based nearest neighbours."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from tvdiff_pyg.data.graph_size import GraphSize
from tvdiff_pyg.models.baselines.item_item import ItemItemConfig, ItemItemModel
from tvdiff_pyg.models.memory import Step, sparse_weights
from tvdiff_pyg.models.model import register_model
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency, to_sparse

Similarity = Literal["cosine", "jaccard"]

# Pairs of items in a user's history that are counted at once, of about 60 bytes each.
PAIRS_AT_ONCE = 2**21


@dataclass(frozen=True)
class ItemKNNConfig(ItemItemConfig):
    """Settings of :class:`ItemKNN`.

    Args:
        num_neighbors: Neighbours kept of each item, at least 1.
        shrink: Pulls similarities that few users support towards 0, at least 0.
        similarity: How items are compared.

    Raises:
        ValueError: If a setting is outside its range.
    """

    num_neighbors: int = 100
    shrink: float = 0.0
    similarity: Similarity = "cosine"

    def __post_init__(self) -> None:
        """Check the ranges."""
        super().__post_init__()
        self.check_at_least(1, "num_neighbors")
        self.check("shrink", self.shrink >= 0, "at least 0")

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
        raters = users.transpose()
        blocks = _blocks(raters, users)
        pairs, values = zip(
            *(self._nearest(block, raters, users) for block in blocks), strict=True
        )
        size = (raters.num_rows, raters.num_rows)
        return to_sparse(
            CSR.from_edge_index(torch.cat(pairs, dim=1), size, torch.cat(values))
        )

    def _nearest(self, block: Tensor, raters: CSR, users: CSR) -> tuple[Tensor, Tensor]:
        """Return (item, neighbour) pairs of a block of items, and their similarity."""
        pair, count = _shared_users(block, raters, users)
        degree = raters.degree()[pair].float()
        similarity = self._similarity(count, *degree)
        # Ascending items, the most similar first; numbers above 0 order as their bits.
        key = (pair[0] << 32) - similarity.view(torch.int32)
        order = key.argsort(stable=True)
        rank = CSR.from_sorted_rows(pair[0], pair[1], (raters.num_rows,) * 2).position()
        kept = order[rank < self.config.num_neighbors].sort().values
        return pair[:, kept], similarity[kept]

    def _similarity(self, count: Tensor, left: Tensor, right: Tensor) -> Tensor:
        if self.config.similarity == "cosine":
            norm = (left * right).sqrt()
        else:
            norm = left + right - count
        return count / (norm + self.config.shrink)


def _blocks(raters: CSR, users: CSR) -> Iterator[Tensor]:
    """Split the items, in their order, into blocks of about as many pairs."""
    pairs = torch.cat(
        [users.degree().new_zeros(1), users.degree()[raters.col].cumsum(0)]
    )
    sizes = torch.bincount(pairs[raters.rowptr[1:]] // PAIRS_AT_ONCE).tolist()
    items = torch.arange(raters.num_rows, device=pairs.device)
    return (block for block in items.split(sizes) if block.numel() > 0)


def _shared_users(block: Tensor, raters: CSR, users: CSR) -> tuple[Tensor, Tensor]:
    """Count the users that the items of a block share with others.

    Args:
        block: The items, long, of shape ``[block_size]``.
        raters: Users of each item, of shape ``[num_items, num_users]``.
        users: Items of each user, of shape ``[num_users, num_items]``.

    Returns:
        Pairs of an item of the block and another one, ascending, of shape
        ``[2, num_pairs]``, and counts, above 0, of shape ``[num_pairs]``.
    """
    seen = raters.select(block)
    user, number = seen.col.unique(return_inverse=True)
    local = CSR(seen.rowptr, number, user.numel())
    product = torch.sparse.mm(to_sparse(local), to_sparse(users.select(user)))
    shared = product.coalesce()
    row, other = shared.indices()
    pair = torch.stack([block[row], other])
    different = pair[0] != pair[1]
    return pair[:, different], shared.values()[different]
