"""Top-k of scores that are written out densely, a block of users at a time."""

from torch import Tensor

from tvdiff_pyg.ranking.exact import rank_scores
from tvdiff_pyg.ranking.ranker import Query, Ranker
from tvdiff_pyg.sparse import CSR

# Entries of a dense block of scores: 64 MiB.
BLOCK_ENTRIES = 2**24


class ScoreRanker(Ranker[Query]):
    """Ranks by the scores of all items, which subclasses compute in ``scores``.

    Args:
        num_items: Number of items.
    """

    def __init__(self, num_items: int) -> None:
        self.resize(num_items)

    def resize(self, num_items: int) -> None:
        """Rank that many items, and so many users at once that their scores fit.

        Args:
            num_items: Number of items.
        """
        self.num_items = num_items
        self.user_block = max(BLOCK_ENTRIES // max(num_items, 1), 1)

    def scores(self, query: Query) -> Tensor:
        """Compute the scores of one block of users.

        Args:
            query: What is known of the users, of ``num_users`` rows.

        Returns:
            Dense scores, of shape ``[num_users, num_items]``.
        """
        raise NotImplementedError

    def search_block(
        self, query: Query, k: int, seen: CSR | None
    ) -> tuple[Tensor, Tensor]:
        """Rank one block of users; see :meth:`Ranker.search`."""
        return rank_scores(self.scores(query), k, seen)
