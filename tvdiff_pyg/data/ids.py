"""What an id is: a column of whatever kind becomes integers or words, without gaps.

One kind of value has one meaning, in files, frames and look-ups: integers and whole
floats are integers, dates are written as ISO 8601 does, bytes are text in UTF-8. What
could make one id of two is refused.
"""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import numpy as np
import polars as pl
from torch import Tensor

from tvdiff_pyg.data.column import UNREADABLE, first_row, raw_column

IdValues = Sequence[int] | Sequence[str] | np.ndarray | pl.Series | Tensor
"""Everything that is accepted as a column of ids."""

# Written as an integer would be: "7" and "-7" are, "007" and "+7" are not. Eighteen
# digits always fit int64.
CANONICAL_INT = r"^(?:0|-?[1-9][0-9]{0,17})$"
# As other tools write integers, all of them, where some are missing.
_WHOLE_FLOAT = r"^(?:0|-?[1-9][0-9]{0,17})\.0$"
_SCIENTIFIC = r"^-?\d\.\d+[eE]\+\d+$"


def id_series(values: Any, name: str) -> pl.Series:
    """Turns a column of ids into an ``Int64`` or ``String`` series without gaps.

    Integers, and floats that are all whole, become ``Int64``, or ``String`` where one
    does not fit; all else becomes ``String``.

    Args:
        values: The ids, shape ``[num_rows]``.
        name (str): What the ids are, for error messages.

    Returns:
        The ids as a polars series of the same length.

    Raises:
        ValueError: If an id is null or NaN, is no id (a truth value, a list), or could
            be mistaken for another (bytes that are no text, rounded floats, 1 beside
            "1").

    Example:
        >>> id_series(["b", "a"], "user").to_list()
        ['b', 'a']
        >>> id_series([2.0, 1.0], "user").to_list()
        [2, 1]
    """
    column = raw_column(values, name)
    if null_count := column.null_count():
        raise ValueError(
            f"'{name}' needs an id in every row (got {null_count} empty, the first in "
            f"row {first_row(column.is_null())})"
        )
    ids = _convert(column, name).alias(name)
    is_empty = ids == "" if ids.dtype == pl.String else None
    if is_empty is not None and is_empty.any():
        raise ValueError(
            f"'{name}' needs an id in every row (got {is_empty.sum()} empty words, the "
            f"first in row {first_row(is_empty)})"
        )
    return ids


def ids_of_text(text: pl.Series) -> pl.Series:
    """Reads ids that were written as text: integers if every one is, else words.

    Whole floats are integers, too, if every id is one: beside ``1``, ``1.0`` is a word.
    So are numbers as NumPy writes them (``1.0000e+02``), if no digit of theirs is lost.

    Args:
        text: The ids as they stand in a file; null where one is missing.

    Returns:
        ``Int64`` or ``String``, of the same length.

    Example:
        >>> ids_of_text(pl.Series(["1.0", "2.0"])).to_list()
        [1, 2]
        >>> ids_of_text(pl.Series(["007", "2"])).to_list()
        ['007', '2']
    """
    # The first rows mostly tell, and tell sooner.
    if all(part.str.contains(CANONICAL_INT).all() for part in (text.head(1000), text)):
        return text.cast(pl.Int64)
    if all(part.str.contains(_WHOLE_FLOAT).all() for part in (text.head(1000), text)):
        return text.str.strip_suffix(".0").cast(pl.Int64)
    if all(part.str.contains(_SCIENTIFIC).all() for part in (text.head(1000), text)):
        return _from_scientific(text)
    return text


def _from_scientific(text: pl.Series) -> pl.Series:
    power = text.str.extract(r"(\d+)$").cast(pl.Int64)
    num_digits = text.str.extract(r"\.(\d+)").str.len_bytes()
    numbers = text.cast(pl.Float64)
    is_exact = (power <= num_digits) & (numbers.abs() <= 2**53)
    is_exact &= numbers == numbers.round(0)
    return numbers.cast(pl.Int64) if is_exact.all() else text


def whole_numbers(text: pl.Series) -> pl.Series:
    """Returns the integers that words are written like, null for all others.

    Example:
        >>> whole_numbers(pl.Series(["7", "7.0", "007", "x"])).to_list()
        [7, 7, None, None]
    """
    digits = text.str.replace(r"\.0+$", "")
    number = digits.cast(pl.Int64, strict=False)
    return number.set(number.cast(pl.String) != digits, None)


def _convert(column: pl.Series, name: str) -> pl.Series:
    for fits, convert in _CONVERTERS:
        if fits(column.dtype):
            return convert(column, name)
    raise ValueError(
        f"'{name}' needs integers or words as ids (got {column.dtype} values)"
    )


def _from_integers(column: pl.Series, name: str) -> pl.Series:
    exact = column.cast(pl.Int64, strict=False)
    return exact if exact.null_count() == column.null_count() else _words(column, name)


def _from_floats(column: pl.Series, name: str) -> pl.Series:
    # Above these, floats have gaps: an id would be rounded to its neighbour.
    limit = 2 ** {"Float64": 53, "Float32": 24}.get(str(column.dtype), 11)
    is_rounded = ~(column.abs() <= limit)
    if is_rounded.any():
        row = first_row(is_rounded)
        raise ValueError(
            f"'{name}' needs ids that are never rounded, as floats are beyond {limit} "
            f"(got {column[row - 1]} in row {row}): integers and words are not"
        )
    whole = column.cast(pl.Int64)
    is_whole = column == whole.cast(column.dtype)
    if is_whole.all():
        return whole
    return whole.cast(pl.String).zip_with(is_whole, column.cast(pl.String))


def _from_decimals(column: pl.Series, name: str) -> pl.Series:
    text = _shortest(column, name)
    whole = whole_numbers(text)
    return whole if whole.null_count() == text.null_count() else text


def _from_bytes(column: pl.Series, name: str) -> pl.Series:
    try:
        return _words(column, name)
    except pl.exceptions.PolarsError:
        row = next(row for row, value in enumerate(column, 1) if not _is_text(value))
    raise ValueError(
        f"'{name}' needs ids that are text (got bytes that are no UTF-8 in row {row}): "
        f"write them as text first, in hexadecimal say"
    )


def _is_text(value: bytes | None) -> bool:
    try:
        return value is None or value.decode() is not None
    except UnicodeDecodeError:
        return False


def _words(column: pl.Series, name: str) -> pl.Series:
    return column.cast(pl.String)


def _from_dates(column: pl.Series, name: str) -> pl.Series:
    if column.dtype == pl.Datetime and getattr(column.dtype, "time_zone", None):
        column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return _shortest(column, name).str.strip_suffix(" 00:00:00")


def _shortest(column: pl.Series, name: str) -> pl.Series:
    # Columns differ in how many zeros of a fraction they show.
    text = column.cast(pl.String)
    return text.str.replace(r"(\.\d*?)0+$", "$1").str.strip_suffix(".")


def _from_objects(column: pl.Series, name: str) -> pl.Series:
    values = column.to_list()
    parts = {}
    for kind in set(map(type, values)) - {type(None)}:
        # Rows of other kinds are gaps, so that each value stays in its row.
        own = [value if type(value) is kind else None for value in values]
        parts[kind] = _from_kind(own, kind, name)
    if len({part.dtype for part in parts.values()}) > 1:
        parts = {kind: _words(part, name) for kind, part in parts.items()}
    _check_apart(parts, name)
    if not parts:
        return pl.Series(dtype=pl.String)
    merged = pl.DataFrame({str(k): part for k, part in enumerate(parts.values())})
    return merged.select(pl.coalesce(pl.all())).to_series()


def _from_kind(values: list[Any], kind: type, name: str) -> pl.Series:
    if issubclass(kind, UUID):
        values = [None if value is None else str(value) for value in values]
    try:
        column = pl.Series(values)
    except OverflowError:  # Integers beyond every type.
        column = pl.Series([None if value is None else str(value) for value in values])
    except UNREADABLE:
        column = pl.Series(values, dtype=pl.Object)
    if column.dtype == pl.Object:
        raise ValueError(
            f"'{name}' needs integers or words as ids (got a {kind.__name__} in row "
            f"{first_row(column.is_not_null())})"
        )
    return _convert(column, name)


def _check_apart(parts: dict[type, pl.Series], name: str) -> None:
    """Refuses 1 beside "1": they may be one id, or two."""
    for kind, words in parts.items():
        for other, others in parts.items():
            if any(issubclass(kind, t) > issubclass(other, t) for t in (str, bytes)):
                both = words.filter(words.is_in(others.drop_nulls().implode()))
                if len(both) > 0:
                    raise ValueError(
                        f"'{name}' needs ids of one type "
                        f"(got {both[0]!r} as a word and as a {other.__name__})"
                    )


_CONVERTERS: list[tuple[Callable[[Any], bool], Callable[[pl.Series, str], pl.Series]]]
_CONVERTERS = [
    (lambda dtype: dtype.is_integer(), _from_integers),
    (lambda dtype: dtype in (pl.String, pl.Categorical, pl.Enum), _words),
    (lambda dtype: dtype.is_float(), _from_floats),
    (lambda dtype: dtype.is_decimal(), _from_decimals),
    (lambda dtype: dtype in (pl.Date, pl.Datetime), _from_dates),
    (lambda dtype: dtype == pl.Binary, _from_bytes),
    (lambda dtype: dtype == pl.Object, _from_objects),
    (lambda dtype: dtype == pl.Null, _words),  # There is nothing in it.
]
