"""From a table to a graph: filter and split."""

from collections.abc import Mapping
from typing import Any

import polars as pl
from typing_extensions import TypedDict, Unpack

from tvdiff_pyg.data import filters
from tvdiff_pyg.data.filters import DuplicateWeights
from tvdiff_pyg.data.graph import BipartiteGraph
from tvdiff_pyg.data.interaction_table import canonical_frame, frame_from_arrays
from tvdiff_pyg.data.item_titles import take_titles
from tvdiff_pyg.data.labelled import from_labelled
from tvdiff_pyg.data.roles import Column
from tvdiff_pyg.data.splits import (
    SplitName,
    check_split,
    global_time_split,
    leave_last_out,
    random_split,
    warn_of_empty,
)


class BuildOptions(TypedDict, total=False):
    """What is done with interactions once they are read, whatever they came from.

    Args:
        duplicate_weights (str, optional): Whether a pair that stands in several rows
            weighs what they weigh together, ``"sum"``, or what the latest weighs,
            ``"last"``; needs weights. (default: ``"sum"``)
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
            is titled by its id. (default: those of the column of titles, if any)
    """

    duplicate_weights: DuplicateWeights | None
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
    user: Column | None = None,
    item: Column | None = None,
    rating: Column | None = None,
    weight: Column | None = None,
    timestamp: Column | None = None,
    title: Column | None = None,
    time_format: str | None = None,
    **options: Unpack[BuildOptions],
) -> BipartiteGraph:
    """Builds a graph from a data frame.

    Users and items are numbered in the order of their ids, and only those of the
    training and validation part exist; test pairs of others are dropped and counted.

    Args:
        frame: One interaction a row: a data frame of polars (a lazy one, too) or
            pandas, a table of pyarrow, or a dict of columns.
        user (str or int, optional): The column of users, by name or number.
            (default: the one called like that, else column 0)
        item (str or int, optional): The column of items. (default: likewise, column 1)
        rating (str or int, optional): The column of ratings. (default: none)
        weight (str or int, optional): The column of what interactions weigh: positive
            numbers. (default: none; all count alike)
        timestamp (str or int, optional): The column of times. (default: none)
        title (str or int, optional): The column of items' titles: an item without one
            is titled by its id, and one with several by the first. (default: none)
        time_format (str, optional): How times are written as text: ``"day-first"``,
            ``"month-first"``, or a format as ``"%m/%d/%Y %H:%M"``.
            (default: found out, where they can be read in one way only)
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
        frame,
        user=user,
        item=item,
        rating=rating,
        weight=weight,
        timestamp=timestamp,
        title=title,
        time_format=time_format,
    )
    return from_canonical(canonical, **options)


def from_arrays(
    users: Any,
    items: Any,
    *,
    ratings: Any = None,
    weights: Any = None,
    timestamps: Any = None,
    time_format: str | None = None,
    **options: Unpack[BuildOptions],
) -> BipartiteGraph:
    """Builds a graph from lists, arrays or tensors.

    Args:
        users: Original user ids, shape ``[num_rows]``.
        items: Original item ids, shape ``[num_rows]``.
        ratings (optional): Ratings, shape ``[num_rows]``. (default: none)
        weights (optional): What interactions weigh, positive, shape ``[num_rows]``.
            (default: none; all count alike)
        timestamps (optional): Times, shape ``[num_rows]``. (default: none)
        time_format (str, optional): How times are written as text, as in
            :func:`from_dataframe`. (default: found out)
        **options: See :class:`BuildOptions`.

    Returns:
        The graph.

    Raises:
        ValueError: As :func:`from_dataframe`, and if lengths differ.

    Example:
        >>> from_arrays([1, 1, 2], ["a", "b", "a"], test_ratio=0).num_items
        2
    """
    canonical = frame_from_arrays(
        users,
        items,
        ratings=ratings,
        weights=weights,
        timestamps=timestamps,
        time_format=time_format,
    )
    return from_canonical(canonical, **options)


def from_canonical(
    frame: pl.DataFrame,
    *,
    duplicate_weights: DuplicateWeights | None = None,
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
    check_split(split, "timestamp" in frame.columns)
    [frame], item_titles = take_titles([frame], item_titles)
    frame = filters.drop_duplicates(frame, duplicate_weights)
    if min_rating is not None:
        frame = filters.min_rating(frame, min_rating)
    frame = filters.k_core(frame, k_core)
    if split == "random":
        labels = random_split(frame.height, validation_ratio, test_ratio, seed)
    elif split == "leave_last_out":
        labels = leave_last_out(frame, validation=validation_ratio > 0)
    else:
        labels = global_time_split(frame, validation_ratio, test_ratio)
    warn_of_empty(labels, split, validation_ratio, test_ratio)
    return from_labelled(frame, labels, item_titles)
