"""Models that predict each item from its nearest items alone, by a small system."""

import torch
from torch import Tensor
from torch_geometric.utils import cumsum

from tvdiff_pyg.models.baselines.item_item import ItemItemModel
from tvdiff_pyg.models.baselines.item_knn import ItemKNN
from tvdiff_pyg.sparse import (
    CSR,
    BipartiteAdjacency,
    csr_rows,
    sparse_product,
    to_sparse,
)

# Systems solved at once, at most, and the numbers that those have together: 46 MB.
ITEM_BLOCK, BLOCK_NUMBERS = 128, 128 * 301**2


class NeighborhoodModel(ItemItemModel):
    """Solves one system for each item, in the items of largest cosine to it.

    Subclasses say in :meth:`solve` which; their config has ``num_neighbors``.
    """

    def solve(self, gram: Tensor, target: Tensor) -> Tensor:
        r"""Solve the systems of a block of items.

        Args:
            gram: Users that each two neighbours share, :math:`G_{KK}`, of shape
                ``[block_size, num_neighbors, num_neighbors]``; may be overwritten. Of
                an item with fewer neighbours, the rest is zero.
            target: Users that the neighbours share with the item, :math:`G_{Ki}`, of
                shape ``[block_size, num_neighbors]``.

        Returns:
            Weights of the neighbours, of the shape of ``target``.
        """
        raise NotImplementedError

    def item_weight(self, adjacency: BipartiteAdjacency) -> Tensor:
        """Solve the systems; see :meth:`~tvdiff_pyg.models.ItemItemModel.item_weight`.

        Raises:
            ValueError: If a system cannot be solved in single precision.
        """
        num_neighbors = vars(self.config)["num_neighbors"]
        nearest = csr_rows(ItemKNN(num_neighbors).item_weight(adjacency))
        raters = adjacency.user_rows.transpose().with_value(None)
        # Items of as many neighbours together, so that systems are filled up by little.
        degree, order = nearest.degree().sort()
        block_size = BLOCK_NUMBERS // (int(degree[-1]) + 1) ** 2
        weight = [
            self._solve(block, nearest.select(block), raters)
            for block in order.split(min(max(block_size, 1), ITEM_BLOCK))
        ]
        solved = nearest.select(order).with_value(torch.cat(weight))
        return to_sparse(_without_zeros(solved.select(order.argsort())))

    def _solve(self, item: Tensor, nearest: CSR, raters: CSR) -> Tensor:
        """Return the weights of a block's neighbours, in their order."""
        gram = local_gram(item, nearest, raters)
        weight = self.solve(gram[:, :-1, :-1], gram[:, :-1, -1])
        return weight[nearest.row(), nearest.position()]


def _without_zeros(rows: CSR) -> CSR:
    value = rows.values()
    kept = value != 0
    pairs = torch.stack([rows.row(), rows.col])[:, kept]
    return CSR.from_edge_index(pairs, (rows.num_rows, rows.num_cols), value[kept])


def local_gram(item: Tensor, nearest: CSR, raters: CSR) -> Tensor:
    """Count the users that each two of an item's neighbours share.

    Args:
        item: The items, long, of shape ``[block_size]``.
        nearest: Neighbours of each, of shape ``[block_size, num_items]``.
        raters: Users of each item, of shape ``[num_items, num_users]``.

    Returns:
        Counts, square for each item, of one row more than the most neighbours. The
        last row and column of each are those of the item itself.
    """
    width = int(nearest.degree().max()) + 1
    owner = torch.cat([nearest.row(), torch.arange(item.numel(), device=item.device)])
    own = torch.full_like(item, width - 1)
    place = owner * width + torch.cat([nearest.position(), own])
    place, order = place.sort()
    seen = raters.select(torch.cat([nearest.col, item])[order])
    degree = place.new_zeros(item.numel() * width).scatter(0, place, seen.degree())
    # A user is another one for each item of the block, and numbered if there at all.
    # Narrow integers are sorted twice as fast.
    many = item.numel() * raters.num_cols
    key = owner[order] * raters.num_cols
    key = key.repeat_interleave(seen.degree()).add_(seen.col)
    user, order = key.to(torch.int if many < 2**31 else torch.long).sort(stable=True)
    _, number, count = user.unique_consecutive(return_inverse=True, return_counts=True)
    by_place = torch.empty_like(number).scatter_(0, order, number)
    of_place = CSR(cumsum(degree), by_place, count.numel(), check=False)
    col = (place % width).repeat_interleave(seen.degree())[order]
    of_user = CSR(cumsum(count), col, width, check=False)
    return sparse_product(of_place, of_user).view(-1, width, width)
