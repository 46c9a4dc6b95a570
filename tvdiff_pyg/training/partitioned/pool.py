"""Samples a step's items for all processes, and users of these among its own."""

import torch
from torch import Tensor

from tvdiff_pyg.sampled import sample_neighbors
from tvdiff_pyg.sampled.pool import PoolSampler
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency
from tvdiff_pyg.training.collectives import most_of_processes

# What an item is to a step, by what counts most.
UNREAD, READ, POOLED = range(3)


class SharedPoolSampler(PoolSampler):
    """A :class:`~tvdiff_pyg.sampled.pool.PoolSampler` of each of several processes:
    all have the same items in a batch, and each draws their users among its own.

    The pool is what the first one draws; then come the items that any process reads.
    They are told each other by an all-reduce of a byte an item. Of the
    ``num_neighbors`` of an item, each process draws its share, by how many of the
    item's users it holds, rounded up: all of them, where one process would.

    Args:
        adjacency: The rows of these users, with the degrees of items in the whole
            graph.
        num_neighbors: Most neighbours of a user, and, but for rounding, of an item in
            all processes; -1 for all.
        num_pool: Size of the pool; at most all items are.
        is_first: Whether this process draws the pool.

    Raises:
        ValueError: If an argument is outside its range.

    Example:
        >>> pairs, degree = torch.tensor([[0, 1], [0, 0]]), torch.tensor([4, 9])
        >>> adjacency = BipartiteAdjacency.from_edge_index(
        ...     pairs, (2, 2), item_degree=degree
        ... )
        >>> sampler = SharedPoolSampler(adjacency, 2, 1, is_first=True)
        >>> sampler.share_of(torch.tensor([0, 1])).tolist()
        [1, 0]
    """

    def __init__(
        self,
        adjacency: BipartiteAdjacency,
        num_neighbors: int,
        num_pool: int,
        is_first: bool,
    ) -> None:
        super().__init__(adjacency, num_neighbors, num_pool, num_layers=1)
        own = adjacency.item_rows.degree()
        whole = own if adjacency.item_degree is None else adjacency.item_degree
        self.degrees = own.cpu(), whole.cpu()
        self.is_first = is_first

    def share_of(self, item: Tensor) -> Tensor:
        """Return how many users of each item are drawn here, at most.

        Args:
            item: The items, long, of shape ``[num_read]``.
        """
        own, whole = (degree[item] for degree in self.degrees)
        # Rounded up, so that none who is here is never drawn.
        return -(-self.num_neighbors * own // whole.clamp(min=1))

    def _items(self, others: Tensor) -> Tensor:
        mark = torch.full((self.degrees[0].numel(),), UNREAD, dtype=torch.uint8)
        mark[others] = READ
        if self.is_first:
            mark[self._pool()] = POOLED
        mark = most_of_processes(mark)
        return torch.cat([(mark == one).nonzero().view(-1) for one in (POOLED, READ)])

    def _draw(self, node: str, index: Tensor) -> CSR:
        if node == self.directions.user or self.num_neighbors == -1:
            return super()._draw(node, index)
        rows = self.directions.rows[node]
        return sample_neighbors(rows, index, self.share_of(index))
