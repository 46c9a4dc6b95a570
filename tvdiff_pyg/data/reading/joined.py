"""Headers that may stand among the ids: in the middle of joined files, or first."""

import logging
import os
from collections.abc import Callable

import polars as pl

from tvdiff_pyg.data.column_names import USER_NAMES
from tvdiff_pyg.data.reading.header import names_sides

logger = logging.getLogger(__name__)

_SAMPLE = 1000
_SHORTEST = 3  # Letters of a name that is hardly an id.
_FEWEST = 3  # Rows among which an id may come again.


def refuse_header(
    user: pl.Series,
    item: pl.Series,
    path: str | os.PathLike[str],
    where: Callable[[int], str],
) -> None:
    """Raises if a row of words names the columns.

    Args:
        user: The ids of users.
        item: The ids of items.
        path: The file that they are from, for the message.
        where: Says where a row stands, counted from 0.

    Raises:
        ValueError: If one does; its line is named.

    Example:
        >>> users, items = pl.Series(["A1", "user_id"]), pl.Series(["x", "isbn"])
        >>> refuse_header(users, items, "log.csv", lambda row: f"line {row + 1}")
        Traceback (most recent call last):
            ...
        ValueError: 'log.csv' needs ids below a header (got one more, ['user_id', ...
    """
    if user.dtype != pl.String or item.dtype != pl.String:
        return  # Among numbers, it was found already.
    for row in user.str.contains(USER_NAMES).arg_true().head(_SAMPLE):
        names = [user[row], item[row]]
        if min(map(len, names)) >= _SHORTEST and names_sides(names):
            raise ValueError(
                f"'{os.fspath(path)}' needs ids below a header (got one more, {names}, "
                f"in {where(row)}): delete that line, or say by 'format' (--format) "
                "'table' that it is an interaction"
            )


def warn_of_first(
    user: pl.Series, item: pl.Series, path: str | os.PathLike[str]
) -> None:
    """Warns if the first row, of words that never come again, may name the columns.

    Args:
        user: The ids of users.
        item: The ids of items.
        path: The file that they are from, for the message.

    Example:
        >>> warn_of_first(pl.Series(["ann", "ann"]), pl.Series(["x", "y"]), "log.csv")
    """
    if len(user) < _FEWEST or not _is_alone(user) or not _is_alone(item):
        return
    logger.warning(
        "the first row of '%s', %r and %r, is taken as ids, which no other row has; "
        "'header' (--header) says whether it names the columns",
        os.fspath(path),
        user[0],
        item[0],
    )


def _is_alone(ids: pl.Series) -> bool:
    """Whether the first id is a word, and comes once; the first rows mostly tell."""
    if ids.dtype != pl.String:
        return False
    return all((part[1:] != ids[0]).all() for part in (ids.head(_SAMPLE), ids))
