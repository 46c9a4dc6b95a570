"""From a history to a user factor, as one module of plain tensors."""

import torch
import torch.nn.functional as F
from torch import Tensor

from tvdiff_pyg.models import TVDiffScorer
from tvdiff_pyg.sparse import CSR

# Users of the graph by whom a tower is held against the model.
USERS_TRIED = 16


class UserTower(torch.nn.Module):
    """Sums the embeddings of a history, and runs the reverse process on the sum.

    Args:
        scorer: TV-Diff, prepared on a graph.

    Example:
        >>> from tvdiff_pyg.models import TVDiffConfig
        >>> model = TVDiffConfig().build(2, 3)
        >>> scorer = model.scorer(model.adjacency(torch.tensor([[0, 1], [0, 2]])))
        >>> UserTower(scorer)(torch.tensor([[0, 2], [1, -1]])).shape
        torch.Size([2, 64])
    """

    def __init__(self, scorer: TVDiffScorer) -> None:
        super().__init__()
        self._scorer = scorer
        # What pads a history adds the last row.
        nothing = scorer.embedding.new_zeros(1, scorer.embedding.size(1))
        self.embedding: Tensor
        self.register_buffer("embedding", torch.cat([scorer.embedding, nothing]))

    def forward(self, history: Tensor) -> Tensor:
        """Compute user factors.

        Args:
            history: Items of each user, integers, of shape ``[batch_size, length]``;
                -1 where a history is shorter than the longest.

        Returns:
            User factors, of shape ``[batch_size, channels]``.
        """
        place = history.where(history >= 0, self.embedding.size(0) - 1)
        return self._scorer.denoise(F.embedding(place, self.embedding).sum(dim=1))

    def check(self) -> None:
        """Raise unless users of the graph get the factors that the model gives them.

        Raises:
            ValueError: If the model reads more of a history than its items.
        """
        rows = self._scorer.rows
        users = torch.arange(min(USERS_TRIED, rows.num_rows), device=rows.col.device)
        read = rows.select(users).with_value(None)
        found, expected = self(padded(read)), self._scorer.query(read)
        if not torch.allclose(found, expected, rtol=1e-3, atol=1e-4):
            raise ValueError(
                "'run' needs a model whose user factors follow from the sum of a "
                "history's embeddings"
            )


def padded(rows: CSR) -> Tensor:
    """Write histories side by side, of shape ``[num_rows, longest]``, padded by -1.

    Args:
        rows: The items of each user.
    """
    longest = max(int(rows.degree().max()), 1)
    table = rows.col.new_full((rows.num_rows, longest), -1)
    table[rows.row(), rows.position()] = rows.col
    return table
