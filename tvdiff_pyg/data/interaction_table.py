"""From data frames and arrays to one canonical table of interactions.

Its columns are ``user`` and ``item`` (``Int64`` or ``String``, no gaps) and, where
asked for, ``rating`` (``Float64``) and ``timestamp`` (a number).
"""

from collections.abc import Sequence
from typing import Any

import polars as pl

from tvdiff_pyg.data.id_map import as_series, id_series

# The order matters to a command line, which takes the first type that fits.
Column = int | str
"""A column by number from 0, or by name."""


def canonical_frame(
    frame: Any,
    *,
    user: Column = "user",
    item: Column = "item",
    rating: Column | None = None,
    timestamp: Column | None = None,
) -> pl.DataFrame:
    """Brings a polars or pandas data frame into the canonical form.

    Args:
        frame: The data frame.
        user (str or int): The column of users, by name or number.
            (default: ``"user"``)
        item (str or int): The column of items. (default: ``"item"``)
        rating (str or int, optional): The column of ratings. (default: none)
        timestamp (str or int, optional): The column of times. (default: none)

    Returns:
        Columns ``user``, ``item`` and the optional ones asked for.

    Raises:
        ValueError: If the frame is empty, a column is missing, an id is empty or a
            number cannot be read.

    Example:
        >>> frame = pl.DataFrame({"who": [1, 2], "what": ["a", "b"]})
        >>> canonical_frame(frame, user="who", item="what").columns
        ['user', 'item']
    """
    names = list(frame.columns)
    columns: dict[str, pl.Series] = {}
    for argument, key in named_columns(user, item, rating, timestamp).items():
        series = _column(frame, column_name(names, key, argument))
        columns[argument] = _CONVERTERS[argument](series, argument)
    canonical = pl.DataFrame(columns)
    if canonical.is_empty():
        raise ValueError("'frame' needs at least one interaction (got none)")
    return canonical


def frame_from_arrays(
    users: Any, items: Any, *, ratings: Any = None, timestamps: Any = None
) -> pl.DataFrame:
    """Brings lists, arrays or tensors into the canonical form.

    Args:
        users: Original user ids, shape ``[num_rows]``.
        items: Original item ids, shape ``[num_rows]``.
        ratings (optional): Ratings, shape ``[num_rows]``. (default: none)
        timestamps (optional): Times, shape ``[num_rows]``. (default: none)

    Returns:
        Columns ``user``, ``item`` and the optional ones given.

    Raises:
        ValueError: If lengths differ, there is no row, an id is empty or a number
            cannot be read.

    Example:
        >>> frame_from_arrays([1, 2], ["a", "b"]).shape
        (2, 2)
    """
    given = {"user": users, "item": items, "rating": ratings, "timestamp": timestamps}
    columns = {k: as_series(v) for k, v in given.items() if v is not None}
    for name, column in columns.items():
        if len(column) != len(columns["user"]):
            raise ValueError(
                f"'{name}s' needs as many values as 'users', {len(columns['user'])} "
                f"(got {len(column)})"
            )
    return canonical_frame(pl.DataFrame(columns), **{k: k for k in columns})


def named_columns(
    user: Column, item: Column, rating: Column | None, timestamp: Column | None
) -> dict[str, Column]:
    """Returns the columns that are asked for, by the argument that asks."""
    wanted = {"user": user, "item": item, "rating": rating, "timestamp": timestamp}
    return {argument: key for argument, key in wanted.items() if key is not None}


def column_name(names: Sequence[str], key: Column, argument: str) -> str:
    """Returns the name of a column that is given by name or number.

    Args:
        names: The names of all columns.
        key (str or int): The column.
        argument (str): The argument that gave it, for error messages.

    Raises:
        ValueError: If there is no such column.
    """
    if isinstance(key, int):
        if not 0 <= key < len(names):
            raise ValueError(
                f"'{argument}' needs a column number in [0, {len(names)}) (got {key})"
            )
        return names[key]
    if key not in names:
        raise ValueError(
            f"'{argument}' needs to be one of the columns {list(names)} (got {key!r})"
        )
    return key


def _column(frame: Any, name: str) -> pl.Series:
    column = frame[name]
    if isinstance(column, pl.Series):
        return as_series(column)
    # A pandas series; its several kinds of missing values all become None.
    if column.isna().any():
        return as_series(column.to_numpy(dtype=object, na_value=None))
    return as_series(column.to_numpy())


def _rating_series(values: pl.Series, name: str) -> pl.Series:
    return _all_read(_to_number(values), name)


def _time_series(values: pl.Series, name: str) -> pl.Series:
    if values.dtype == pl.String:
        numbers = _to_number(values)
        if numbers.null_count() == 0:
            # Whole seconds or milliseconds stay exact as integers.
            exact = values.str.strip_chars().cast(pl.Int64, strict=False)
            return exact if exact.null_count() == 0 else numbers
        try:
            values = values.str.to_datetime(strict=False, time_unit="us")
        except pl.exceptions.ComputeError:  # Not one of them looks like a date.
            values = numbers
    if values.dtype.is_temporal():
        return _all_read(values.cast(pl.Datetime("us")).cast(pl.Int64), name)
    return _all_read(values, name)


def _to_number(values: pl.Series) -> pl.Series:
    if values.dtype == pl.String:
        values = values.str.strip_chars()
    return as_series(values.cast(pl.Float64, strict=False))


def _all_read(values: pl.Series, name: str) -> pl.Series:
    if null_count := values.null_count():
        row = int(values.is_null().arg_true()[0]) + 1
        raise ValueError(
            f"'{name}' needs a number in every row "
            f"(got {null_count} empty or unreadable, the first in row {row})"
        )
    return values


_CONVERTERS = {
    "user": id_series,
    "item": id_series,
    "rating": _rating_series,
    "timestamp": _time_series,
}
