"""Rankings of indices, by the names that the data has for them."""

from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple, TypeVar

from torch import Tensor

from tvdiff_pyg.data import IdMap
from tvdiff_pyg.recommend.recommendations import Id

T = TypeVar("T")


class Named(NamedTuple):
    """A ranking by original ids.

    Attributes:
        ids: Original ids, a list for each row.
        scores: Scores, aligned with ``ids``.
        titles: Titles, aligned with ``ids``, if there are any.
    """

    ids: list[list[Id]]
    scores: list[list[float]]
    titles: list[list[str]] | None


def by_name(
    score: Tensor, index: Tensor, ids: IdMap, titles: Sequence[str] | None = None
) -> Named:
    """Name what was ranked, and leave out what pads.

    Args:
        score: Scores, of shape ``[num_rows, k]``.
        index: What was ranked, and -1 where a row is padded, of the same shape.
        ids: Original ids of all that can be ranked.
        titles: Titles of all of that. (default: ``None``)
    """
    found = index >= 0
    lengths, flat = found.sum(dim=1).tolist(), index[found]
    named = None if titles is None else [titles[one] for one in flat.tolist()]
    return Named(
        _split(ids.ids(flat), lengths),
        _split(score[found].tolist(), lengths),
        None if named is None else _split(named, lengths),
    )


def _split(flat: list[T], lengths: list[int]) -> list[list[T]]:
    rest = iter(flat)
    return [list(islice(rest, length)) for length in lengths]
