"""Scorers: a model prepared on a graph, which ranks its users and new histories.

Whatever ranks (validation, evaluation, recommending, an index, a benchmark) does so
through a scorer, so that a model is scored in one way everywhere.
"""

from typing import Any, Generic, Protocol

import torch
from torch import Tensor

from tvdiff_pyg.data.new_items import NewItems
from tvdiff_pyg.models.leave_one_out import leave_one_out
from tvdiff_pyg.ranking import ExactRanker
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

    def with_items(self, items: NewItems) -> "Scorer[Query]":
        """Return a scorer that ranks new items, too, behind those of the graph.

        Nothing is trained, and the scores of other items stay as they are.

        Args:
            items: The new items.

        Raises:
            NotImplementedError: If the model ranks only what it was fitted to: see
                :attr:`~tvdiff_pyg.models.unread.Unread.fixed_items`.
        """
        raise NotImplementedError

    @property
    def unexplained(self) -> str | None:
        """What keeps its scores from being parted by a history's items, in words;
        ``None`` if nothing does.
        """
        return "which does not say what its scores are made of"

    def contributions(self, history: CSR, item: Tensor) -> Tensor:
        """Compute by how much scores would fall, were an item not in a history.

        Exact for sums over a history's items, which these differences add up to.

        Args:
            history: One user's items, of shape ``[1, num_items]``.
            item: Distinct items that are scored, long, of shape ``[num_scored]``.

        Returns:
            Differences, of shape ``[history.nnz, num_scored]``.

        Raises:
            NotImplementedError: If :attr:`unexplained` says why.
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
        self._check_seen(seen, user.numel())
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
        self._check_seen(seen, history.num_rows)
        found = [
            self._search(self.query(history.select(block)), block, k, seen, ranker)
            for block in _blocks(history.num_rows, history.col.device)
        ]
        return join(found)

    def _check_seen(self, seen: CSR | None, num_ranked: int) -> None:
        shape = [num_ranked, self.rows.num_cols]
        if seen is not None and [seen.num_rows, seen.num_cols] != shape:
            raise ValueError(
                f"'seen' needs to be of shape {shape} "
                f"(got {[seen.num_rows, seen.num_cols]})"
            )

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

    @property
    def unexplained(self) -> str | None:
        """None, as histories can be read without one of their items."""
        return None

    @torch.no_grad()
    def contributions(self, history: CSR, item: Tensor) -> Tensor:
        """Compare user factors; see :meth:`Scorer.contributions`."""
        return leave_one_out(self.query, history, self.item_factor[item])
