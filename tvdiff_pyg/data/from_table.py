"""From a table to a graph: filter, split, and number users and items."""

import logging
from collections.abc import Mapping
from typing import Any

import polars as pl
import torch
from typing_extensions import TypedDict, Unpack

from tvdiff_pyg.data import filters
from tvdiff_pyg.data.graph import BipartiteGraph
from tvdiff_pyg.data.id_map import IdMap
from tvdiff_pyg.data.interaction_table import (
    Column,
    canonical_frame,
    frame_from_arrays,
)
from tvdiff_pyg.data.splits import (
    TEST,
    TRAIN,
    VALIDATION,
    Labels,
    SplitName,
    global_time_split,
    leave_last_out,
    random_split,
)

logger = logging.getLogger(__name__)


class BuildOptions(TypedDict, total=False):
    """What is done with interactions once they are read, whatever they came from.

    Args:
        min_rating (float, optional): The lowest rating that counts as an interaction;
            needs ratings. (default: all count)
        k_core (int): The fewest interactions of a user and of an item. (default: ``0``)
        split (str): ``"random"``, ``"leave_last_out"`` or ``"global_time"``; the last
            two need timestamps. (default: ``"random"``)
        validation_ratio (float): The share of what is not test that is validation, in
            [0, 1); 0 means no validation. (default: ``0.1``)
        test_ratio (float): The share that is test, in [0, 1); ``"leave_last_out"``
            makes no use of it. (default: ``0.2``)
        seed (int): The seed of the random split. (default: ``0``)
        item_titles (dict, optional): Titles by original item id; an item without one
            is titled by its id. (default: no titles)
    """

    min_rating: float | None
    k_core: int
    split: SplitName
    validation_ratio: float
    test_ratio: float
    seed: int
    item_titles: Mapping[Any, str] | None


def from_dataframe(
    frame: Any,
    *,
    user: Column = "user",
    item: Column = "item",
    rating: Column | None = None,
    timestamp: Column | None = None,
    **options: Unpack[BuildOptions],
) -> BipartiteGraph:
    """Builds a graph from a polars or pandas data frame.

    Users and items are numbered in the order of their ids, and only those of the
    training and validation part exist; test pairs of others are dropped and counted.

    Args:
        frame: The data frame, one interaction a row.
        user (str or int): The column of users. (default: ``"user"``)
        item (str or int): The column of items. (default: ``"item"``)
        rating (str or int, optional): The column of ratings. (default: none)
        timestamp (str or int, optional): The column of times. (default: none)
        **options: See :class:`BuildOptions`.

    Returns:
        The graph.

    Raises:
        ValueError: If a column is missing or unreadable, an option is out of range, or
            nothing is left.

    Example:
        >>> frame = pl.DataFrame({"user": [1, 1, 2, 2], "item": ["a", "b", "a", "b"]})
        >>> from_dataframe(frame, validation_ratio=0, test_ratio=0).counts()["train"]
        4
    """
    canonical = canonical_frame(
        frame, user=user, item=item, rating=rating, timestamp=timestamp
    )
    return from_canonical(canonical, **options)


def from_arrays(
    users: Any,
    items: Any,
    *,
    ratings: Any = None,
    timestamps: Any = None,
    **options: Unpack[BuildOptions],
) -> BipartiteGraph:
    """Builds a graph from lists, arrays or tensors.

    Args:
        users: Original user ids, shape ``[num_rows]``.
        items: Original item ids, shape ``[num_rows]``.
        ratings (optional): Ratings, shape ``[num_rows]``. (default: none)
        timestamps (optional): Times, shape ``[num_rows]``. (default: none)
        **options: See :class:`BuildOptions`.

    Returns:
        The graph.

    Raises:
        ValueError: As :func:`from_dataframe`, and if lengths differ.

    Example:
        >>> from_arrays([1, 1, 2], ["a", "b", "a"], test_ratio=0).num_items
        2
    """
    canonical = frame_from_arrays(users, items, ratings=ratings, timestamps=timestamps)
    return from_canonical(canonical, **options)


def from_canonical(
    frame: pl.DataFrame,
    *,
    min_rating: float | None = None,
    k_core: int = 0,
    split: SplitName = "random",
    validation_ratio: float = 0.1,
    test_ratio: float = 0.2,
    seed: int = 0,
    item_titles: Mapping[Any, str] | None = None,
) -> BipartiteGraph:
    """Builds a graph from a table in the canonical form.

    That form is described by :mod:`tvdiff_pyg.data.interaction_table`, the options by
    :class:`BuildOptions`.

    Raises:
        ValueError: If an option is out of range, or nothing is left.
    """
    frame = filters.drop_duplicates(frame)
    if min_rating is not None:
        frame = filters.min_rating(frame, min_rating)
    frame = filters.k_core(frame, k_core)
    if split == "random":
        labels = random_split(frame.height, validation_ratio, test_ratio, seed)
    elif split == "leave_last_out":
        labels = leave_last_out(frame, validation=validation_ratio > 0)
    elif split == "global_time":
        labels = global_time_split(frame, validation_ratio, test_ratio)
    else:
        raise ValueError(
            f"'split' needs to be 'random', 'leave_last_out' or 'global_time' "
            f"(got {split!r})"
        )
    return from_labelled(frame, labels, item_titles)


def from_labelled(
    frame: pl.DataFrame, labels: Labels, item_titles: Mapping[Any, str] | None
) -> BipartiteGraph:
    """Builds a graph from distinct pairs whose parts are known.

    Args:
        frame (pl.DataFrame): Columns ``user`` and ``item``.
        labels: The part of each row, ``int8``, shape ``[num_rows]``, as
            :mod:`tvdiff_pyg.data.splits` gives it.
        item_titles (dict, optional): Titles by original item id.

    Raises:
        ValueError: If no row is for training.
    """
    known = frame.filter(labels != TEST)
    user_ids = IdMap(known["user"].unique().sort(), "user")
    item_ids = IdMap(known["item"].unique().sort(), "item")
    index = torch.stack([user_ids.find(frame["user"]), item_ids.find(frame["item"])])
    part = torch.from_numpy(labels)
    is_known = (index >= 0).all(dim=0)
    dropped = int((~is_known).sum())
    if dropped > 0:
        num_test = int((part == TEST).sum())
        logger.info(
            "dropped %d of %d test pairs: their user or item is not in training",
            dropped,
            num_test,
        )
    return BipartiteGraph.from_edge_index(
        index[:, part == TRAIN],
        len(user_ids),
        len(item_ids),
        validation_index=index[:, part == VALIDATION],
        test_index=index[:, (part == TEST) & is_known],
        user_ids=user_ids,
        item_ids=item_ids,
        item_titles=_titles(item_ids, item_titles),
        dropped=dropped,
    )


def _titles(item_ids: IdMap, titles: Mapping[Any, str] | None) -> list[str] | None:
    if titles is None:
        return None
    return [str(titles.get(item, item)) for item in item_ids.ids()]
