"""What to leave out before splitting: duplicates, low ratings, rare users and items."""

import math
from typing import Literal, NoReturn, get_args

import polars as pl

from tvdiff_pyg.ranges import check_integer, check_number

DuplicateWeights = Literal["sum", "last"]
"""What a pair weighs that stands in several rows."""


def drop_duplicates(
    frame: pl.DataFrame, weights: DuplicateWeights | None = None
) -> pl.DataFrame:
    """Keeps one row a user-item pair, the latest one, sorted by user, then item.

    Without timestamps the last row counts as the latest, and so it does among rows at
    the same time. With them, a column ``row`` says where each row stood: it decides
    between pairs at the same time.

    Args:
        frame (pl.DataFrame): Columns ``user``, ``item`` and optionally ``timestamp``
            and ``weight``.
        weights (str, optional): Whether a pair weighs what its rows weigh together,
            ``"sum"``, or what its latest row weighs, ``"last"``; needs a column of
            weights. (default: ``"sum"``, if there is one)

    Returns:
        The frame without duplicates; pairs stand in an order of their own, so nothing
        later depends on the order of the rows given, but for ties in time.

    Raises:
        ValueError: If ``weights`` is unknown, or there are none.

    Example:
        >>> frame = pl.DataFrame({"user": [1, 1], "item": [5, 5], "timestamp": [9, 3]})
        >>> drop_duplicates(frame)["timestamp"].to_list()
        [9]
    """
    pair = ["user", "item"]
    check_duplicate_weights(weights, "weight" in frame.columns)
    if "timestamp" in frame.columns:
        frame = frame.with_row_index("row").sort(*pair, "timestamp", "row")
    else:
        frame = frame.sort(pair, maintain_order=True)
    if "weight" in frame.columns and weights != "last":
        frame = frame.with_columns(pl.col("weight").sum().over(pair))
    changes = [pl.col(name) != pl.col(name).shift(-1) for name in pair]
    return frame.filter(pl.any_horizontal(changes).fill_null(True))


def check_duplicate_weights(weights: str | None, has_weights: bool) -> None:
    """Raises a ``ValueError`` unless that is known, and there are weights.

    Args:
        weights (str, optional): What a pair weighs that stands in several rows.
        has_weights (bool): Whether rows have weights.
    """
    if weights is None:
        return
    if weights not in get_args(DuplicateWeights):
        raise ValueError(
            f"'duplicate_weights' needs to be one of {list(get_args(DuplicateWeights))}"
            f" (got {weights!r})"
        )
    if not has_weights:
        raise ValueError(
            f"'duplicate_weights' needs a column of weights beside it (got {weights!r} "
            "and no 'weight')"
        )


def min_rating(frame: pl.DataFrame, threshold: float) -> pl.DataFrame:
    """Keeps the rows rated at least ``threshold``.

    Args:
        frame (pl.DataFrame): Columns ``user``, ``item``, ``rating``.
        threshold (float): The lowest rating that counts as an interaction.

    Returns:
        The rows kept.

    Raises:
        ValueError: If there is no rating column, ``threshold`` is no finite number, or
            nothing is left.

    Example:
        >>> frame = pl.DataFrame({"user": [1, 1], "item": [5, 6], "rating": [2.0, 4.0]})
        >>> min_rating(frame, 3)["item"].to_list()
        [6]
    """
    check_min_rating(threshold, "rating" in frame.columns)
    kept = frame.filter(is_rated(threshold))
    if kept.is_empty():
        refuse_ratings(threshold, frame["rating"].max())
    return kept


def is_rated(threshold: float) -> pl.Expr:
    """Tells rows that are rated at least ``threshold``."""
    return pl.col("rating") >= float(threshold)


def check_min_rating(threshold: float, has_ratings: bool) -> None:
    """Raises a ``ValueError`` unless it is a finite number, and there are ratings.

    Args:
        threshold (float): The lowest rating that counts.
        has_ratings (bool): Whether rows have ratings.
    """
    if not has_ratings:
        raise ValueError("'min_rating' needs a 'rating' column (got none)")
    check_number("min_rating", threshold, -math.inf)


def refuse_ratings(threshold: float, highest: object) -> NoReturn:
    """Raises a ``ValueError``, as no rating reaches the lowest that counts.

    Args:
        threshold (float): The lowest rating that counts.
        highest: The highest that there is.
    """
    raise ValueError(
        f"'min_rating' needs to leave an interaction "
        f"(got {threshold}, ratings end at {highest!r})"
    )


def k_core(frame: pl.DataFrame, k: int) -> pl.DataFrame:
    """Keeps the largest part in which each user and item has ``k`` interactions.

    Args:
        frame (pl.DataFrame): Columns ``user`` and ``item``, without duplicates.
        k (int): The fewest interactions of a user and of an item; 0 and 1 keep all.

    Returns:
        The rows kept, in the order given.

    Raises:
        ValueError: If ``k`` is no integer from 0 on, or nothing is left.

    Example:
        >>> frame = pl.DataFrame({"user": [1, 1, 2, 2, 3], "item": [5, 6, 5, 6, 5]})
        >>> k_core(frame, 2)["user"].to_list()
        [1, 1, 2, 2]
    """
    check_integer("k_core", k, low=0)
    if k <= 1:
        return frame
    enough = [pl.len().over(side) >= k for side in ("user", "item")]
    num_before = -1
    # A user taken away may leave an item short, and the other way round.
    while frame.height != num_before:
        num_before = frame.height
        frame = frame.filter(*enough)
    if frame.is_empty():
        refuse_k_core(k)
    return frame


def refuse_k_core(k: int) -> NoReturn:
    """Raises a ``ValueError``, as a core of so many interactions is empty."""
    raise ValueError(f"'k_core' needs to leave an interaction (got {k})")
