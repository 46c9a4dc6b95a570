"""Parquet files of any size as a table of interactions, of which nothing is read yet.

Columns are those of :mod:`tvdiff_pyg.data.interaction_table`, and hold what one file
may hold, but for what only all rows together would tell: numbers and times that are
text, ids that are neither integers nor words.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import polars as pl

from tvdiff_pyg.data.column import first_line
from tvdiff_pyg.data.interaction_table import is_weight
from tvdiff_pyg.data.roles import Column, find_columns, report
from tvdiff_pyg.data.sorted_rows import SIDES
from tvdiff_pyg.data.times import in_parts_of_seconds, in_seconds, refuse_two_units
from tvdiff_pyg.files import check_no_pipe


class _Kind(NamedTuple):
    """What a column may hold."""

    fits: Callable[[pl.DataType], bool]
    said: str
    read: Callable[[pl.Expr, pl.DataType], pl.Expr]


def _is_id(kind: pl.DataType) -> bool:
    return kind.is_integer() or kind in (pl.String, pl.Categorical, pl.Enum)


def _is_number(kind: pl.DataType) -> bool:
    return kind.is_numeric() or kind in (pl.Boolean, pl.Null)


def _is_time(kind: pl.DataType) -> bool:
    return kind.is_numeric() or kind in (pl.Date, pl.Datetime, pl.Null)


def _id(column: pl.Expr, kind: pl.DataType) -> pl.Expr:
    if kind.is_integer():
        return column.cast(pl.Int64)
    word = column.cast(pl.String)
    return pl.when(word != "").then(word)


def _number(column: pl.Expr, kind: pl.DataType) -> pl.Expr:
    number = column.cast(pl.Float64)
    return pl.when(number.is_finite()).then(number)


def _time(column: pl.Expr, kind: pl.DataType) -> pl.Expr:
    if kind.is_float():
        return _number(column, kind)
    return column.to_physical().cast(pl.Int64, strict=False)


_ID = _Kind(_is_id, "to be integers or words", _id)
_NUMBER = _Kind(_is_number, "to be numbers where files are prepared", _number)
_TIME = _Kind(_is_time, "to be numbers or dates where files are prepared", _time)
_IN_64_BITS = {pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32}
_KINDS = {"rating": _NUMBER, "weight": _NUMBER, "timestamp": _TIME}
_NEEDED = {"user": "an id", "item": "an id", "timestamp": "a time"}


def scan_rows(
    data: str | os.PathLike[str], wanted: Mapping[str, Column | None]
) -> pl.LazyFrame:
    """Open files, and read each column once to see that it holds what it should.

    Args:
        data: A path, or a pattern.
        wanted: The columns by name or number: ``user`` and ``item``, found if ``None``,
            and ``rating``, ``weight`` and ``timestamp``, left out if ``None``.

    Returns:
        The columns that are wanted, in the order of the files and of their rows.

    Raises:
        ValueError: If there are no rows, a value is missing or of another type, or a
            weight is not positive.
    """
    check_no_pipe(data, "data")
    frame = pl.scan_parquet(os.fspath(data))
    schema = frame.collect_schema()
    names = schema.names()
    places = find_columns(names, wanted)
    report(names, places)
    columns = []
    for role, place in places.items():
        kind, about = schema[names[place]], _KINDS.get(role, _ID)
        if not about.fits(kind):
            raise ValueError(f"'{role}' needs {about.said} (got {kind})")
        too_wide = _too_wide(frame.select(names[place]), kind)
        if about is _ID and too_wide is not None:
            kind = pl.String()
        elif about is _TIME and too_wide is not None:
            raise ValueError(
                f"'{role}' needs times in [-2**63, 2**63) where files are prepared "
                f"(got {too_wide})"
            )
        columns.append(about.read(pl.col(names[place]), kind).alias(role))
    rows = frame.select(columns)
    _check_rows(rows, list(places))
    if "timestamp" in places and schema[names[places["timestamp"]]].is_integer():
        _check_one_unit(rows)
    return rows


def _too_wide(column: pl.LazyFrame, kind: pl.DataType) -> Any:
    """Return a number that has no place in 64 bits, such as a hash, if there is one."""
    is_whole = kind.is_integer() or kind.is_decimal()
    if not is_whole or kind in _IN_64_BITS:
        return None
    inner = pl.all().to_physical().cast(pl.Int64, strict=False)
    found = collected(column.filter(inner.is_null() & pl.all().is_not_null()).head(1))
    return found.item() if len(found) else None


def _check_rows(rows: pl.LazyFrame, roles: list[str]) -> None:
    """Raise if a value is missing, or a weight is not positive."""
    [(height, *gaps)] = collected(
        rows.select(pl.len().alias("rows"), pl.col(roles).null_count())
    ).rows()
    if not height:
        raise ValueError("'data' needs at least one interaction (got none)")
    for role, count in zip(roles, gaps, strict=True):
        if count and role in SIDES:
            raise ValueError(f"'{role}' needs an id in every row (got {count} empty)")
        if count:
            raise ValueError(
                f"'{role}' needs {_NEEDED.get(role, 'a number')} in every row "
                f"(got {count} empty or unreadable)"
            )
    if "weight" in roles:
        wrong = rows.select("weight").filter(~is_weight(pl.col("weight")))
        check_weights(collected(wrong.head(1))["weight"])


def check_weights(weights: pl.Series) -> None:
    """Raise a ``ValueError`` unless weights are, as those of one file need to be.

    Args:
        weights: What rows weigh, or what they weigh together.
    """
    wrong = weights.filter(~is_weight(weights))
    if len(wrong):
        raise ValueError(
            f"'weight' needs to be positive, and finite in single precision, in every "
            f"row and summed over the rows of a pair (got {wrong[0]!r})"
        )


def _check_one_unit(rows: pl.LazyFrame) -> None:
    """Raise if some times are in seconds since 1970 and others in parts of one."""
    time = pl.col("timestamp")
    second, part = in_seconds(time), in_parts_of_seconds(time)
    [(all_since, *both)] = collected(
        rows.select(
            all=(second | part).all(),
            second=time.filter(second).first(),
            part=time.filter(part).first(),
        )
    ).rows()
    if all_since and None not in both:
        refuse_two_units("timestamp", f"{both[0]} and {both[1]}")


def collected(frame: pl.LazyFrame) -> pl.DataFrame:
    """Carry a query out, a part of its rows at a time."""
    return frame.collect(engine="streaming")


@contextmanager
def named_as_parquet(data: str | os.PathLike[str]) -> Iterator[None]:
    """Say of files what is wrong with them as Parquet."""
    try:
        yield
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"'data' needs to be Parquet files (got {os.fspath(data)!r})"
        ) from error
    except pl.exceptions.PolarsError as error:
        raise ValueError(
            f"'data' needs to be Parquet files of the same columns "
            f"(got {os.fspath(data)!r}: {first_line(error)})"
        ) from error
