"""A checksum in each line of a file of JSON lines: a changed digit is seen."""

import json
import zlib
from collections.abc import Mapping
from typing import Any

#: The name that a line keeps its checksum by.
CHECKSUM = "checksum"


def with_checksum(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a line is to hold, and the checksum of it.

    Args:
        content: Names and plain values.

    Example:
        >>> with_checksum({"seed": 0})
        {'seed': 0, 'checksum': '0bcad144'}
    """
    return {**content, CHECKSUM: _checksum(content)}


def without_checksum(line: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a line holds; one of an earlier version has no checksum.

    Args:
        line: What was read.

    Raises:
        ValueError: If something else was written.

    Example:
        >>> without_checksum({"seed": 1, "checksum": "0bcad144"})
        Traceback (most recent call last):
            ...
        ValueError: 'checksum' needs to be that of its line, ... (got '0bcad144')
    """
    content = {name: value for name, value in line.items() if name != CHECKSUM}
    if CHECKSUM in line and line[CHECKSUM] != _checksum(content):
        raise ValueError(
            f"'checksum' needs to be that of its line, which was changed since "
            f"(got {line[CHECKSUM]!r})"
        )
    return content


def _checksum(content: Mapping[str, Any]) -> str:
    return f"{zlib.crc32(json.dumps(content).encode()):08x}"
