"""A column of times as numbers in the same order: exact, and never guessed."""

from typing import Any, NoReturn, TypeVar

import polars as pl

from tvdiff_pyg.data.column import UNREADABLE, first_row, raw_column
from tvdiff_pyg.data.time_text import numbers_of_text, times_of_text

Numbers = TypeVar("Numbers", pl.Series, pl.Expr)


def time_series(values: Any, name: str, time_format: str | None = None) -> pl.Series:
    """Turns a column of times into numbers that are ordered as the times are.

    Args:
        values: Numbers, dates, or either of them as text, shape ``[num_rows]``.
        name (str): What the times are, for error messages.
        time_format (str, optional): How text is written, as
            :func:`~tvdiff_pyg.data.time_text.times_of_text` takes it.
            (default: numbers, or dates that can be read in one way only)

    Returns:
        ``Int64`` or, where numbers have fractions, ``Float64``, of the same length.

    Raises:
        ValueError: If a time is missing, infinite, or cannot be read in one way.

    Example:
        >>> time_series(["2020-01-02", "2020-01-01"], "timestamp").arg_sort().to_list()
        [1, 0]
    """
    column = raw_column(values, name)
    if column.dtype == pl.Object:
        column = _from_objects(column.to_list())
    if null_count := column.null_count():
        raise ValueError(
            f"'{name}' needs a time in every row (got {null_count} empty, the first "
            f"in row {first_row(column.is_null())})"
        )
    if column.dtype in (pl.String, pl.Categorical, pl.Enum):
        return _from_text(column.cast(pl.String), name, time_format)
    if time_format is not None:
        raise ValueError(
            f"'time_format' needs times that are text (got {column.dtype} values)"
        )
    if column.dtype.is_float():
        return _all_finite(column.cast(pl.Float64), name)
    is_whole = column.dtype.is_integer() or column.dtype.is_decimal()
    if is_whole or column.dtype in (pl.Date, pl.Datetime, pl.Null):
        # Dates are days or parts of seconds beneath, decimals are scaled.
        if column.dtype.is_integer():
            _check_one_unit(column, name)
        return _exact(column.to_physical())
    raise ValueError(f"'{name}' needs numbers or dates (got {column.dtype} values)")


def _from_objects(values: list[Any]) -> pl.Series:
    if len(set(map(type, values)) - {type(None)}) <= 1:
        try:
            column = pl.Series(values)
            if column.dtype != pl.Object:
                return column
        except UNREADABLE:
            pass
    return pl.Series([None if v is None else _text(v) for v in values], dtype=pl.String)


def _text(value: Any) -> str:
    # Large floats are written in full, so that they stay exact beside integers.
    is_whole = isinstance(value, float) and value.is_integer()
    return str(int(value) if is_whole else value)


def _from_text(text: pl.Series, name: str, time_format: str | None) -> pl.Series:
    text = text.str.strip_chars()
    numbers = numbers_of_text(text) if time_format is None else None
    if numbers is None:
        return _exact(times_of_text(text, name, time_format))
    if null_count := numbers.null_count():
        row = first_row(numbers.is_null())
        raise ValueError(
            f"'{name}' needs a number in every row, as in row 1 (got {null_count} "
            f"unreadable, the first in row {row}: {text[row - 1]!r})"
        )
    _check_one_unit(numbers, name)
    if numbers.dtype.is_float():
        return _all_finite(numbers, name)
    return _exact(numbers)


def in_seconds(times: Numbers) -> Numbers:
    """Tell times that may well be seconds since 1970.

    Args:
        times: Numbers, read or not.
    """
    return times.is_between(6e8, 6e9)


def in_parts_of_seconds(times: Numbers) -> Numbers:
    """Tell times that may well be milliseconds since 1970, or less.

    Args:
        times: Numbers, read or not.
    """
    return times >= 6e11


def refuse_two_units(name: str, found: str) -> NoReturn:
    """Raise a ``ValueError`` for times some of which are seconds, others parts of one.

    Args:
        name: What the times are.
        found: One of each.
    """
    raise ValueError(f"'{name}' needs times of one unit (got {found})")


def _check_one_unit(numbers: pl.Series, name: str) -> None:
    """Raise if all are times since 1970, some in seconds and others in parts of one."""
    is_second, is_part = in_seconds(numbers), in_parts_of_seconds(numbers)
    if (is_second | is_part).all() and is_second.any() and is_part.any():
        rows = first_row(is_second), first_row(is_part)
        said = " and ".join(f"{numbers[row - 1]} in row {row}" for row in sorted(rows))
        refuse_two_units(name, said)


def _all_finite(numbers: pl.Series, name: str) -> pl.Series:
    if not numbers.is_finite().all():
        row = first_row(~numbers.is_finite())
        raise ValueError(
            f"'{name}' needs finite numbers (got {numbers[row - 1]} in row {row})"
        )
    return numbers


def _exact(whole: pl.Series) -> pl.Series:
    numbers = whole.cast(pl.Int64, strict=False)
    if numbers.null_count():  # Too large: their order is all that counts.
        return whole.rank("dense").cast(pl.Int64)
    return numbers
