"""What was read from a file, and where in it each row stands."""

import re
from collections.abc import Callable
from typing import NamedTuple

import polars as pl

_ROW = re.compile(r"\bin row (\d+)")


class Read(NamedTuple):
    """Columns by argument, and where a row stands, counted from 0: ``"line 2"``."""

    frame: pl.DataFrame
    where: Callable[[int], str] | None


def said_of_file(message: str, where: Callable[[int], str] | None, path: str) -> str:
    """Returns a message about a row of a table as one about the file.

    Args:
        message (str): The message, which counts rows from 1.
        where (callable, optional): Where a row stands; none if nothing else is known.
        path (str): The file.

    Example:
        >>> said_of_file("no number in row 1", lambda row: f"line {row + 2}", "log.csv")
        "no number in line 2 (in 'log.csv')"
    """
    if where is None:
        return message
    placed = _ROW.sub(lambda found: f"in {where(int(found[1]) - 1)}", message)
    return message if placed == message else f"{placed} (in '{path}')"
