"""How a text file of interactions is written: its delimiter and its header."""

import csv
import gzip
import os
import re
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

# In the order tried: a rarer character says more when every line has it.
DELIMITERS = ("::", "\t", ";", "|", ",", " ")
SAMPLE_LINES = 50

_TYPICAL_NAME = re.compile(
    r"(?:user|member|customer|reviewer|item|movie|product|artist|song|track|book|"
    r"business|parentasin|asin|rating|score|timestamp|uid|iid|sid)(?:id|name|s)?"
)


class TextFormat(NamedTuple):
    """A delimiter and the column names; ``header`` says if they stand in the file."""

    delimiter: str
    header: bool
    names: list[str]


def sniff(
    path: str | os.PathLike[str],
    columns: Sequence[str | int],
    delimiter: str | None = None,
    header: bool | None = None,
) -> TextFormat:
    """Finds out the format of a text file from its first lines.

    Args:
        path: A CSV or TSV file, gzipped or not.
        columns: The columns wanted, by name or number: named ones need a header.
        delimiter (str, optional): The delimiter, where known. (default: detect)
        header (bool, optional): Whether the first line is a header, where known.
            (default: detect)

    Returns:
        The format.

    Raises:
        ValueError: If the file is empty or no delimiter fits.
    """
    lines = _first_lines(path)
    if not lines:
        raise ValueError(f"'{path}' needs at least one interaction (got an empty file)")
    delimiter = _delimiter(lines, path) if delimiter is None else delimiter
    rows = _split(lines, delimiter)
    if header is None:
        by_name = any(isinstance(column, str) for column in columns)
        header = by_name or _has_header(
            rows, [c for c in columns if isinstance(c, int)]
        )
    names = rows[0] if header else [f"column_{k}" for k in range(len(rows[0]))]
    return TextFormat(delimiter, header, names)


def _first_lines(path: str | os.PathLike[str]) -> list[str]:
    with open(path, "rb") as file:
        is_gzip = file.read(2) == b"\x1f\x8b"
    opener = gzip.open if is_gzip else open
    with opener(path, "rt", encoding="utf-8-sig", errors="replace") as text:
        lines = [line.rstrip("\r\n") for line in islice(text, SAMPLE_LINES)]
    return [line for line in lines if line.strip()]


def _delimiter(lines: list[str], path: str | os.PathLike[str]) -> str:
    for delimiter in DELIMITERS:
        widths = {len(row) for row in _split(lines, delimiter)}
        if len(widths) == 1 and widths.pop() > 1:
            return delimiter
    raise ValueError(
        f"'{path}' needs two or more columns parted by one of {DELIMITERS} "
        f"(got {lines[0][:80]!r}); 'delimiter' says which, where this guess is wrong"
    )


def _split(lines: list[str], delimiter: str) -> list[list[str]]:
    if len(delimiter) > 1:
        return [line.split(delimiter) for line in lines]
    rows = csv.reader(lines, delimiter=delimiter)
    return [[field.strip() for field in row] for row in rows]


def _has_header(rows: list[list[str]], columns: list[int]) -> bool:
    # A header names the columns in a usual way, or stands in letters above numbers.
    first = [rows[0][k] for k in columns if k < len(rows[0])]
    if any(_TYPICAL_NAME.fullmatch(re.sub(r"[\W_]", "", f.lower())) for f in first):
        return True
    below = [[row[k] for row in rows[1:] if k < len(row)] for k in columns]
    above_numbers = [
        name
        for name, fields in zip(first, below, strict=False)
        if fields and all(map(_is_number, fields))
    ]
    return bool(above_numbers) and not any(map(_is_number, above_numbers))


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True
