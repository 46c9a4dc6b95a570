"""From text to interactions: a table, an adjacency list or an atomic file."""

import logging
import os
import re
from collections.abc import Mapping
from itertools import islice
from typing import Any, Literal

import polars as pl

from tvdiff_pyg.data.reading.adjacency import is_adjacency, read_adjacency
from tvdiff_pyg.data.reading.drawn import refuse_drawn
from tvdiff_pyg.data.reading.guesses import (
    check_guess,
    guessed_sides,
    refuse_brackets,
    refuse_first,
    refuse_lists,
    refuse_row_numbers,
)
from tvdiff_pyg.data.reading.header import is_atomic
from tvdiff_pyg.data.reading.joined import refuse_header, warn_of_first
from tvdiff_pyg.data.reading.matrix import refuse_matrix
from tvdiff_pyg.data.reading.place import Read
from tvdiff_pyg.data.reading.sniff import TextFormat, sniff, text_lines
from tvdiff_pyg.data.reading.text_columns import read_columns
from tvdiff_pyg.data.reading.text_ids import text_ids
from tvdiff_pyg.data.reading.values import VALUE
from tvdiff_pyg.data.roles import Column, find_columns, report

logger = logging.getLogger(__name__)

TextKind = Literal["auto", "table", "adjacency", "atomic"]

_SAMPLE, _HEAD = 50, 10
# The line by which Excel says what parts the others.
_SEPARATOR = re.compile(rb"[\"']?sep=(.|::)[\"']?(?=\r?\n)", re.IGNORECASE)
_NETFLIX = re.compile(rb"\d+:\r?\n\d+,")


def read_text(
    content: bytes,
    path: str | os.PathLike[str],
    wanted: Mapping[str, Column | None],
    delimiter: str | None = None,
    header: bool | None = None,
    kind: TextKind = "auto",
) -> Read:
    r"""Reads interactions from text.

    Args:
        content (bytes): The text, in UTF-8, without NUL.
        path: The file, for messages.
        wanted: The columns, as :func:`find_columns` takes them.
        delimiter (str, optional): What parts the fields. (default: detected)
        header (bool, optional): Whether the first line names the columns.
            (default: detected)
        kind (str): What the text is. (default: ``"auto"``)

    Returns:
        The columns by argument: users and items are ids, others are strings; and where
        each row stands.

    Raises:
        ValueError: If the text cannot be read, or can be read in several ways.

    Example:
        >>> wanted = {"user": None, "item": None}
        >>> read_text(b"item,user\n1,a\n", "log.csv", wanted).frame.rows()
        [('a', 1)]
    """
    delimiter = _delimiter(delimiter)
    if header not in (None, True, False):
        raise ValueError(f"'header' needs to be true or false (got {header!r})")
    if delimiter is None and (said := _SEPARATOR.match(content)):
        # The line stays, as a blank one, so that lines keep their numbers.
        delimiter, content = said[1].decode(), content[said.end() :]
    if kind == "auto" and _NETFLIX.match(content):
        raise ValueError(
            f"'{os.fspath(path)}' needs a line for each interaction (got "
            f"{content[:20].split()[0].decode()!r}, an item above its users, in line 1)"
        )
    if kind == "auto":
        refuse_drawn(islice(text_lines(content), _HEAD), path)
    given = {name: key for name, key in wanted.items() if key is not None}
    if kind == "adjacency":
        refuse_unread({**given, "header": header}, "an adjacency list")
        return _lists(content, path, delimiter)
    # Whoever names columns has a table.
    if kind == "auto" and not (given or header or delimiter):
        is_lists = is_adjacency(islice(text_lines(content), _SAMPLE))
        if is_lists:
            return _lists(content, path, None)
        if is_lists is None:
            raise ValueError(
                f"'format' (--format) needs to be 'adjacency' if each line of "
                f"'{os.fspath(path)}' is a user and all its items, or 'table' if it is "
                "one interaction (got lines that can be either)"
            )
    if header is None and any(isinstance(key, str) for key in given.values()):
        header = True
    text = sniff(content, path, delimiter, header)
    if kind == "auto":
        refuse_brackets(text.rows)
        if not {"user", "item"} <= given.keys():
            refuse_matrix(text.names if text.header else None, text.rows)
    if kind != "table" and text.header and is_atomic(text.names):
        text = text._replace(dialect=text.dialect._replace(quoting=False))
    elif kind == "atomic":
        raise ValueError(
            f"'{os.fspath(path)}' needs a header with types, such as 'user_id:token', "
            f"to be an atomic file (got {text.names})"
        )
    read = _table(content, text, path, wanted)
    ids = read.frame["user"], read.frame["item"]
    if kind != "table" and read.where is not None:
        refuse_header(*ids, path, read.where)
    if kind != "table" and header is None and not text.header:
        warn_of_first(*ids, path)
    return read


def refuse_unread(options: Mapping[str, Any], kind: str) -> None:
    """Raises if an option is given that a kind of file makes no use of."""
    for name, value in options.items():
        if value is not None:
            raise ValueError(f"'{name}' has no use with {kind} (got {value!r})")


def _delimiter(delimiter: str | None) -> str | None:
    if delimiter is not None and not isinstance(delimiter, str):
        raise ValueError(f"'delimiter' needs to be a string (got {delimiter!r})")
    if delimiter == r"\t":  # As it comes from a shell.
        return "\t"
    if delimiter is not None and (not delimiter or set(delimiter) & set('"\r\n\0')):
        raise ValueError(
            "'delimiter' needs to be one or more characters, no quote and no end of a "
            f"line (got {delimiter!r})"
        )
    return delimiter


def _lists(content: bytes, path: str | os.PathLike[str], delimiter: str | None) -> Read:
    logger.info("an adjacency list: a user and all its items in each line")
    return Read(read_adjacency(content, path, delimiter), None)


def _table(
    content: bytes,
    text: TextFormat,
    path: str | os.PathLike[str],
    wanted: Mapping[str, Column | None],
) -> Read:
    places = find_columns(text.names, wanted, text.header)
    report(text.names, places, text.header)
    guessed = guessed_sides(
        text.names if text.header else [""] * len(text.names), wanted, places
    )
    refuse_first(text.rows, guessed, places)
    refuse_lists(text.rows, wanted, places)
    signs = [place for place in (text.numbers, text.empty) if place is not None]
    read = read_columns(content, text, [*places.values(), *signs], path)
    for sign, column in zip(signs, read.columns[len(places) :], strict=True):
        _check_signs(column, sign, text)
    columns = dict(zip(places, read.columns, strict=False))
    for side in ("user", "item"):
        columns[side] = text_ids(columns[side], side, path, read.where, read.is_bare)
        if side in guessed:
            num_columns = sum(map(bool, text.names))
            if side == "user":
                refuse_row_numbers(columns[side], places[side], num_columns, text.rows)
            check_guess(columns[side], side, places[side], num_columns)
    frame = pl.DataFrame([column.alias(name) for name, column in columns.items()])
    return Read(frame, read.where)


def _check_signs(column: pl.Series, place: int, text: TextFormat) -> None:
    """Refuse a column that is not throughout what its first fields made of it."""
    fields = column.str.strip_chars().fill_null("")
    if place == text.empty and (fields != "").any():
        raise ValueError(
            "'user' (--user-column) and 'item' (--item-column) need to say which "
            f"columns to take (column {place} is empty at first, and is not later)"
        )
    if (
        place == text.numbers
        and not (fields.str.contains(VALUE) | (fields == "")).all()
    ):
        raise ValueError(
            "'header' (--header) needs to say whether the first line names the columns "
            f"(got {text.names}, above numbers at first and above words later)"
        )
