"""Data frames of several libraries: the names of their columns, and the ones wanted."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from tvdiff_pyg.data.column import UNREADABLE, first_line


def opened(frame: Any) -> Any:
    """Returns a data frame whose columns can be named and taken.

    Args:
        frame: A polars ``DataFrame`` or ``LazyFrame``, a pandas ``DataFrame``, a
            pyarrow ``Table`` or ``RecordBatch``, anything else that hands out an Arrow
            stream, or a dict of columns.

    Raises:
        ValueError: If it is none of these.

    Example:
        >>> table = opened({"who": [1, 2], "what": ["a", "b"]})
        >>> names_of(table)
        ['who', 'what']
        >>> take_columns(table, {"user": 0})
        {'user': [1, 2]}
    """
    if isinstance(frame, pl.DataFrame | pl.LazyFrame | Mapping):
        return frame
    if hasattr(frame, "iloc") and hasattr(frame, "columns"):
        return frame
    if hasattr(frame, "schema") and hasattr(frame, "column"):
        return frame
    if not hasattr(frame, "__arrow_c_stream__"):
        raise _refusal(frame, "something else")
    try:
        return pl.DataFrame(frame)
    except UNREADABLE as error:
        raise _refusal(frame, first_line(error)) from error


def names_of(table: Any) -> list[str]:
    """Returns the names of all columns.

    Args:
        table: What :func:`opened` returned.

    Raises:
        ValueError: If a lazy frame cannot be read.
    """
    if isinstance(table, pl.LazyFrame):
        try:
            return table.collect_schema().names()
        except UNREADABLE as error:
            raise _refusal(table, first_line(error)) from error
    if isinstance(table, Mapping):
        return list(map(str, table))
    # pyarrow's "columns" are the values.
    is_named = isinstance(table, pl.DataFrame) or hasattr(table, "iloc")
    return list(map(str, table.columns if is_named else table.schema.names))


def take_columns(table: Any, places: Mapping[str, int]) -> dict[str, Any]:
    """Takes columns out of a data frame.

    Args:
        table: What :func:`opened` returned.
        places (dict): The numbers of the columns, by what they are for.

    Returns:
        The columns by what they are for, as the frame holds them.

    Raises:
        ValueError: If a lazy frame cannot be read.
    """
    try:
        if isinstance(table, pl.LazyFrame):
            # Once, for all columns.
            lazy = table.select(pl.nth(sorted(set(places.values()))))
            names, table = table.collect_schema().names(), lazy.collect()
            return {key: table[names[place]] for key, place in places.items()}
    except UNREADABLE as error:
        raise _refusal(table, first_line(error)) from error
    return {key: _column(table, place) for key, place in places.items()}


def _column(table: Any, place: int) -> Any:
    if isinstance(table, pl.DataFrame):
        return table.to_series(place)
    if isinstance(table, Mapping):
        return list(table.values())[place]
    return table.iloc[:, place] if hasattr(table, "iloc") else table.column(place)


def _refusal(frame: Any, reason: str) -> ValueError:
    return ValueError(
        f"'frame' needs to be a data frame of polars or pandas, a table of pyarrow, or "
        f"a dict of columns (got {type(frame).__name__}: {reason})"
    )
