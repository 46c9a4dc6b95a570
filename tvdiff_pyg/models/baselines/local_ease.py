"""EASE within each item's neighbourhood: as many small systems as there are items."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch_geometric.utils import cumsum

from tvdiff_pyg.data.graph_size import GraphSize
from tvdiff_pyg.models.baselines.ease import check_factorised
from tvdiff_pyg.models.baselines.item_item import ItemItemConfig, ItemItemModel
from tvdiff_pyg.models.baselines.item_knn import ItemKNN
from tvdiff_pyg.models.memory import Step, sparse_weights
from tvdiff_pyg.models.model import register_model
from tvdiff_pyg.sparse import (
    CSR,
    BipartiteAdjacency,
    csr_rows,
    sparse_product,
    to_sparse,
)

# Systems solved at once: of 300 neighbours each, they take 46 MB.
ITEM_BLOCK = 128


@dataclass(frozen=True)
class LocalEASEConfig(ItemItemConfig):
    """Settings of :class:`LocalEASE`.

    Args:
        num_neighbors: Items that an item is predicted from, at least 1.
        l2: Penalty of the weights, above 0.

    Raises:
        ValueError: If a setting is outside its range.
    """

    num_neighbors: int = 300
    l2: float = 50.0

    def __post_init__(self) -> None:
        """Check the ranges."""
        super().__post_init__()
        self.check_at_least(1, "num_neighbors")
        self.check("l2", self.l2 > 0, "positive")

    def memory(self, size: GraphSize, step: Step) -> dict[str, int]:
        """Plan the neighbours' weights."""
        return {"weights": sparse_weights(size, self.num_neighbors)}


@register_model("local-ease", LocalEASEConfig)
class LocalEASE(ItemItemModel):
    r"""The linear autoencoder of :class:`EASE`, each item predicted from its nearest
    items alone, which are chosen beforehand as in `"SLIM: Sparse Linear Methods for
    Top-N Recommender Systems" <https://doi.org/10.1109/ICDM.2011.134>`_.

    With :math:`G = R^{\top} R` and :math:`K` the ``num_neighbors`` items of largest
    cosine to item :math:`i`, column :math:`i` of the matrix is zero but for

    .. math::
        B_{Ki} = (G_{KK} + \lambda I)^{-1} G_{Ki}

    No item is its own neighbour, so the diagonal is zero. Memory grows with
    ``num_items`` and not, as for EASE, with its square, and the systems of all items
    are solved in ``num_items * num_neighbors ** 3`` multiplications rather than
    ``num_items ** 3``. With all items as neighbours, this is EASE.

    Args:
        num_neighbors: Items that an item is predicted from, at least 1.
            (default: ``300``)
        l2: The penalty :math:`\lambda`, above 0. (default: ``50.0``)

    Raises:
        ValueError: If an argument is outside its range.

    Example:
        >>> edge_index = torch.tensor([[0, 0, 1], [0, 1, 1]])
        >>> adjacency = BipartiteAdjacency.from_edge_index(edge_index, (2, 2))
        >>> LocalEASE(num_neighbors=1, l2=1.0).fit(adjacency).weight.to_dense()
        tensor([[0.0000, 0.3333],
                [0.5000, 0.0000]])
    """

    config: LocalEASEConfig

    def __init__(self, num_neighbors: int = 300, l2: float = 50.0) -> None:
        super().__init__(LocalEASEConfig(num_neighbors, l2))

    def item_weight(self, adjacency: BipartiteAdjacency) -> Tensor:
        """Solve the systems; see :meth:`~tvdiff_pyg.models.ItemItemModel.item_weight`.

        Raises:
            ValueError: If ``l2`` is too small for single precision.
        """
        nearest = csr_rows(ItemKNN(self.config.num_neighbors).item_weight(adjacency))
        raters = adjacency.user_rows.transpose().with_value(None)
        # Items of as many neighbours together, so that systems are filled up by little.
        order = nearest.degree().argsort()
        weight = [
            self._solve(block, nearest.select(block), raters)
            for block in order.split(ITEM_BLOCK)
        ]
        solved = nearest.select(order).with_value(torch.cat(weight))
        return to_sparse(solved.select(order.argsort()))

    def _solve(self, item: Tensor, nearest: CSR, raters: CSR) -> Tensor:
        """Return the weights of a block's neighbours, in their order."""
        gram = _local_gram(item, nearest, raters)
        # Of an item with fewer neighbours, the rest of the system is the penalty
        # alone, and its solution zero.
        gram[:, :-1, :-1].diagonal(dim1=1, dim2=2).add_(self.config.l2)
        factor, status = torch.linalg.cholesky_ex(gram[:, :-1, :-1])
        check_factorised(status, self.config.l2)
        weight = torch.cholesky_solve(gram[:, :-1, -1:], factor)
        return weight[nearest.row(), nearest.position(), 0]


def _local_gram(item: Tensor, nearest: CSR, raters: CSR) -> Tensor:
    """Count the users that each two of an item's neighbours share.

    Args:
        item: The items, long, of shape ``[block_size]``.
        nearest: Neighbours of each, of shape ``[block_size, num_items]``.
        raters: Users of each item, of shape ``[num_items, num_users]``.

    Returns:
        Counts, square for each item, of one row more than the most neighbours: the
        last row and column of each are those of the item itself.
    """
    width = int(nearest.degree().max()) + 1
    owner = torch.cat([nearest.row(), torch.arange(item.numel(), device=item.device)])
    own = torch.full_like(item, width - 1)
    place = owner * width + torch.cat([nearest.position(), own])
    place, order = place.sort()
    seen = raters.select(torch.cat([nearest.col, item])[order])
    place = place.repeat_interleave(seen.degree())
    # A user is another one for each item of the block, and numbered if there at all.
    user, order = (place // width * raters.num_cols + seen.col).sort(stable=True)
    _, number, count = user.unique_consecutive(return_inverse=True, return_counts=True)
    by_place = torch.empty_like(number)
    by_place[order] = number
    size = (item.numel() * width, count.numel())
    of_place = CSR.from_sorted_rows(place, by_place, size)
    of_user = CSR(cumsum(count), place[order] % width, width)
    return sparse_product(of_place, of_user).view(-1, width, width)
