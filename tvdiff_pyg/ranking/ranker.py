"""What every ranker offers: the best items of users, seen ones left out."""

from typing import Any, Generic, TypeVar

import torch
from torch import Tensor

from tvdiff_pyg.ranges import check_integer
from tvdiff_pyg.sparse import CSR

# Users ranked at once: what the matrix product and the selection like.
USER_BLOCK = 2048

#: What a ranker knows of users: factors, histories, or both.
Query = TypeVar("Query", bound=Any)

#: Rankings are padded to the length that was asked for; a longer one is a mistake.
MOST_RANKED = 2**20


def check_k(k: int) -> None:
    """Raise unless as many items can be ranked.

    Args:
        k: How many items.

    Raises:
        ValueError: If they are fewer than 1, or more than 2**20.
    """
    check_integer("k", k, low=1)
    check_integer("k", k, 1, MOST_RANKED)


class Ranker(Generic[Query]):
    """Finds the best items of users, block by block of them.

    Subclass it to rank by scores of another form; a query holds what they are computed
    from, a row for each user.
    """

    #: Users ranked at once.
    user_block = USER_BLOCK

    @torch.no_grad()
    def search(
        self, query: Query, k: int, seen: CSR | None = None
    ) -> tuple[Tensor, Tensor]:
        """Find the best items of each user.

        Args:
            query: What is known of the users, of ``num_users`` rows; for most rankers
                their factors, of shape ``[num_users, channels]``.
            k: How many items, at least 1.
            seen: Items to leave out, of shape ``[num_users, num_items]``.
                (default: ``None``)

        Returns:
            Scores and item indices, of shape ``[num_users, k]``, best first. Where a
            user has fewer than ``k`` candidates, the rest is padded with ``-inf`` and
            ``-1``.

        Raises:
            ValueError: If ``k`` is below 1.
        """
        check_k(k)
        num_users, device = _count(query)
        users = torch.arange(num_users, device=device)
        found = [
            self.search_block(
                take(query, block), k, None if seen is None else seen.select(block)
            )
            for block in users.split(self.user_block)
        ]
        return join(found)

    def search_block(
        self, query: Query, k: int, seen: CSR | None
    ) -> tuple[Tensor, Tensor]:
        """Rank one block of users; see :meth:`Ranker.search`."""
        raise NotImplementedError


def join(found: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """Put what was found for blocks of users one below the other.

    Args:
        found: Scores and item indices of each block, at least one.
    """
    score, item = zip(*found, strict=True)
    return torch.cat(score), torch.cat(item)


def take(query: Query, index: Tensor) -> Query:
    """Select rows of a query: of a tensor, a :class:`CSR`, or a tuple of them.

    Args:
        query: What is known of users, a row for each.
        index: Rows, long, of shape ``[num_taken]``.
    """
    taken: Any
    if isinstance(query, tuple):
        taken = type(query)(*(take(one, index) for one in query))
    elif isinstance(query, CSR):
        taken = query.select(index)
    else:
        taken = query[index]
    return taken


def _count(query: Any) -> tuple[int, torch.device]:
    """Return the number of rows of a query, and where it is."""
    if isinstance(query, tuple):
        return _count(query[0])
    if isinstance(query, CSR):
        return query.num_rows, query.col.device
    return query.size(0), query.device
