"""Top-k of scores that are sums over a user's history, block by block."""

from copy import copy

import torch
import torch.nn.functional as F
from torch import Tensor

from tvdiff_pyg.ranking.linear import LinearRanker
from tvdiff_pyg.sparse import CSR, csr_rows, sparse_product, spmm, to_sparse


class HistoryRanker(LinearRanker):
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
        super().__init__(weight.size(0))
        self._from_history: CSR | Tensor
        if weight.layout == torch.strided:
            self._from_history = weight.t().contiguous()
        else:
            self._from_history = csr_rows(weight).transpose()

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

    def widened(self, num_items: int) -> "HistoryRanker":
        """Return a ranker of more items, which weigh nothing and score zero.

        Args:
            num_items: Number of items, at least as many as there are.
        """
        other, weights = copy(self), self._from_history
        more = num_items - self.num_items
        other.resize(num_items)
        if isinstance(weights, CSR):
            end = weights.rowptr[-1:].expand(more)
            rows = torch.cat([weights.rowptr, end]), weights.col, num_items
            other._from_history = CSR(*rows, weights.value, check=False)
        else:
            other._from_history = F.pad(weights, (0, more, 0, more))
        return other

    def scores(self, history: CSR) -> Tensor:
        """Compute the scores of one block, dense, of the shape of ``history``."""
        weights = self._from_history
        if isinstance(weights, CSR):
            ones = weights.values().new_ones(history.nnz)
            return sparse_product(history.with_value(ones), weights)
        return spmm(history.with_value(None), weights)

    def rows(self) -> CSR:
        """Return what each item of a history adds to the scores of all items, as a
        sparse matrix of shape ``[num_items, num_items]``.
        """
        weights = self._from_history
        return weights if isinstance(weights, CSR) else csr_rows(weights.to_sparse())

    def weights(self, history: Tensor, item: Tensor) -> Tensor:
        """Look the weights up; see :meth:`LinearRanker.weights`."""
        weights = self._from_history
        if isinstance(weights, CSR):
            return to_sparse(weights.select(history).restrict(item)).to_dense()
        return weights[history][:, item]
