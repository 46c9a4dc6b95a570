"""Top-k of the sum of two scores: products of factors, and sums over a history."""

from typing import NamedTuple

from torch import Tensor

from tvdiff_pyg.ranking.exact import rank_scores
from tvdiff_pyg.ranking.history import HistoryRanker
from tvdiff_pyg.ranking.ranker import Ranker
from tvdiff_pyg.sparse import CSR


class BlendQuery(NamedTuple):
    """What both scores are computed from.

    Attributes:
        factor: User factors, of shape ``[num_users, channels]``.
        history: Each user's items, of shape ``[num_users, num_items]``.
    """

    factor: Tensor
    history: CSR


class BlendRanker(Ranker[BlendQuery]):
    """Ranks by products of dense factors plus sums over histories.

    Args:
        item_factor: Item factors, of shape ``[num_items, channels]``.
        by_history: What scores histories.
        item_bias: What each item scores for all users alike, of shape ``[num_items]``.
            (default: ``None``)

    Example:
        >>> import torch
        >>> ranker = BlendRanker(torch.ones(2, 1), HistoryRanker(torch.eye(2)))
        >>> history = CSR.from_edge_index(torch.tensor([[0], [1]]), (1, 2))
        >>> ranker.search(BlendQuery(torch.ones(1, 1), history), k=2)[0].tolist()
        [[2.0, 1.0]]
    """

    def __init__(
        self,
        item_factor: Tensor,
        by_history: HistoryRanker,
        item_bias: Tensor | None = None,
    ) -> None:
        self._item_factor = item_factor
        self._by_history = by_history
        self._item_bias = item_bias
        self.user_block = by_history.user_block

    def search_block(
        self, query: BlendQuery, k: int, seen: CSR | None
    ) -> tuple[Tensor, Tensor]:
        """Rank one block of users; see :meth:`Ranker.search`."""
        score = self._by_history.scores(query.history)
        score = score.addmm_(query.factor, self._item_factor.t())
        if self._item_bias is not None:
            score += self._item_bias
        return rank_scores(score, k, seen)
