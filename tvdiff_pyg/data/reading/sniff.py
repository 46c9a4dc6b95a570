"""How a text file of interactions is written: its delimiter, comments and header."""

import io
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tvdiff_pyg.data.reading.candidates import Candidate, best
from tvdiff_pyg.data.reading.comments import COMMENT, without_comments
from tvdiff_pyg.data.reading.header import find_header, names_sides
from tvdiff_pyg.data.reading.records import Dialect, Record, RecordError, records

# In the order tried: a rarer character says more when every line has it. A space stands
# for as many as there are.
DELIMITERS = ("::", "\t", ";", "|", ",", " ")
_SAMPLE = 50


class TextFormat(NamedTuple):
    """How a text file is written.

    Args:
        dialect: How fields are parted.
        names: The names of the columns; made up if there is no header. An empty one is
            that of a column without a name, or without a header and content.
        header: Whether they stand in the file.
        start: The lines before the first interaction.
        numbers: The column that needs to hold numbers, or there is no header.
        empty: The column that needs to hold nothing, or the columns are others.
        rows: The first interactions.
    """

    dialect: Dialect
    names: list[str]
    header: bool
    start: int
    numbers: int | None
    empty: int | None
    rows: list[list[str]]


def text_lines(content: bytes) -> Iterator[str]:
    """Yields the lines of UTF-8 text with their ends, whichever these are."""
    return io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", newline="")


def sniff(
    content: bytes,
    path: str | os.PathLike[str],
    delimiter: str | None = None,
    header: bool | None = None,
) -> TextFormat:
    r"""Finds out the format of a text from its first lines.

    Args:
        content (bytes): The text, in UTF-8.
        path: The file, for messages.
        delimiter (str, optional): The delimiter, where known. (default: detect)
        header (bool, optional): Whether the first line is a header, where known.
            (default: detect)

    Returns:
        The format.

    Raises:
        ValueError: If the file is empty, no delimiter fits, or a header can be one as
            well as not.

    Example:
        >>> sniff(b"# of 2024\nuser;item\n1;2\n", "log.csv").names
        ['user', 'item']
    """
    lines, is_whole = _sample(content)
    if all(_is_remark(text) for _, text in lines):
        raise ValueError(
            f"'{os.fspath(path)}' needs at least one interaction (got an empty file"
            f"{', but for comments' if lines else ''})"
        )
    tables = [
        table
        for dialect in _dialects(lines, delimiter)
        if (table := _table(lines, dialect, is_whole)) is not None
    ]
    table = best(tables, exact=delimiter is None)
    if table is None:
        raise ValueError(
            f"'{os.fspath(path)}' needs {_wanted(tables, delimiter)} "
            f"(got {lines[0][1].strip()[:80]!r}); 'delimiter' (--delimiter) says "
            "which, where this guess is wrong, and 'format' (--format) if each line is "
            "a user and all its items"
        )
    return _described(table, header)


def _is_remark(text: str) -> bool:
    """Return whether a line can be nothing but a comment: a space follows the mark."""
    return text.lstrip("".join(COMMENT))[:1].isspace() and text.startswith(COMMENT)


def _wanted(tables: Sequence[Candidate], delimiter: str | None) -> str:
    """Say what no delimiter gives: columns at all, or as many in each line."""
    parted = next((one for one in tables if one.is_parted), None)
    if parted is None:
        known = DELIMITERS if delimiter is None else repr(delimiter)
        return f"two or more columns parted by one of {known}"
    (line, first), *others = parted.rows
    other, fields = next(row for row in others if len(row[1]) != len(first))
    return (
        f"as many fields in each line, parted by {parted.dialect.delimiter!r} "
        f"(got {len(first)} in line {line}, {len(fields)} in line {other})"
    )


def _sample(content: bytes) -> tuple[list[tuple[int, str]], bool]:
    numbered = enumerate(text_lines(content), 1)
    filled = ((line, text) for line, text in numbered if text.strip())
    sample: list[tuple[int, str]] = []
    num_rows = 0
    for line, text in filled:
        if num_rows == _SAMPLE:
            return sample, False
        sample.append((line, text))
        num_rows += not text.startswith(COMMENT)
        if len(sample) > 20 * _SAMPLE:  # They are no comments.
            return sample, False
    return sample, True


def _dialects(
    lines: Sequence[tuple[int, str]], delimiter: str | None
) -> Iterator[Dialect]:
    for one in DELIMITERS if delimiter is None else (delimiter,):
        if one == "\t":
            # Quotes are part of the field, unless all of a column are in them.
            rows = [line.rstrip("\r\n").split(one) for _, line in lines]
            columns = list(zip(*rows, strict=False))
            if any(all(map(_in_quotes, column)) for column in columns):
                yield Dialect(one, True)
        yield Dialect(one, one != "\t" and len(one) == 1)
    if delimiter in (None, "\t"):
        yield Dialect("\t", True)


def _in_quotes(field: str) -> bool:
    return len(field) > 1 and field[0] == field[-1] == '"'


def _table(
    lines: Sequence[tuple[int, str]], dialect: Dialect, is_whole: bool
) -> Candidate | None:
    """Part the lines into what may be comments, and rows."""
    place = next(
        (k for k, (_, text) in enumerate(lines) if not text.startswith(COMMENT)),
        0,
    )
    head = _records(lines[:place], dialect)
    rows = _records(lines[place:], dialect)
    if not is_whole and len(rows) > 1:
        rows = rows[:-1]  # It may go on.
    rows = [row for k, row in enumerate(rows) if k == 0 or not _is_comment(row, rows)]
    if not rows:
        return None
    widths = Counter(len(fields) for _, fields in rows[1:] or rows)
    return Candidate(dialect, head, rows, max(widths, key=widths.__getitem__))


def _is_comment(record: Record, rows: Sequence[Record]) -> bool:
    return record[1][0].startswith(COMMENT) and len(record[1]) != len(rows[0][1])


def _records(lines: Sequence[tuple[int, str]], dialect: Dialect) -> list[Record]:
    found: list[Record] = []
    try:
        for place, fields in records((text for _, text in lines), dialect, 0):
            found.append((lines[place][0], [field.strip() for field in fields]))
    except RecordError:
        pass  # The reader of all lines says so, or the sample ends within quotes.
    return found


def _described(table: Candidate, header: bool | None) -> TextFormat:
    names, rows = without_comments(table.head, table.rows, table.width)
    fields = [row for _, row in rows]
    column: int | None = None
    if header is False or names_sides(fields[0]):
        names = None
    if names is not None:
        header = False
    elif header is None:
        found = find_header(fields)
        header, column = found.found, found.numbers
    if header:
        names, rows = fields[0], rows[1:]
        fields = fields[1:]
    start = rows[0][0] - 1 if rows else table.rows[-1][0]
    if names is None:
        filled = [
            any(row[k : k + 1] != [""] for row in fields) for k in range(table.width)
        ]
        names = [f"column_{k}" if there else "" for k, there in enumerate(filled)]
        empty = None if filled[0] else 0
        return TextFormat(table.dialect, names, False, start, None, empty, fields)
    wide = _as_wide(names, table.width, fields)
    if len(wide) == table.width > len(names) and wide[0] == "":
        _check_row_names(names, fields)
    empty = table.width - 1 if wide == [*names, ""] else None
    return TextFormat(table.dialect, wide, True, start, column, empty, fields)


def _check_row_names(names: list[str], rows: list[list[str]]) -> None:
    """Refuse a first column without a name that R did not write: its names differ."""
    first = [row[0] for row in rows]
    if len(set(first)) < len(first):
        raise ValueError(
            f"'header' (--header) needs a name for each column (got {len(names)} names "
            f"above {len(rows[0])} fields, as where a decimal comma parts numbers)"
        )


def _as_wide(names: list[str], width: int, rows: list[list[str]]) -> list[str]:
    if len(names) == width + 1 and not names[-1]:
        return names[:-1]
    if len(names) == width - 1:
        # A delimiter at the end of each row, or the row names that R writes.
        if all(not row[-1] for row in rows):
            return [*names, ""]
        return ["", *names]
    return names
