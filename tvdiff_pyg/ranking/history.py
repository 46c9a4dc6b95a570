"""Top-k of scores that are sums over a user's history, block by block."""

from copy import copy

import torch
from torch import Tensor

from tvdiff_pyg.ranking.exact import rank_scores
from tvdiff_pyg.ranking.ranker import Ranker
from tvdiff_pyg.sparse import CSR, csr_rows, sparse_product, spmm

# Entries of a dense block of scores: 64 MiB.
BLOCK_ENTRIES = 2**24


class HistoryRanker(Ranker[CSR]):
    """Ranks by products of histories and item weights.

    Args:
        weight: Item weights, dense or sparse, of shape ``[num_items, num_items]``; the
            row is the item that is scored.

    Example:
        >>> weight = torch.tensor([[0.0, 0.0, 0.0], [0.5, 0.0, 0.0], [0.9, 0.0, 0.0]])
        >>> history = CSR.from_edge_index(torch.tensor([[0], [0]]), (1, 3))
        >>> HistoryRanker(weight).search(history, k=2)[1].tolist()
        [[2, 1]]
    """

    def __init__(self, weight: Tensor) -> None:
        num_items = weight.size(0)
        self._from_history: CSR | Tensor
        if weight.layout == torch.strided:
            self._from_history = weight.t().contiguous()
        else:
            self._from_history = csr_rows(weight).transpose()
        self.user_block = max(BLOCK_ENTRIES // max(num_items, 1), 1)

    def scaled(self, factor: Tensor) -> "HistoryRanker":
        """Return a ranker whose weights are multiplied by a number.

        Args:
            factor: The number, a scalar.
        """
        other, weights = copy(self), self._from_history
        other._from_history = (
            weights.with_value(factor * weights.values())
            if isinstance(weights, CSR)
            else factor * weights
        )
        return other

    def scores(self, history: CSR) -> Tensor:
        """Compute the scores of one block, dense, of the shape of ``history``."""
        weights = self._from_history
        if isinstance(weights, CSR):
            ones = weights.values().new_ones(history.nnz)
            return sparse_product(history.with_value(ones), weights)
        return spmm(history.with_value(None), weights)

    def search_block(
        self, query: CSR, k: int, seen: CSR | None
    ) -> tuple[Tensor, Tensor]:
        """Rank one block of histories; see :meth:`Ranker.search`."""
        return rank_scores(self.scores(query), k, seen)
