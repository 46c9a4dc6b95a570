"""Adjacency lists: a user and all its items in each line."""

import os
import re
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence

import polars as pl

from tvdiff_pyg.data.reading.sniff import text_lines
from tvdiff_pyg.data.reading.text_ids import text_ids

_SEPARATORS = re.compile(r"[ \t,;|]+")
_INTEGER = re.compile(r"0|[1-9]\d*")
_WIDEST = 5  # No table of integers alone has more columns, hardly ever.


def read_adjacency(
    content: bytes, path: str | os.PathLike[str], delimiter: str | None = None
) -> pl.DataFrame:
    r"""Reads an adjacency list.

    Args:
        content (bytes): The text, in UTF-8.
        path: The file, for messages.
        delimiter (str, optional): What parts the ids. (default: spaces, tabs, commas,
            semicolons or pipes)

    Returns:
        Columns ``user`` and ``item``. A user without items has no row.

    Raises:
        ValueError: If an id is missing.

    Example:
        >>> read_adjacency(b"0 5 6\n1 5\n2\n", "train.txt").rows()
        [(0, 5), (0, 6), (1, 5)]
    """
    users: list[str] = []
    items: list[str] = []
    lines = array("q")
    for line, text in enumerate(text_lines(content), 1):
        stripped = text.strip()
        if not stripped:
            continue
        user, *others = (
            _SEPARATORS.split(stripped)
            if delimiter in (None, " ")
            else stripped.split(delimiter)
        )
        users.extend([user] * len(others))
        items.extend(others)
        lines.extend([line] * len(others))
    columns = {"user": users, "item": items}

    def where(row: int) -> str:
        return f"line {lines[row]}"

    return pl.DataFrame(
        text_ids(pl.Series(ids, dtype=pl.String), name, path, where).alias(name)
        for name, ids in columns.items()
    )


def is_adjacency(lines: Iterable[str]) -> bool | None:
    """Tells an adjacency list from a table by its first lines.

    Args:
        lines: The first lines; blank ones are none.

    Returns:
        Whether it is one; ``None`` if it can be one as well as not.

    Example:
        >>> is_adjacency(["0 7 5 9", "1 2 8", "2 4"])
        True
        >>> is_adjacency(["0 1 2 3", "1 4 5 6"]) is None
        True
        >>> is_adjacency(["1 10 5", "1 20 4"])
        False
    """
    rows = [_SEPARATORS.split(line.strip()) for line in lines if line.strip()]
    if not all(_INTEGER.fullmatch(field) for row in rows for field in row):
        return False
    users = [row[0] for row in rows]
    sets = all(len(set(row[1:])) == len(row) - 1 for row in rows)
    if len(rows) < 2 or not sets or len(set(users)) < len(users):
        return False
    widths = Counter(map(len, rows))
    if len(widths) > 1:
        if all(int(row[0]) == len(row) - 1 for row in rows):
            return False  # Its lines start with how many items follow.
        # A damaged table has lines of another width, but most are alike.
        if 2 * max(widths.values()) <= len(rows):
            return True
        is_wide = widths.most_common(1)[0][0] > _WIDEST
        return (_are_in_order(users) or None) if is_wide else False
    return None if len(rows[0]) > 2 and _is_like_lists(rows) else False


def _is_like_lists(rows: Sequence[Sequence[str]]) -> bool:
    numbers = [[int(field) for field in row] for row in rows]
    if all(row[1:] == sorted(row[1:]) for row in numbers):
        return True
    in_order = _are_in_order([row[0] for row in rows])
    # Ratings are small, times are large.
    beside = list(zip(*(row[2:] for row in numbers), strict=True))
    is_table = any(max(column) <= 10 or min(column) >= 10**8 for column in beside)
    return in_order and not is_table


def _are_in_order(users: Sequence[str]) -> bool:
    """Return whether users are numbered without gaps, from 0 or 1."""
    start = int(users[0])
    return start in (0, 1) and users == list(map(str, range(start, start + len(users))))
