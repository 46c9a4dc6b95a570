"""What is recommended, by original ids."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Any, TypeAlias

import polars as pl

#: What a user or an item is called in the data.
Id: TypeAlias = int | str


@dataclass(frozen=True)
class Recommendations:
    """The best items of each asked user, best first.

    Attributes:
        items: Original item ids, a list for each user; shorter than ``k`` where a
            user has fewer candidates.
        scores: Their scores, aligned with ``items``.
        titles: Their titles, aligned with ``items``, if the data has any.
        users: The original ids of those who were asked about, aligned with ``items``,
            unless they were new.
        reasons: Of each score, how much each item of the history contributes, by the
            item's id, most first; if that was asked for.
    """

    items: list[list[Id]]
    scores: list[list[float]]
    titles: list[list[str]] | None = None
    users: list[Id] | None = None
    reasons: list[list[dict[Id, float]]] | None = None

    def to_frame(self) -> pl.DataFrame:
        """Return a row for each user and item.

        Returns:
            A frame of the columns ``user`` (the id, or the position of a new user),
            ``rank`` (from 1), ``item``, ``score`` and, if the data has any, ``title``.

        Example:
            >>> found = Recommendations([["pear", "fig"], ["fig"]], [[2.0, 1.0], [3.0]])
            >>> found.to_frame().rows()
            [(0, 1, 'pear', 2.0), (0, 2, 'fig', 1.0), (1, 1, 'fig', 3.0)]
        """
        lengths = [len(row) for row in self.items]
        users = range(len(lengths)) if self.users is None else self.users
        columns = {
            "user": _joined(
                [user] * length for user, length in zip(users, lengths, strict=True)
            ),
            "rank": _joined(range(1, length + 1) for length in lengths),
            "item": _joined(self.items),
            "score": _joined(self.scores),
        }
        if self.titles is not None:
            columns["title"] = _joined(self.titles)
        return pl.DataFrame(columns, schema_overrides=_TYPES)


# Those of ids are told by the ids.
_TYPES = {"rank": pl.Int32, "score": pl.Float32, "title": pl.String}


def _joined(rows: Iterable[Iterable[Any]]) -> list[Any]:
    return [*chain.from_iterable(rows)]
