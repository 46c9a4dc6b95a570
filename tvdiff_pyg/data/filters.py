"""What to leave out before splitting: duplicates, low ratings, rare users and items."""

import polars as pl


def drop_duplicates(frame: pl.DataFrame) -> pl.DataFrame:
    """Keeps one row a user-item pair, the latest one, sorted by user, then item.

    Without timestamps the last row counts as the latest.

    Args:
        frame (pl.DataFrame): Columns ``user``, ``item`` and optionally ``timestamp``.

    Returns:
        The frame without duplicates; pairs stand in an order of their own, so nothing
        later depends on the order of the rows given.

    Example:
        >>> frame = pl.DataFrame({"user": [1, 1], "item": [5, 5], "timestamp": [9, 3]})
        >>> drop_duplicates(frame)["timestamp"].to_list()
        [9]
    """
    pair = ["user", "item"]
    order = [*pair, "timestamp"] if "timestamp" in frame.columns else pair
    frame = frame.sort(order, maintain_order=True)
    changes = [pl.col(name) != pl.col(name).shift(-1) for name in pair]
    return frame.filter(pl.any_horizontal(changes).fill_null(True))


def min_rating(frame: pl.DataFrame, threshold: float) -> pl.DataFrame:
    """Keeps the rows rated at least ``threshold``.

    Args:
        frame (pl.DataFrame): Columns ``user``, ``item``, ``rating``.
        threshold (float): The lowest rating that counts as an interaction.

    Returns:
        The rows kept.

    Raises:
        ValueError: If there is no rating column, or nothing is left.

    Example:
        >>> frame = pl.DataFrame({"user": [1, 1], "item": [5, 6], "rating": [2.0, 4.0]})
        >>> min_rating(frame, 3)["item"].to_list()
        [6]
    """
    if "rating" not in frame.columns:
        raise ValueError("'min_rating' needs a 'rating' column (got none)")
    kept = frame.filter(pl.col("rating") >= threshold)
    if kept.is_empty():
        raise ValueError(
            f"'min_rating' needs to leave an interaction "
            f"(got {threshold}, ratings end at {frame['rating'].max()!r})"
        )
    return kept


def k_core(frame: pl.DataFrame, k: int) -> pl.DataFrame:
    """Keeps the largest part in which each user and item has ``k`` interactions.

    Args:
        frame (pl.DataFrame): Columns ``user`` and ``item``, without duplicates.
        k (int): The fewest interactions of a user and of an item; 0 and 1 keep all.

    Returns:
        The rows kept, in the order given.

    Raises:
        ValueError: If ``k`` is negative, or nothing is left.

    Example:
        >>> frame = pl.DataFrame({"user": [1, 1, 2, 2, 3], "item": [5, 6, 5, 6, 5]})
        >>> k_core(frame, 2)["user"].to_list()
        [1, 1, 2, 2]
    """
    if k < 0:
        raise ValueError(f"'k_core' needs to be at least 0 (got {k})")
    if k <= 1:
        return frame
    enough = [pl.len().over(side) >= k for side in ("user", "item")]
    num_before = -1
    # A user taken away may leave an item short, and the other way round.
    while frame.height != num_before:
        num_before = frame.height
        frame = frame.filter(*enough)
    if frame.is_empty():
        raise ValueError(f"'k_core' needs to leave an interaction (got {k})")
    return frame
