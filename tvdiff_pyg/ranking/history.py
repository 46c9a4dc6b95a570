"""Top-k of scores that are sums over a user's history, block by block."""

import torch
from torch import Tensor

from tvdiff_pyg.ranking.exact import rank_scores
from tvdiff_pyg.ranking.ranker import Ranker
from tvdiff_pyg.sparse import CSR, csr_rows, sparse_product, spmm

# Entries of a dense block of scores: 64 MiB.
BLOCK_ENTRIES = 2**24


class HistoryRanker(Ranker):
    """Ranks by products of sparse histories and item weights.

    Args:
        weight: Item weights, dense or sparse, of shape ``[num_items, num_items]``; the
            row is the item that is scored.

    Example:
        >>> weight = torch.tensor([[0.0, 0.0, 0.0], [0.5, 0.0, 0.0], [0.9, 0.0, 0.0]])
        >>> HistoryRanker(weight).search(torch.eye(3)[:1].to_sparse(), k=2)[1].tolist()
        [[2, 1]]
    """

    def __init__(self, weight: Tensor) -> None:
        size = (weight.size(0), weight.size(1))
        self._from_history: CSR | Tensor
        if weight.layout == torch.strided:
            self._from_history = weight.t().contiguous()
        else:
            self._from_history = csr_rows(weight).transpose()
        self.user_block = max(BLOCK_ENTRIES // max(size[0], 1), 1)

    def scores(self, history: Tensor) -> Tensor:
        """Compute the scores of one block, dense, of the shape of ``history``."""
        if isinstance(self._from_history, CSR):
            return sparse_product(csr_rows(history), self._from_history)
        return spmm(csr_rows(history), self._from_history)

    def search_block(
        self, user: Tensor, k: int, seen: CSR | None
    ) -> tuple[Tensor, Tensor]:
        """Rank one block of histories; see :meth:`Ranker.search`."""
        return rank_scores(self.scores(user), k, seen)
