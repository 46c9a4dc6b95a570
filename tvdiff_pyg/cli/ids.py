"""Ids, as the command line is given them."""

import csv
from typing import Any

from tvdiff_pyg.data import read_interactions
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
    try:
        with open(file, encoding="utf-8-sig") as lines:
            return [line.rstrip("\n") for line in lines if line.strip()]
    except UnicodeDecodeError as error:
        raise ValueError(f"'users' needs to be UTF-8 (got {file}: {error})") from error


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
