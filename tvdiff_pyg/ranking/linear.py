"""Scores that are sums over a user's history, however they are computed."""

import torch
from torch import Tensor

from tvdiff_pyg.ranking.scores import ScoreRanker
from tvdiff_pyg.sparse import CSR


class LinearRanker(ScoreRanker[CSR]):
    """Ranks by scores that are linear in a history; subclasses compute them."""

    def weights(self, history: Tensor, item: Tensor) -> Tensor:
        """Return what some items of a history add to the scores of other items.

        Args:
            history: Items of a history, long, of shape ``[num_read]``.
            item: Distinct items that are scored, long, of shape ``[num_scored]``.

        Returns:
            Weights, of shape ``[num_read, num_scored]``.
        """
        entry = torch.arange(history.numel(), device=history.device)
        size = (history.numel(), self.num_items)
        alone = CSR.from_edge_index(torch.stack([entry, history]), size)
        blocks = entry.split(self.user_block)
        return torch.cat([self.scores(alone.select(one))[:, item] for one in blocks])
