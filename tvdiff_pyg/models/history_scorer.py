"""Scores that are sums over a history's items."""

from typing import Generic, TypeVar

from torch import Tensor

from tvdiff_pyg.models.scorer import Scorer
from tvdiff_pyg.ranking import LinearRanker
from tvdiff_pyg.sparse import CSR

Summing = TypeVar("Summing", bound=LinearRanker)


class HistoryScorer(Scorer[CSR], Generic[Summing]):
    """Scores by sums of weights over a history's items.

    Args:
        rows: Each user's training items, of shape ``[num_users, num_items]``.
        ranker: Computes the sums.
    """

    ranker: Summing

    def __init__(self, rows: CSR, ranker: Summing) -> None:
        super().__init__(rows, ranker)

    def query(self, history: CSR) -> CSR:
        """Return the histories."""
        return history

    @property
    def unexplained(self) -> str | None:
        """None, as scores are sums."""
        return None

    def contributions(self, history: CSR, item: Tensor) -> Tensor:
        """Return the weights; see :meth:`Scorer.contributions`."""
        return self.ranker.weights(history.col, item)
