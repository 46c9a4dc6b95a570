"""What goes wrong, in one sentence: what was given, or a fault of this package."""

import argparse
import csv
import os
import pickle
import traceback
import zlib

from tvdiff_pyg.cli.output import say
from tvdiff_pyg.registry import plugin_files

BAD_INPUT, FAULT = 2, 1
#: An environment variable that asks for the traceback of whatever goes wrong.
TRACEBACK = "TVDIFF_TRACEBACK"
LONGEST = 2000
_REFUSED = (
    argparse.ArgumentError,
    csv.Error,
    EOFError,
    ImportError,
    MemoryError,
    OSError,
    pickle.UnpicklingError,
    RuntimeError,
    ValueError,
    zlib.error,
)
# By name: importing these packages takes time, and whoever raised has imported them.
_PACKAGES = ("polars", "pyarrow", "yaml")


def refuse(error: Exception) -> int:
    """Print one sentence that says what is wrong.

    Args:
        error: What was raised.

    Returns:
        The exit status: 2 for a bad input, 1 for a fault of the package or a plug-in.
    """
    if os.environ.get(TRACEBACK):
        say_traceback(error)
    said = " ".join(str(error).split())
    # Messages of this package name the argument; those of others need their kind.
    if not said or not isinstance(error, _REFUSED):
        said = f"{type(error).__name__}: {said}"
    if len(said) > LONGEST:
        said = f"{said[:LONGEST]} ..."
    if _is_input(error):
        say(f"tvdiff: {said}", error=True)
        return BAD_INPUT
    say(
        f"tvdiff: a fault of {_blamed(error)} ({said}): please report it "
        f"with what {TRACEBACK}=1 in the environment prints",
        error=True,
    )
    return FAULT


def _blamed(error: Exception) -> str:
    """Say whose fault it is: of a plug-in, where one of its lines was carried out."""
    plugins = plugin_files()
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename in plugins:
            return f"the plug-in {plugins[frame.filename]!r}, in line {frame.lineno}"
    if plugins:
        return f"tvdiff or of a plug-in, {' or '.join(map(repr, plugins.values()))}"
    return "tvdiff, not of what you gave"


def say_traceback(error: BaseException) -> None:
    """Print a traceback, line by line."""
    for line in "".join(traceback.format_exception(error)).splitlines():
        say(line, error=True)


def _is_input(error: Exception) -> bool:
    # A recursion that has no end is met in what is nested without end, too; that is
    # refused where it is read.
    if isinstance(error, RecursionError | NotImplementedError):
        return False
    package = type(error).__module__.partition(".")[0]
    return isinstance(error, _REFUSED) or package in _PACKAGES
