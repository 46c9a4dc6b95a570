"""Scorers: a model prepared on a graph, which ranks its users and new histories.

Whatever ranks (validation, evaluation, recommending, an index, a benchmark) does so
through a scorer, so that a model is scored in one way everywhere.
"""

from typing import Any, Generic, Protocol

import torch
from torch import Tensor

from tvdiff_pyg.ranking import ExactRanker, HistoryRanker
from tvdiff_pyg.ranking.ranker import Query, join
from tvdiff_pyg.sparse import CSR

# Users whose queries are computed at once.
USERS_AT_ONCE = 2048


class Search(Protocol):
    """What finds the best items of a query: a ranker, or an index."""

    def search(
        self, query: Any, k: int, seen: CSR | None = None
    ) -> tuple[Tensor, Tensor]:
        """Find the best items; see :meth:`tvdiff_pyg.ranking.Ranker.search`."""


class Scorer(Generic[Query]):
    """Ranks the users of a graph, and new users by their histories.

    Subclass it to say what a user's query is, for a ranker to search with.

    Args:
        rows: Each user's training items, of shape ``[num_users, num_items]``.
        ranker: What ranks the items.
    """

    def __init__(self, rows: CSR, ranker: Search) -> None:
        self.rows = rows
        self.ranker = ranker

    @property
    def factors(self) -> "FactorScorer | None":
        """The scorer by dense factors that this one is or holds, if any."""
        return None

    def query(self, history: CSR) -> Query:
        """Compute what the ranker reads of new users.

        Args:
            history: Each user's items, of shape ``[batch_size, num_items]``.

        Raises:
            ValueError: If the model knows users by their id only.
        """
        raise NotImplementedError

    def known(self, user: Tensor) -> Query:
        """Compute what the ranker reads of users of the graph.

        Args:
            user: Users, long, of shape ``[batch_size]``.
        """
        return self.query(self.rows.select(user))

    @torch.no_grad()
    def rank(
        self,
        user: Tensor,
        k: int,
        seen: CSR | None = None,
        ranker: Search | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Find the best items of users of the graph.

        Args:
            user: Users, long, of shape ``[num_ranked]``, at least one.
            k: How many items, at least 1.
            seen: Items to leave out, of shape ``[num_ranked, num_items]``.
                (default: ``None``)
            ranker: Searches in the place of the scorer's own, as an index does.
                (default: ``None``)

        Returns:
            Scores and item indices, as :meth:`tvdiff_pyg.ranking.Ranker.search`.

        Raises:
            ValueError: If ``k`` is below 1.
        """
        found = [
            self._search(self.known(user[block]), block, k, seen, ranker)
            for block in _blocks(user.numel(), user.device)
        ]
        return join(found)

    @torch.no_grad()
    def rank_histories(
        self,
        history: CSR,
        k: int,
        seen: CSR | None = None,
        ranker: Search | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Find the best items of new users.

        Args:
            history: Each user's items, of shape ``[num_ranked, num_items]``, of at
                least one user.
            k: How many items, at least 1.
            seen: As for :meth:`rank`. (default: ``None``)
            ranker: As for :meth:`rank`. (default: ``None``)

        Returns:
            Scores and item indices, as :meth:`tvdiff_pyg.ranking.Ranker.search`.

        Raises:
            ValueError: If ``k`` is below 1, or the model reads no histories.
        """
        found = [
            self._search(self.query(history.select(block)), block, k, seen, ranker)
            for block in _blocks(history.num_rows, history.col.device)
        ]
        return join(found)

    def _search(
        self,
        query: Query,
        block: Tensor,
        k: int,
        seen: CSR | None,
        ranker: Search | None,
    ) -> tuple[Tensor, Tensor]:
        left_out = None if seen is None else seen.select(block)
        return (ranker or self.ranker).search(query, k, left_out)


def _blocks(count: int, device: torch.device) -> tuple[Tensor, ...]:
    return torch.arange(count, device=device).split(USERS_AT_ONCE)


class FactorScorer(Scorer[Tensor]):
    """Scores by inner products of dense factors.

    Args:
        rows: Each user's training items, of shape ``[num_users, num_items]``.
        item_factor: Item factors, of shape ``[num_items, channels]``.
    """

    def __init__(self, rows: CSR, item_factor: Tensor) -> None:
        super().__init__(rows, ExactRanker(item_factor))
        self.item_factor = item_factor

    @property
    def factors(self) -> "FactorScorer":
        """This scorer."""
        return self


class TableScorer(FactorScorer):
    """Scores by factors of users that are known by their ids.

    Args:
        rows: Each user's training items, of shape ``[num_users, num_items]``.
        user_factor: User factors, of shape ``[num_users, channels]``.
        item_factor: Item factors, of shape ``[num_items, channels]``.
        name: The model, for messages.

    Example:
        >>> rows = CSR.from_edge_index(torch.tensor([[0, 1], [0, 1]]), (2, 2))
        >>> scorer = TableScorer(rows, torch.eye(2), torch.eye(2), "Identity")
        >>> scorer.rank(torch.tensor([1]), k=1)[1].tolist()
        [[1]]
    """

    def __init__(
        self, rows: CSR, user_factor: Tensor, item_factor: Tensor, name: str
    ) -> None:
        super().__init__(rows, item_factor)
        self.user_factor = user_factor
        self._name = name

    def known(self, user: Tensor) -> Tensor:
        """Look the factors up."""
        return self.user_factor[user]

    def query(self, history: CSR) -> Tensor:
        """Raise: histories are not read."""
        raise ValueError(
            f"{self._name} knows users by their id, so a new history needs a model "
            f"that reads histories, such as TVDiff"
        )


class HistoryScorer(Scorer[CSR]):
    """Scores by sums of weights over a history's items.

    Args:
        rows: Each user's training items, of shape ``[num_users, num_items]``.
        ranker: The weights, prepared.
    """

    ranker: HistoryRanker

    def __init__(self, rows: CSR, ranker: HistoryRanker) -> None:
        super().__init__(rows, ranker)

    def query(self, history: CSR) -> CSR:
        """Return the histories."""
        return history
