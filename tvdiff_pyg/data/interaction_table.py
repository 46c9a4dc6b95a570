"""From data frames and arrays to one canonical table of interactions.

Its columns are ``user`` and ``item`` (``Int64`` or ``String``, no gaps) and, where
asked for, ``rating`` (``Float64``), ``weight`` (``Float64``, positive), ``timestamp``
(a number) and ``title`` (``String``, null where there is none).
"""

from collections.abc import Mapping
from typing import Any

import polars as pl

from tvdiff_pyg.data.column import UNREADABLE, first_row, raw_column
from tvdiff_pyg.data.frames import names_of, opened, take_columns
from tvdiff_pyg.data.ids import id_series
from tvdiff_pyg.data.item_titles import title_series
from tvdiff_pyg.data.roles import Column, find_columns, report
from tvdiff_pyg.data.times import Numbers, time_series

_COMMA = r"^[+-]?\d+(?:,(?:\d{1,2}|\d{4,}))?$"


def canonical_frame(
    frame: Any,
    *,
    user: Column | None = None,
    item: Column | None = None,
    rating: Column | None = None,
    weight: Column | None = None,
    timestamp: Column | None = None,
    title: Column | None = None,
    time_format: str | None = None,
) -> pl.DataFrame:
    """Brings a data frame into the canonical form.

    Args:
        frame: The data frame, as :func:`~tvdiff_pyg.data.frames.opened` takes it.
        user (str or int, optional): The column of users, by name or number.
            (default: the one called like that, else column 0)
        item (str or int, optional): The column of items. (default: likewise, column 1)
        rating (str or int, optional): The column of ratings. (default: none)
        weight (str or int, optional): The column of weights. (default: none)
        timestamp (str or int, optional): The column of times. (default: none)
        title (str or int, optional): The column of items' titles. (default: none)
        time_format (str, optional): How times are written as text: see
            :func:`~tvdiff_pyg.data.times.time_series`. (default: found out)

    Returns:
        Columns ``user``, ``item`` and the optional ones asked for.

    Raises:
        ValueError: If the frame is empty, a column is missing, an id is empty, a
            number or a time cannot be read, a weight is not positive, or no item has
            a title.

    Example:
        >>> frame = pl.DataFrame({"who": [1, 2], "what": ["a", "b"]})
        >>> canonical_frame(frame, user="who", item="what").columns
        ['user', 'item']
    """
    table = opened(frame)
    names = names_of(table)
    wanted = {
        "user": user,
        "item": item,
        "rating": rating,
        "weight": weight,
        "timestamp": timestamp,
        "title": title,
    }
    places = find_columns(names, wanted)
    if user is None or item is None:
        report(names, places)
    return _canonical(take_columns(table, places), time_format)


def frame_from_arrays(
    users: Any,
    items: Any,
    *,
    ratings: Any = None,
    weights: Any = None,
    timestamps: Any = None,
    time_format: str | None = None,
) -> pl.DataFrame:
    """Brings lists, arrays or tensors into the canonical form.

    Args:
        users: Original user ids, shape ``[num_rows]``.
        items: Original item ids, shape ``[num_rows]``.
        ratings (optional): Ratings, shape ``[num_rows]``. (default: none)
        weights (optional): Weights, shape ``[num_rows]``. (default: none)
        timestamps (optional): Times, shape ``[num_rows]``. (default: none)
        time_format (str, optional): How times are written as text. (default: found out)

    Returns:
        Columns ``user``, ``item`` and the optional ones given.

    Raises:
        ValueError: If lengths differ, there is no row, an id is empty, or a number or a
            time cannot be read.

    Example:
        >>> frame_from_arrays([1, 2], ["a", "b"]).shape
        (2, 2)
    """
    more = {"rating": ratings, "weight": weights, "timestamp": timestamps}
    given = {name: values for name, values in more.items() if values is not None}
    return _canonical({"user": users, "item": items, **given}, time_format)


def _canonical(given: Mapping[str, Any], time_format: str | None) -> pl.DataFrame:
    if time_format is not None and "timestamp" not in given:
        raise ValueError(
            f"'time_format' needs a column of times beside it (got {time_format!r} and "
            f"no 'timestamp')"
        )
    columns: dict[str, pl.Series] = {}
    for name, values in given.items():
        if name == "rating":
            columns[name] = _number_series(values, name)
        elif name == "weight":
            columns[name] = _weight_series(values, name)
        elif name == "timestamp":
            columns[name] = time_series(values, name, time_format)
        elif name == "title":
            columns[name] = title_series(values, name)
        else:
            columns[name] = id_series(values, name)
        if len(columns[name]) != len(columns["user"]):
            raise ValueError(
                f"'{name}s' needs as many values as 'users', {len(columns['user'])} "
                f"(got {len(columns[name])})"
            )
    if len(columns["user"]) == 0:
        raise ValueError("'frame' needs at least one interaction (got none)")
    return pl.DataFrame(columns)


def is_weight(numbers: Numbers) -> Numbers:
    """Tell numbers that are weights: positive and finite, as they will be kept.

    Args:
        numbers: Read or not.

    Example:
        >>> is_weight(pl.Series([0.5, 0.0, 1e300])).to_list()
        [True, False, False]
    """
    single = numbers.cast(pl.Float32)
    return (single > 0) & single.is_finite()


def _number_series(values: Any, name: str) -> pl.Series:
    column = raw_column(values, name)
    try:
        if column.dtype == pl.Object:
            column = pl.Series(column.to_list(), strict=False)
        if column.dtype == pl.String:
            column = _with_points(column.str.strip_chars())
        if column.dtype.is_temporal() or column.dtype.is_nested():
            raise TypeError
        numbers = column.cast(pl.Float64, strict=False)
    except UNREADABLE as error:
        raise ValueError(
            f"'{name}' needs numbers (got {column.dtype} values)"
        ) from error
    is_wrong = ~numbers.is_finite().fill_null(False)
    if is_wrong.any():
        row = first_row(is_wrong)
        raise ValueError(
            f"'{name}' needs a number in every row (got {is_wrong.sum()} empty or "
            f"unreadable, the first in row {row}: {column[row - 1]!r})"
        )
    return numbers


def _weight_series(values: Any, name: str) -> pl.Series:
    numbers = _number_series(values, name)
    is_wrong = ~is_weight(numbers)
    if is_wrong.any():
        row = first_row(is_wrong)
        raise ValueError(
            f"'{name}' needs to be positive, and finite in single precision, in every "
            f"row (got {numbers[row - 1]!r} in row {row})"
        )
    return numbers


def _with_points(text: pl.Series) -> pl.Series:
    """Read decimal commas, unless they may part thousands."""
    has_comma = text.str.contains(",", literal=True)
    if not has_comma.any() or not text.str.contains(_COMMA).all():
        return text
    return text.str.replace(",", ".", literal=True)
