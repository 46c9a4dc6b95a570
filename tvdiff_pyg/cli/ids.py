"""Ids, as the command line is given them."""

import csv
import io
from pathlib import Path
from typing import Any

from tvdiff_pyg.data import read_interactions
from tvdiff_pyg.data.reading.encodings import as_utf8
from tvdiff_pyg.files import check_file


def ids_of_file(file: str) -> list[str]:
    """Read ids of users, one a line.

    Args:
        file: The file; lines of spaces alone are passed over.

    Raises:
        FileNotFoundError: If there is none.
        ValueError: If it is not UTF-8, or no file.
    """
    check_file("users", file)
    content = Path(file).read_bytes()
    lines = io.StringIO(as_utf8(content, "users").decode(), newline=None)
    return [line.rstrip("\n") for line in lines if line.strip()]


def users_by_item(file: str) -> dict[Any, list[Any]]:
    """Read who met which new item.

    Args:
        file: Interactions, in any form that can be read.
    """
    frame = read_interactions(file)
    met = frame.group_by("item", maintain_order=True).agg("user")
    return dict(met.select("item", "user").iter_rows())


def ids_of_line(name: str, line: str) -> list[str]:
    """Read ids as a line of CSV.

    Args:
        name: The option, for messages.
        line: The line.

    Raises:
        ValueError: If it is none.
    """
    try:
        [ids] = csv.reader([line], skipinitialspace=True, strict=True)
    except (csv.Error, ValueError):
        ids = []
    if not ids or not all(ids):
        raise ValueError(
            f"'{name}' needs ids as a line of CSV, such as 7,\"a, b\" (got {line!r})"
        )
    return ids
