"""The records of a text file, one by one, with the lines that they start in."""

import csv
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

# A record: the number of its first line, from 1, and its fields.
Record = tuple[int, list[str]]

_WORD = re.compile(r'"((?:[^"]|"")*)"(?=[ \t]|$)|([^ \t]+)')
_END = "\r\n"


class Dialect(NamedTuple):
    """How the fields of a line are parted.

    Args:
        delimiter (str): What parts them; a space stands for spaces and tabs, as many
            as there are.
        quoting (bool): Whether quotes are around a field, and no part of it.
    """

    delimiter: str
    quoting: bool


class RecordError(Exception):
    """A record that is not as it needs to be; the message goes on from the file."""


def records(
    lines: Iterable[str], dialect: Dialect, first_line: int = 1
) -> Iterator[Record]:
    r"""Yields the records of some lines; a blank line is none.

    Args:
        lines: The lines, with their ends.
        dialect: How their fields are parted.
        first_line (int): The number of the first of them. (default: ``1``)

    Raises:
        RecordError: If quotes are not in order.

    Example:
        >>> list(records(["1,'a'\n", "\n", '2,"b,c"\n'], Dialect(",", True)))
        [(1, ['1', "'a'"]), (3, ['2', 'b,c'])]
    """
    if dialect.delimiter == " ":
        found = _by_words(lines, dialect, first_line)
    elif dialect.quoting:
        found = _by_csv(lines, dialect, first_line)
    else:
        found = (
            (line, text.rstrip(_END).split(dialect.delimiter))
            for line, text in enumerate(lines, first_line)
        )
    return ((line, fields) for line, fields in found if not _is_blank(fields))


def _by_csv(
    lines: Iterable[str], dialect: Dialect, first_line: int
) -> Iterator[Record]:
    reader = csv.reader(
        lines,
        delimiter=dialect.delimiter,
        strict=True,
        # Spaces are stripped from ids anyhow; here they may stand before a quote.
        skipinitialspace=dialect.delimiter != "\t",
    )
    line = first_line
    try:
        for fields in reader:
            yield line, fields
            line = first_line + reader.line_num
    except csv.Error as error:
        raise RecordError(
            f"needs quotes around whole fields (got {error} in the record that starts "
            f"in line {line})"
        ) from error


def _by_words(
    lines: Iterable[str], dialect: Dialect, first_line: int
) -> Iterator[Record]:
    for line, text in enumerate(lines, first_line):
        stripped = text.strip(" \t\r\n")
        if dialect.quoting and '"' in stripped:
            yield line, _quoted_words(stripped, line)
        else:
            # No split(): it would part at spaces that do not break, too.
            yield line, re.split(r"[ \t]+", stripped)


def _quoted_words(text: str, line: int) -> list[str]:
    fields = []
    for found in _WORD.finditer(text):
        if found[2] is not None and found[2].startswith('"'):
            raise RecordError(
                f"needs quotes around whole fields (got an open one in line {line})"
            )
        fields.append(found[2] or found[1].replace('""', '"'))
    return fields


def _is_blank(fields: list[str]) -> bool:
    return not fields or (len(fields) == 1 and not fields[0].strip())
