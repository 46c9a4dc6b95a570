"""Columns that were taken for users and items without a name that says so.

Where what they hold speaks against it, the user has to say which columns are meant.
"""

import logging
import re
from collections.abc import Mapping, Sequence

import polars as pl

from tvdiff_pyg.data.column_names import meaning
from tvdiff_pyg.data.roles import Column

logger = logging.getLogger(__name__)

_TIME = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ,].*)?")
_FRACTION = re.compile(r"[+-]?\d*\.\d*[1-9]\d*")
_NUMBERS = re.compile(r"\d+(?:[ ,;|]+\d+)*")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})*")
_BRACKETS = {"(": ")", "[": "]", "{": "}", "<": ">"}
_ENOUGH = 10  # Rows that are no accident.


def refuse_brackets(rows: Sequence[Sequence[str]]) -> None:
    """Raises if each line stands in brackets, which would become part of its ids.

    Args:
        rows: The first rows of a table.

    Example:
        >>> refuse_brackets([["(1", "2)"], ["(3", "4)"]])
        Traceback (most recent call last):
            ...
        ValueError: 'format' (--format) needs to be 'table' if brackets belong to ...
    """
    closers = {_BRACKETS.get(row[0][:1], "") for row in rows}
    [closer] = closers if len(closers) == 1 else [""]
    if closer and all(
        row[-1].endswith(closer) and not row[0].endswith(closer) for row in rows
    ):
        raise ValueError(
            "'format' (--format) needs to be 'table' if brackets belong to the ids "
            f"(got lines in brackets, as {rows[0]}); else write them without"
        )


def guessed_sides(
    names: Sequence[str],
    wanted: Mapping[str, Column | None],
    places: Mapping[str, int],
) -> list[str]:
    """Returns which sides nobody named: they stand where these usually do.

    Args:
        names: The names of all columns.
        wanted: The columns that were asked for.
        places: The columns that were taken.

    Example:
        >>> guessed_sides(["user", "b"], {"user": None, "item": 1}, {"user": 0})
        []
    """
    return [
        side
        for side in ("user", "item")
        if wanted[side] is None and meaning(names[places[side]], side) is None
    ]


def refuse_first(
    rows: Sequence[Sequence[str]], sides: Sequence[str], places: Mapping[str, int]
) -> None:
    """Raises if the first rows of a guessed column hold times, fractions or lists.

    Args:
        rows: The first rows.
        sides: The sides that were guessed.
        places: The columns that were taken.

    Raises:
        ValueError: If they do.
    """
    for side in ("user", "item"):
        fields = [row[places[side]] for row in rows if places[side] < len(row)]
        is_time = bool(fields) and all(map(_TIME.fullmatch, fields))
        if side in sides and (is_time or any(map(_FRACTION.fullmatch, fields))):
            raise _doubt(side, places[side], f"holds {fields[0]!r}")


def refuse_lists(
    rows: Sequence[Sequence[str]],
    wanted: Mapping[str, Column | None],
    places: Mapping[str, int],
) -> None:
    """Raises if a field holds several ids.

    Args:
        rows: The first rows.
        wanted: The columns that were asked for.
        places: The columns that were taken.

    Raises:
        ValueError: If one does.
    """
    for side in ("user", "item"):
        fields = [row[places[side]] for row in rows if places[side] < len(row)]
        inner = [field.strip("[](){}").strip() for field in fields]
        several = [field for field in inner if re.search(r"\d[ ,;|]+\d", field)]
        if (
            wanted[side] is None
            and several
            and all(map(_NUMBERS.fullmatch, inner))
            and not all(map(_THOUSANDS.fullmatch, inner))
        ):
            raise ValueError(
                f"'{side}' needs one id in a row (got {several[0]!r} in column "
                f"{places[side]}): write a row for each, or say that it is one by "
                f"--{side}-column {places[side]}"
            )


def refuse_row_numbers(
    users: pl.Series, place: int, num_columns: int, rows: Sequence[Sequence[str]]
) -> None:
    """Raises if a column that was guessed to hold users numbers the rows.

    Where a user, an item, a rating and a time are all of a row, it holds users: the
    test parts of MovieLens and NCF have one row of each.

    Args:
        users: The ids that it holds.
        place: The number of the column.
        num_columns: How many columns could have been taken.
        rows: The first rows of the table.

    Raises:
        ValueError: If it does.
    """
    last = len(users) - 1
    if (
        num_columns > 2
        and not _are_rated(rows)
        and users.dtype == pl.Int64
        and users[0] in (0, 1)
        and users[last] == users[0] + last >= 4
        and (users.diff()[1:] == 1).all()
    ):
        raise _doubt("user", place, f"numbers the rows from {users[0]}")


def _are_rated(rows: Sequence[Sequence[str]]) -> bool:
    """Whether all that is beside users and items is a rating, and a time in seconds."""
    if not all(len(row) == 4 and all(map(str.isdecimal, row)) for row in rows):
        return False
    _, items, ratings, times = (map(int, column) for column in zip(*rows, strict=True))
    return max(ratings) <= 10 < max(items) and min(times) > 10**8


def check_guess(ids: pl.Series, side: str, place: int, num_columns: int) -> None:
    """Raises if a guessed column is the same in all rows; says if it differs in all.

    Args:
        ids: The ids that it holds.
        side: The side that it was taken for.
        place: The number of the column.
        num_columns: How many columns could have been taken.

    Raises:
        ValueError: If it is no column of users or of items.
    """
    if num_columns < 3 or len(ids) < _ENOUGH:
        return
    if ids[0] == ids[len(ids) - 1] and (ids == ids[0]).all():
        raise _doubt(side, place, f"holds {ids[0]!r} in every row")
    if side == "user" and ids.head(1000).is_unique().all() and ids.is_unique().all():
        logger.warning(
            "column %d, taken for users, differs in every row, as row numbers do: "
            "'user' (--user-column) says which one it is, if another",
            place,
        )


def _doubt(side: str, place: int, what: str) -> ValueError:
    return ValueError(
        f"'{side}' (--{side}-column) needs to say which column holds the {side}s "
        f"(column {place} {what}, and there is no header that names it)"
    )
