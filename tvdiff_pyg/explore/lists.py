"""What a run recommends to the users on a page, and what of their history for."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, NamedTuple

from tvdiff_pyg.data import IdMap
from tvdiff_pyg.explore.shelf import Shelf
from tvdiff_pyg.recommend import Id, Recommendations, Recommender

# Users whose reasons are computed before all but the first are dropped.
USERS_AT_ONCE = 32
REASONS = 5


class UserList(NamedTuple):
    """What a run recommends to a user; items are indices.

    Attributes:
        items: The items, best first.
        scores: Their scores.
        reasons: For each of them, the items of the history that contribute most, with
            how much; ``None`` if the model tells none.
    """

    items: list[int]
    scores: list[float]
    reasons: list[list[tuple[int, float]]] | None

    def on(self, shelf: Shelf) -> dict[str, Any]:
        """Return the list as a page holds it.

        Args:
            shelf: The items of the page.
        """
        places, reasons = shelf.places(self.items), self.reasons
        return {
            "items": places,
            "scores": [rounded(score) for score in self.scores],
            "because": None
            if reasons is None
            else [_on(shelf, one) for one in reasons],
            "popularity": shelf.mean_popularity(places),
            "novelty": shelf.novelty(places),
        }


@dataclass(frozen=True)
class RunLists:
    """What a run recommends to all users on a page.

    Args:
        rows: A list for each user.
        unexplained: Why the model tells no reasons, in words; ``None`` if it does.
    """

    rows: list[UserList]
    unexplained: str | None

    @staticmethod
    def of(recommender: Recommender, users: Sequence[Id], k: int) -> "RunLists":
        """Recommend, with reasons where there are any.

        Args:
            recommender: The run.
            users: Original ids.
            k: How many items.
        """
        why = recommender.scorer.unexplained
        rows: list[UserList] = []
        for start in range(0, len(users), USERS_AT_ONCE):
            block = users[start : start + USERS_AT_ONCE]
            found = recommender.recommend(block, k, explain=why is None)
            rows += _indexed(found, recommender.graph.item_ids)
        return RunLists(rows, why)

    def mentioned(self) -> Iterator[int]:
        """Return the items of all lists and reasons."""
        for row in self.rows:
            yield from row.items
            yield from (item for item, _ in chain.from_iterable(row.reasons or []))


def rounded(value: float) -> float | None:
    """Return six digits of a number; nothing of what is no finite number.

    Args:
        value: The number.
    """
    return float(f"{value:.6g}") if math.isfinite(value) else None


def _indexed(found: Recommendations, ids: IdMap) -> Iterator[UserList]:
    for row, items in enumerate(found.items):
        reasons = None
        if found.reasons is not None:
            reasons = [_largest(ids, because) for because in found.reasons[row]]
        yield UserList(_index(ids, items), found.scores[row], reasons)


def _largest(ids: IdMap, because: dict[Id, float]) -> list[tuple[int, float]]:
    """Return the first of some reasons, which are sorted."""
    kept = dict(islice(because.items(), REASONS))
    return [*zip(_index(ids, kept), kept.values(), strict=True)]


def _index(ids: IdMap, items: Iterable[Any]) -> list[int]:
    asked = [*items]
    return ids.index(asked).tolist() if asked else []


def _on(shelf: Shelf, reasons: Sequence[tuple[int, float]]) -> list[list[Any]]:
    places = shelf.places(item for item, _ in reasons)
    shares = (rounded(share) for _, share in reasons)
    return [[*pair] for pair in zip(places, shares, strict=True)]
