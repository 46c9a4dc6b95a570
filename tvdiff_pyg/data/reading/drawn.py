"""Tables that were drawn for reading: of Markdown, of data bases' shells, of prints."""

import os
import re
from collections.abc import Iterable

from tvdiff_pyg.data.reading.foreign import refuse_as

# What rules are drawn with; those of several pieces part columns.
_RULE = re.compile(r"[-=_+|:\s\u2500-\u257f]*")
_PIECES = re.compile(
    r"[-=\u2500-\u257f]{2,}[-=+|:\s\u2500-\u257f]*[+|\s]|[\u2500-\u257f]{2}"
)


def refuse_drawn(lines: Iterable[str], path: str | os.PathLike[str]) -> None:
    """Raises if lines are drawn between rows, or between the names and the rows.

    Args:
        lines: The first lines.
        path: The file, for the message.

    Raises:
        ValueError: If one is.

    Example:
        >>> refuse_drawn(["| user | item |", "|---|---|", "| 1 | 2 |"], "log.md")
        Traceback (most recent call last):
            ...
        ValueError: 'log.md' needs to be a file of interactions (it is a table drawn ...
    """
    for number, line in enumerate(lines, 1):
        if _is_rule(line.strip()):
            refuse_as(
                path,
                f"a table drawn for reading, with {line.strip()[:40]!r} in line "
                f"{number}; export it as CSV",
            )


def _is_rule(line: str) -> bool:
    if not _RULE.fullmatch(line):
        return False
    return _PIECES.search(line) is not None
