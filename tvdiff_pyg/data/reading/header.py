"""Whether the first line of a text file names its columns."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from tvdiff_pyg.data.column_names import is_known, is_sure, meaning, without_type
from tvdiff_pyg.data.edge_ends import edge_ends
from tvdiff_pyg.data.reading.matrix import is_matrix
from tvdiff_pyg.data.reading.values import is_there, is_value, numbers

_DIGIT = re.compile(r"\d")
_ENOUGH = 5  # Rows that are no accident.
# What R and others call columns that have no name.
_NUMBERED = re.compile(r"(?:v|x|col|column|field|var)[ _.]?(\d+)")


class Header(NamedTuple):
    """Whether there is one, and the column whose numbers are the only sign of it."""

    found: bool
    numbers: int | None = None


def find_header(rows: Sequence[Sequence[str]]) -> Header:
    """Tells a header by its names, or by words above numbers.

    Args:
        rows: The first rows of a file, stripped of spaces.

    Returns:
        What was found.

    Raises:
        ValueError: If it can be one as well as not.

    Example:
        >>> find_header([["userId", "title"], ["ann", "x"]]).found
        True
        >>> find_header([["A1", "000X", "5.0"], ["A2", "1", "4.0"]]).found
        False
    """
    first, below = rows[0], rows[1:]
    if names_sides(first) or is_atomic(first):
        return Header(True)
    # Row names, whose column nobody named: no interaction starts with nothing.
    if not first[0] and below and all(row[0] for row in below):
        return Header(True)
    sure = any(is_sure(name) for name in first)
    num_known = sum(is_known(name) for name in first)
    if num_known and is_matrix(first, below):
        return Header(True)
    if any(map(is_value, first)):
        if sure:
            raise _doubt(first)
        return Header(False)
    if sure or num_known > 1:
        return Header(True)
    above = [k for k in range(len(first)) if _is_word(first[k]) and numbers(below, k)]
    plain = [k for k in above if not re.search(r"\d", first[k])]
    if plain or len(above) == len(first):
        return Header(True, (plain or above)[0])
    if num_known or _is_unlike(first, below) or _are_numbered(first):
        raise _doubt(first)
    return Header(False)


def names_sides(fields: Sequence[str]) -> bool:
    """Returns whether fields name a column of users, and another one of items."""
    users = {k for k, name in enumerate(fields) if meaning(name, "user")}
    items = {k for k, name in enumerate(fields) if meaning(name, "item")}
    return bool(users and items) or edge_ends(fields, shortest=2) is not None


def is_atomic(names: Sequence[str]) -> bool:
    """Returns whether all names have a type, as in the atomic files of RecBole."""
    return all(0 < len(without_type(name)) < len(name) for name in names)


def _is_word(field: str) -> bool:
    return is_there(field) and not is_value(field)


def _is_unlike(first: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Return whether a column has digits in all fields but the first."""
    columns = zip(first, *below, strict=False)
    return len(below) >= _ENOUGH and any(
        not _DIGIT.search(head) and all(map(_DIGIT.search, fields))
        for head, *fields in columns
    )


def _are_numbered(first: Sequence[str]) -> bool:
    found = [_NUMBERED.fullmatch(name.lower()) for name in first]
    places = [int(one[1]) for one in found if one]
    ranges = [list(range(start, start + len(first))) for start in (0, 1)]
    return len(first) > 1 and places in ranges


def _doubt(first: Sequence[str]) -> ValueError:
    return ValueError(
        "'header' (--header) needs to say whether the first line names the columns "
        f"(got {list(first)})"
    )
