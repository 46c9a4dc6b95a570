"""How times are written as text: as numbers, as ISO 8601 has it, or as is said."""

import logging
import re

import polars as pl

from tvdiff_pyg.data.column import first_row

logger = logging.getLogger(__name__)

DAY_FIRST, MONTH_FIRST = "day-first", "month-first"

_CLOCK = r"(\d{1,2}):\d{2}(?P<seconds>:\d{2}(?:\.\d+)?)?(?P<half> ?[AaPp][Mm])?"
_ZONE = r"(?P<gap> ?)(?P<zone>Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)"
# The year comes first, and nobody puts the day before the month then.
_YEAR_FIRST = re.compile(
    rf"\d{{4}}(?P<sep>[-/.])\d{{1,2}}(?P=sep)\d{{1,2}}"
    rf"(?:(?P<mark>[T ]){_CLOCK}(?:{_ZONE})?)?"
)
_YEAR_LAST = re.compile(
    rf"(?P<first>\d{{1,2}})(?P<sep>[-/.])\d{{1,2}}(?P=sep)(?P<year>\d{{4}}|\d{{2}})"
    rf"(?:(?P<mark>,? ){_CLOCK}(?:{_ZONE})?)?"
)
_COMPACT = re.compile(r"\d{8}T\d{6}(?:\.\d+)?(?P<zone>Z|[+-]\d{4})?")
_HINT = "'time_format' says how times are written, as in '%m/%d/%Y %H:%M'"


def numbers_of_text(text: pl.Series) -> pl.Series | None:
    """Reads numbers exactly; those that are none become null.

    Args:
        text: Numbers as text, without spaces around them.

    Returns:
        The numbers, whole ones where they can be; none if the first is no number.

    Example:
        >>> numbers_of_text(pl.Series(["9007199254740993", "-1"])).to_list()
        [9007199254740993, -1]
    """
    whole = text.cast(pl.Int64, strict=False)
    if whole.null_count() == 0:
        return whole
    if text.head(1).cast(pl.Float64, strict=False).null_count():
        return None
    # Floats keep fifteen digits apart, and so not the nanoseconds of today.
    is_long = text.str.len_bytes() > 16
    if is_long.any() and text.str.contains(r"^[+-]?\d{1,28}(?:\.\d{0,9})?$").all():
        return text.cast(pl.Decimal(38, 9)).to_physical()
    return text.cast(pl.Float64, strict=False)


def times_of_text(text: pl.Series, name: str, time_format: str | None) -> pl.Series:
    """Reads dates, with or without a time of day, as whole numbers.

    A date that starts with the year is read as ISO 8601 has it. One that ends with the
    year is read if a single order of day and month fits the whole column.

    Args:
        text: The dates as text, all written in one way.
        name (str): What they are, for error messages.
        time_format (str, optional): ``"day-first"``, ``"month-first"``, or a format as
            ``"%m/%d/%Y %H:%M"``. (default: found out)

    Raises:
        ValueError: If a row is written in another way than the first, or if the dates
            can be read in two ways.

    Example:
        >>> days = pl.Series(["1/13/2010", "12/1/2010"])
        >>> times_of_text(days, "timestamp", None).arg_sort().to_list()
        [0, 1]
    """
    if time_format is not None and "%" in time_format:
        return _all_read(text, time_format, name, f"as 'time_format' {time_format!r}")
    if time_format not in (None, DAY_FIRST, MONTH_FIRST):
        raise ValueError(
            f"'time_format' needs to be {DAY_FIRST!r}, {MONTH_FIRST!r} or a format "
            f"with %, as '%m/%d/%Y %H:%M' (got {time_format!r})"
        )
    first = text[0]
    if year_last := _YEAR_LAST.fullmatch(first):
        day, month = _orders(year_last)
        if time_format is None:
            return _only_order(text, day, month, name)
        chosen = day if time_format == DAY_FIRST else month
        return _all_read(text, chosen, name, time_format)
    if time_format is not None:
        raise ValueError(
            f"'time_format' {time_format!r} has no use where dates do not end with the "
            f"year (got {first!r} in row 1)"
        )
    return _all_read(text, _year_first(first, name), name, f"as {first!r} in row 1")


def _year_first(first: str, name: str) -> str:
    if found := _YEAR_FIRST.fullmatch(first):
        separator = found["sep"]
        return f"%Y{separator}%m{separator}%d{_clock(found)}"
    if found := _COMPACT.fullmatch(first):
        return f"%Y%m%dT%H%M%S%.f{'%#z' if found['zone'] else ''}"
    raise ValueError(
        f"'{name}' needs numbers, or dates as ISO 8601 writes them (got {first!r} in "
        f"row 1); {_HINT}"
    )


def _orders(found: re.Match[str]) -> tuple[str, str]:
    separator, rest = found["sep"], _clock(found)
    year = "%Y" if len(found["year"]) == 4 else "%y"
    day, month = separator.join(("%d", "%m", year)), separator.join(("%m", "%d", year))
    return day + rest, month + rest


def _clock(found: re.Match[str]) -> str:
    if found["mark"] is None:
        return ""
    hour = "%I" if found["half"] else "%H"
    seconds = ":%S%.f" if found["seconds"] else ""
    half = found["half"][:-2] + "%p" if found["half"] else ""
    zone = found["zone"] or ""
    # Z is an offset, too.
    offset = zone if zone in ("", "UTC", "GMT") else "%#z"
    return f"{found['mark']}{hour}:%M{seconds}{half}{found['gap'] or ''}{offset}"


def _only_order(text: pl.Series, day: str, month: str, name: str) -> pl.Series:
    by_day, by_month = _parsed(text, day), _parsed(text, month)
    fits = [by_day.null_count() == 0, by_month.null_count() == 0]
    if not any(fits):
        better = month if by_day[0] is None else day
        return _all_read(text, better, name, f"as {text[0]!r} in row 1")
    if "%y" in day or (all(fits) and not by_day.equals(by_month)):
        row = 1 if "%y" in day else first_row(by_day != by_month)
        raise ValueError(
            f"'{name}' can be read in several ways (got {text[row - 1]!r} in row "
            f"{row}): 'time_format' needs to say which, as {DAY_FIRST!r}, "
            f"{MONTH_FIRST!r} or {month!r}"
        )
    if not all(fits):
        other, words = (by_month, DAY_FIRST) if fits[0] else (by_day, MONTH_FIRST)
        row = first_row(other.is_null())
        logger.warning(
            "'%s' is read %s: %r in row %d fits no other order",
            *(name, words, text[row - 1], row),
        )
    return by_day if fits[0] else by_month


def _all_read(text: pl.Series, form: str, name: str, words: str) -> pl.Series:
    parsed = _parsed(text, form)
    if null_count := parsed.null_count():
        row = first_row(parsed.is_null())
        if words == f"as {text[row - 1]!r} in row 1":
            raise ValueError(
                f"'{name}' needs dates of the calendar (got {text[row - 1]!r} in row "
                f"{row}); {_HINT}"
            )
        raise ValueError(
            f"'{name}' needs dates that are all written in one way, {words} "
            f"(got {null_count} others, the first in row {row}: {text[row - 1]!r}); "
            f"{_HINT}"
        )
    return parsed


def _parsed(text: pl.Series, form: str) -> pl.Series:
    """Returns microseconds, or nanoseconds where they are written; null elsewhere."""
    try:
        times = text.str.to_datetime(form, strict=False, time_unit="us")
        finer = "f" in form and text.str.contains(r"\.\d{7}").any()
        if finer and times.dt.year().is_between(1678, 2261).all():
            times = text.str.to_datetime(form, strict=False, time_unit="ns")
    except pl.exceptions.PolarsError as error:
        raise ValueError(
            f"'time_format' needs to be a format of dates (got {form!r}: "
            f"{str(error).partition(chr(10))[0]})"
        ) from error
    return times.to_physical()
