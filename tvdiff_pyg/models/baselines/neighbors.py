"""What models of nearest neighbours share: their settings, and the search itself."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from tvdiff_pyg.models.baselines.item_item import ItemItemConfig
from tvdiff_pyg.search_space import Choice, Space, log
from tvdiff_pyg.sparse import CSR, to_sparse

Similarity = Literal["cosine", "jaccard"]

# Terms of a product that are added up at once, of about 60 bytes each.
PAIRS_AT_ONCE = 2**21


@dataclass(frozen=True)
class NeighborConfig(ItemItemConfig):
    """Settings of models that compare sets by what they share.

    Args:
        num_neighbors: Neighbours kept, at least 1.
        shrink: Pulls similarities that little supports towards 0, at least 0.
        similarity: How sets are compared.

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

    @property
    def search_space(self) -> Space:
        """Neighbours, and how sets are compared."""
        return {
            "num_neighbors": log(5, 1000),
            "shrink": log(0.1, 100.0),
            "similarity": Choice("cosine", "jaccard"),
        }

    def compare(self, count: Tensor, left: Tensor, right: Tensor) -> Tensor:
        """Compute how similar sets are.

        Args:
            count: How much each two of them share, of shape ``[num_pairs]``.
            left: The size of the one, of the same shape.
            right: The size of the other, of the same shape.

        Returns:
            Similarities, of the same shape.
        """
        if self.similarity == "cosine":
            norm = (left * right).sqrt()
        else:
            norm = left + right - count
        return count / (norm + self.shrink)


#: Weighs pairs of a row and a column, of shape ``[2, num_pairs]``, by the entries of
#: the product, of shape ``[num_pairs]``; none that weighs 0 is kept.
Weigh = Callable[[Tensor, Tensor], Tensor]


def nearest(left: CSR, right: CSR, num_neighbors: int, weigh: Weigh) -> CSR:
    """Find, for each row of a sparse product, the columns that weigh most.

    Only what the product stores is compared, a block of rows at a time, and only
    what is found is kept: the cost grows with the terms of the product.

    Args:
        left: The left factor, of shape ``[num_rows, channels]``.
        right: The right factor, of shape ``[channels, num_cols]``.
        num_neighbors: Columns that are kept of each row, at least 1.
        weigh: Turns entries of the product into weights, 0 or more.

    Returns:
        The weights, all above 0, of shape ``[num_rows, num_cols]``.

    Example:
        >>> users = CSR.from_edge_index(torch.tensor([[0, 0, 1], [0, 1, 1]]), (2, 2))
        >>> found = nearest(users.transpose(), users, 1, lambda pair, count: count)
        >>> found.col.tolist(), found.value.tolist()
        ([0, 1], [1.0, 2.0])
    """
    size = (left.num_rows, right.num_cols)
    pairs, values = [left.col.new_empty(2, 0)], [left.values().new_empty(0)]
    for pair, value in product_blocks(left, right):
        weight = weigh(pair, value)
        pair, weight = pair[:, weight > 0], weight[weight > 0]
        # Ascending rows, the heaviest first; numbers above 0 order as their bits.
        order = ((pair[0] << 32) - weight.view(torch.int32)).argsort(stable=True)
        rank = CSR.from_sorted_rows(pair[0], pair[1], size).position()
        kept = order[rank < num_neighbors].sort().values
        pairs.append(pair[:, kept])
        values.append(weight[kept])
    return CSR.from_edge_index(torch.cat(pairs, dim=1), size, torch.cat(values))


def product_blocks(left: CSR, right: CSR) -> Iterator[tuple[Tensor, Tensor]]:
    """Multiply two sparse matrices, a block of rows at a time.

    Args:
        left: The left factor, of shape ``[num_rows, channels]``.
        right: The right factor, of shape ``[channels, num_cols]``.

    Yields:
        Ascending (row, column) pairs, of shape ``[2, num_pairs]``, and the entries of
        the product there, of shape ``[num_pairs]``.
    """
    degree = right.degree()
    terms = torch.cat([degree.new_zeros(1), degree[left.col].cumsum(0)])
    sizes = torch.bincount(terms[left.rowptr[1:]] // PAIRS_AT_ONCE).tolist()
    for block in torch.arange(left.num_rows, device=degree.device).split(sizes):
        if block.numel() > 0:
            yield _product(block, left, right)


def _product(block: Tensor, left: CSR, right: CSR) -> tuple[Tensor, Tensor]:
    """Multiply some rows: ascending (row, column) pairs, and the entries there."""
    rows = left.select(block)
    channel, number = rows.col.unique(return_inverse=True)
    local = CSR(rows.rowptr, number, channel.numel(), rows.value)
    product = torch.sparse.mm(to_sparse(local), to_sparse(right.select(channel)))
    product = product.coalesce()
    row, col = product.indices()
    return torch.stack([block[row], col]), product.values()
