"""Recommendations for many users, written to a file."""

import os
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import polars as pl

from tvdiff_pyg.ranges import check_integer
from tvdiff_pyg.ranking import ItemIndex
from tvdiff_pyg.recommend.asked import listed_ids
from tvdiff_pyg.recommend.recommendations import Id
from tvdiff_pyg.recommend.recommender import Recommender
from tvdiff_pyg.recommend.write_frames import check_target, write_frames

# What is ranked and written at once: a frame of a million rows takes some 100 MB.
USERS_IN_A_FRAME, ROWS_IN_A_FRAME = 8192, 2**20


def recommend_to_file(
    recommender: Recommender,
    path: str | os.PathLike[str],
    users: Sequence[Id] | None = None,
    k: int = 10,
    filter_seen: bool = True,
    index: ItemIndex | None = None,
) -> int:
    """Rank all items for many known users, and write a row for each of the best.

    The rows are those of :meth:`Recommendations.to_frame`. Users are ranked and written
    some thousands at a time, whatever their number.

    Args:
        recommender: What ranks.
        path: A file whose name ends in ``.parquet``, ``.csv`` or ``.jsonl`` (an object
            a line); it appears whole or not at all, in the place of one that is there.
        users: Original user ids; all users if omitted. (default: ``None``)
        k: How many items, at least 1. (default: ``10``)
        filter_seen: As for :meth:`Recommender.recommend`. (default: ``True``)
        index: As for :meth:`Recommender.recommend`. (default: ``None``)

    Returns:
        The number of rows.

    Raises:
        OSError: If the file cannot be written.
        ValueError: If an id is unknown, the file's name ends otherwise, or as for
            :meth:`Recommender.recommend`.

    Example:
        >>> import tempfile
        >>> from tvdiff_pyg.data import SyntheticBipartite
        >>> from tvdiff_pyg.models import Popularity
        >>> recommender = Recommender(Popularity(), SyntheticBipartite(9, 8, 18)[0])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     recommend_to_file(recommender, f"{folder}/best.csv", k=2)
        18
    """
    check_target("path", path)
    check_integer("k", k, low=1)
    user_ids = recommender.graph.user_ids
    # All of them are found before one is ranked.
    user = None if users is None else listed_ids("users", users, user_ids)
    types = types_of(recommender)
    frames = (
        recommender.recommend(block, k, filter_seen, index).to_frame().cast(types)
        for block in _blocks(user_ids.ids(user), users_at_once(k))
    )
    return write_frames(path, frames)


def types_of(recommender: Recommender) -> pl.Schema:
    """Return the types of ids, which a frame without a row does not know."""
    user_ids, item_ids = recommender.graph.user_ids, recommender.items.ids
    return pl.Schema({"user": user_ids.dtype, "item": item_ids.dtype})


def users_at_once(k: int) -> int:
    """Return how many users are ranked and written at once, ``k`` items for each."""
    return max(min(USERS_IN_A_FRAME, ROWS_IN_A_FRAME // k), 1)


def _blocks(ids: list[Any], size: int) -> Iterator[list[Any]]:
    rest = iter(ids)
    while block := list(islice(rest, size)):
        yield block
