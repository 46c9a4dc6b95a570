"""Columns of a text file: at once where all lines are alike, else record by record."""

import os
from array import array
from collections.abc import Callable, Sequence
from itertools import islice
from typing import NamedTuple

import polars as pl

from tvdiff_pyg.data.reading.comments import COMMENT
from tvdiff_pyg.data.reading.records import RecordError, records
from tvdiff_pyg.data.reading.regular import INNER, regular
from tvdiff_pyg.data.reading.sniff import TextFormat, text_lines

_CHUNK = 2**16


class TextColumns(NamedTuple):
    """Columns of strings, null where nothing stands.

    Args:
        columns: The columns.
        is_bare: Whether no field has a space at its ends, for certain.
        where: Says where a row stands, counted from 0: ``"line 2"``.
    """

    columns: list[pl.Series]
    is_bare: bool
    where: Callable[[int], str]


def read_columns(
    content: bytes,
    text: TextFormat,
    places: Sequence[int],
    path: str | os.PathLike[str],
) -> TextColumns:
    """Reads columns of a text.

    Args:
        content (bytes): The text, in UTF-8, without NUL.
        text: How it is written.
        places: The numbers of the columns; one may stand there twice.
        path: The file, for messages.

    Returns:
        The columns, in this order.

    Raises:
        ValueError: If a line has too few or too many fields, or quotes are not in
            order; the line is named.
    """
    found = _read_regular(content, text, places)
    if found is None:
        return _read_records(content, text, places, path)

    def where(row: int) -> str:
        return _read_records(content, text, places, path).where(row)

    return TextColumns(*found, where)


def _read_regular(
    content: bytes, text: TextFormat, places: Sequence[int]
) -> tuple[list[pl.Series], bool] | None:
    """Read a text whose lines are all alike; ``None`` if that is not certain.

    Beside the columns stands whether they are bare of spaces at the ends of fields.
    """
    body = _body(content, text.start)
    if body is None:
        return None
    made = regular(body, text.dialect, len(text.names))
    if made is None:
        return None
    frame = pl.read_csv(
        made.body,
        columns=sorted(set(places)),
        separator=made.delimiter,
        has_header=False,
        quote_char=None,
        infer_schema=False,
    )
    found = dict(zip(sorted(set(places)), frame.get_columns(), strict=True))
    columns = [found[place] for place in places]
    if text.header:
        columns = _without_headers(columns, [text.names[place] for place in places])
    was_quoted = text.dialect.quoting and b'"' in body
    if not (was_quoted and any(key in made.body for key in INNER)):
        return columns, made.is_bare
    inner = {key.decode(): value.decode() for key, value in INNER.items()}
    inner = {key: value or text.dialect.delimiter for key, value in inner.items()}
    return [column.str.replace_many(inner) for column in columns], False


def _without_headers(columns: list[pl.Series], names: list[str]) -> list[pl.Series]:
    """Drop rows that are a header again, where files were joined."""
    rows = columns[0].is_not_null().arg_true()
    # Lengths mostly tell, and tell sooner.
    for column, name in zip(columns, names, strict=True):
        size = len(name.encode())
        fields = column if len(rows) == len(column) else column[rows]
        rows = rows.filter(fields.str.len_bytes().is_between(size, size + 1))
    for column, name in zip(columns, names, strict=True):
        pattern = rf"(?i)^\s*{pl.escape_regex(name)}\s*$"
        rows = rows.filter(column[rows].str.contains(pattern))
    if not len(rows):
        return columns
    kept = pl.repeat(True, len(columns[0]), eager=True).scatter(rows, False)
    return [column.filter(kept) for column in columns]


def _body(content: bytes, start: int) -> bytes | None:
    """Return what follows the first lines, if all lines end alike."""
    if b"\r" in content and content.count(b"\r") != content.count(b"\r\n"):
        if b'"' in content:
            return None
        content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    offset = 0
    for _ in range(start):
        offset = content.find(b"\n", offset) + 1
    return content[offset:]


def _read_records(
    content: bytes,
    text: TextFormat,
    places: Sequence[int],
    path: str | os.PathLike[str],
) -> TextColumns:
    lines = array("q")
    columns = [pl.Series(dtype=pl.String) for _ in places]
    rows: list[list[str]] = []

    def flush() -> None:
        for column, fields in zip(columns, zip(*rows, strict=True), strict=True):
            column.append(pl.Series(fields, dtype=pl.String))
        rows.clear()

    width = len(text.names)
    names = [text.names[place].lower() for place in places] if text.header else None
    try:
        rest = islice(text_lines(content), text.start, None)
        for line, fields in records(rest, text.dialect, text.start + 1):
            if len(fields) != width:
                if fields[0].lstrip().startswith(COMMENT):
                    continue
                raise RecordError(
                    f"needs {width} fields in every line, as most of the first have "
                    f"(got {len(fields)} in line {line}); 'format' (--format) says so "
                    "if each line is a user and all its items"
                )
            row = [fields[place] for place in places]
            # A header again, where files were joined.
            if names and [field.strip().lower() for field in row] == names:
                continue
            rows.append(row)
            lines.append(line)
            if len(rows) == _CHUNK:
                flush()
    except RecordError as error:
        raise ValueError(f"'{os.fspath(path)}' {error}") from error
    if rows:
        flush()
    return TextColumns(columns, False, lambda row: f"line {lines[row]}")
