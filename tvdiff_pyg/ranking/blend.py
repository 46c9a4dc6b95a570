"""Top-k of the sum of two scores: products of factors, and sums over a history."""

from torch import Tensor

from tvdiff_pyg.ranking.exact import rank_scores
from tvdiff_pyg.ranking.history import HistoryRanker
from tvdiff_pyg.ranking.ranker import Ranker
from tvdiff_pyg.sparse import CSR


class BlendRanker(Ranker):
    """Ranks by products of dense factors plus products of histories.

    Args:
        item_factor: Item factors, of shape ``[num_items, channels]``.
        weight: Item weights, of shape ``[num_items, num_items]``; the row is the item
            that is scored.

    Example:
        >>> import torch
        >>> ranker = BlendRanker(torch.tensor([[1.0], [1.0]]), torch.eye(2))
        >>> ranker.search(torch.tensor([[1.0, 0.0, 1.0]]).to_sparse(), k=2)[0].tolist()
        [[2.0, 1.0]]
    """

    def __init__(self, item_factor: Tensor, weight: Tensor) -> None:
        self._item_factor = item_factor
        self._by_history = HistoryRanker(weight)
        self.user_block = self._by_history.user_block

    def search_block(
        self, user: Tensor, k: int, seen: CSR | None
    ) -> tuple[Tensor, Tensor]:
        """Rank one block of users; see :meth:`Ranker.search`."""
        num_items, channels = self._item_factor.shape
        factor = user.narrow_copy(1, 0, channels).to_dense()
        history = user.narrow_copy(1, channels, num_items)
        score = self._by_history.scores(history)
        return rank_scores(score.addmm_(factor, self._item_factor.t()), k, seen)
