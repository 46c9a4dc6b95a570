"""What is printed: names from data never command the terminal, and JSON stays JSON."""

import json
import logging
import math
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tvdiff_pyg.printable import printable
from tvdiff_pyg.quiet import pyg_imported_quietly


def say(line: str, *, error: bool = False) -> None:
    """Print one line, whatever names it holds and whatever the terminal can show.

    Args:
        line: The line.
        error: Whether it goes to the error stream. (default: ``False``)
    """
    _write(printable(line), error)


def say_json(value: Any) -> None:
    """Print a value as JSON; a number that JSON does not have becomes ``null``.

    Args:
        value: The value, of mappings, lists and plain values.
    """
    text = json.dumps(_finite(value), indent=2, ensure_ascii=False, allow_nan=False)
    # Inside of strings JSON has escaped line breaks itself.
    _write("\n".join(map(printable, text.split("\n"))), error=False)


class OneLine(logging.Formatter):
    """Formats what is logged as :func:`say` prints it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return printable(super().format(record))


@contextmanager
def warnings_as_lines() -> Iterator[None]:
    """Print warnings as lines of the command line, which may name data, too.

    Those of PyG's import, which no command can help, are left out.
    """
    usual = warnings.formatwarning
    warnings.formatwarning = _as_line
    try:
        with pyg_imported_quietly():
            yield
    finally:
        warnings.formatwarning = usual


def _as_line(message: Warning | str, *_: Any, **__: Any) -> str:
    return f"tvdiff: {printable(' '.join(str(message).split()))}\n"


def _write(text: str, error: bool) -> None:
    stream = sys.stderr if error else sys.stdout
    encoding = getattr(stream, "encoding", None) or "utf-8"
    shown = text.encode(encoding, "backslashreplace").decode(encoding)
    print(shown, file=stream)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return value
