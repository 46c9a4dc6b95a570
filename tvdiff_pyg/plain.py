"""Files of tensors, numbers and strings: reading one runs no code."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from tvdiff_pyg.files import check_no_pipe, replacing
from tvdiff_pyg.quiet import tensors_read_quietly


def save_plain(state: Any, path: str | os.PathLike[str]) -> None:
    """Write plain values to one file, whole or not at all.

    Args:
        state: Containers of tensors, numbers and strings.
        path: The file; an existing one is replaced.

    Raises:
        OSError: If it cannot be written.
    """
    with replacing(path) as partial:
        write_plain(state, partial)


def write_plain(state: Any, path: str | os.PathLike[str]) -> None:
    """Write plain values to a file that whoever gave it puts in its place.

    Args:
        state: Containers of tensors, numbers and strings.
        path: The file, such as :func:`~tvdiff_pyg.files.replacing` gives.

    Raises:
        OSError: If it cannot be written.
    """
    with open(path, "wb") as file, archive_closing_quietly():
        torch.save(state, file)


@contextmanager
def archive_closing_quietly() -> Iterator[None]:
    """Let what stops ``torch.save`` out: a full disk, or Ctrl-C.

    The archive is closed nevertheless; as it is not whole, that raises over it.

    Raises:
        BaseException: What stopped it, whatever that is.
    """
    handled = sys.exc_info()[1]
    try:
        yield
    except RuntimeError as error:
        first = error.__context__
        if first is None or first is handled:
            raise
        raise first from None


def load_plain(
    path: str | os.PathLike[str],
    argument: str,
    what: str,
    *,
    mmap: bool = False,
) -> Any:
    """Read what :func:`save_plain` or ``torch.save`` wrote of plain values.

    Args:
        path: The file.
        argument: The argument that gave it, for messages.
        what: What the file needs to be, in words.
        mmap: Map the file, and read only what is looked at. (default: ``False``)

    Raises:
        OSError: If it cannot be opened.
        ValueError: If it is torn or foreign, or holds anything that is not plain.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_plain({"numbers": torch.ones(2)}, f"{folder}/plain.pt")
        ...     load_plain(f"{folder}/plain.pt", "path", "a file of numbers")
        {'numbers': tensor([1., 1.])}
    """
    check_no_pipe(path, argument)
    try:
        with tensors_read_quietly():
            return torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)
    # A torn or foreign file is reported in a dozen ways.
    except Exception as error:
        if isinstance(error, OSError) and error.filename is not None:
            raise
        raise ValueError(
            f"'{argument}' needs to be {what}, of plain values "
            f"(got {os.fspath(path)!r}: {type(error).__name__})"
        ) from error
