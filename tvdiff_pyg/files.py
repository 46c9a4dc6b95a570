"""Files that appear whole or not at all."""

import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EISDIR
from pathlib import Path
from typing import Any

PARTIAL = ".partial"


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[str]:
    """Give a file to write to, which takes another's place once it is whole.

    What was written is on the disk before it takes the place, so that neither a full
    disk nor a killed process nor a power cut leaves half a file.

    Args:
        path: The file to replace, if there is one; it stays as it is if writing fails.

    Yields:
        The file to write to.

    Raises:
        OSError: If it cannot be written; it names the file.
        ValueError: If a pipe or a device is there.

    Example:
        >>> import tempfile, pathlib
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = pathlib.Path(folder, "note.txt")
        ...     with replacing(file) as partial:
        ...         _ = pathlib.Path(partial).write_text("all of it")
        ...     file.read_text()
        'all of it'
    """
    check_no_pipe(path)  # A device would be gone.
    if os.path.isdir(path):
        # Before anything is computed, and in the same words everywhere.
        raise IsADirectoryError(EISDIR, os.strerror(EISDIR), os.fspath(path))
    partial = partial_beside(path)
    try:
        yield partial
        _flush(partial)
        os.replace(partial, path)
        flush_folder(path)
    except OSError as error:
        if error.errno is None or error.filename not in (None, partial):
            raise
        # What failed while writing names no file, or one that nobody knows.
        raise type(error)(error.errno, error.strerror, os.fspath(path)) from error
    finally:
        if os.path.exists(partial):
            os.unlink(partial)


def partial_beside(path: str | os.PathLike[str]) -> str:
    """Return what is written in the place of a file or folder until it is whole.

    Beside it, since ``os.replace`` is atomic only within one file system; and of a name
    of its own, since two threads may write the same.

    Args:
        path: The file or folder.
    """
    return f"{os.fspath(path)}.{uuid.uuid4().hex[:12]}{PARTIAL}"


def check_file(name: str, path: str | os.PathLike[str] | None) -> None:
    """Raise unless an argument names something that is there, or nothing at all.

    Args:
        name: The argument.
        path: What it is.

    Raises:
        FileNotFoundError: If there is nothing at that path.
        ValueError: If a pipe or a device is there.

    Example:
        >>> check_file("test_file", None)
        >>> check_file("test_file", "")
        Traceback (most recent call last):
            ...
        FileNotFoundError: 'test_file' needs to be a file (got '')
    """
    if path is None:
        return
    check_no_pipe(path, name)
    if not os.path.exists(path):
        raise FileNotFoundError(
            f"'{name}' needs to be a file (got {os.fspath(path)!r})"
        )


def check_path(name: str, path: Any) -> None:
    """Raise a ``ValueError`` unless an argument is a path, a string or a ``Path``.

    Numbers are none, though Python would take one for a file that is open already.

    Args:
        name: The argument.
        path: What it is.

    Example:
        >>> check_path("run", None)
        Traceback (most recent call last):
            ...
        ValueError: 'run' needs to be a path (got None)
    """
    is_path = isinstance(path, str | os.PathLike) and isinstance(os.fspath(path), str)
    if not is_path or "\0" in os.fspath(path):
        raise ValueError(f"'{name}' needs to be a path (got {path!r})")


def check_no_pipe(path: str | os.PathLike[str], name: str | None = None) -> None:
    """Raise if a path leads to neither a file nor a folder.

    Reading a pipe may never end, and what is read of it once is gone.

    Args:
        path: The path; there may be nothing.
        name: The argument that gave it; the path says it itself if ``None``.
            (default: ``None``)

    Raises:
        ValueError: If it does, or is no path.

    Example:
        >>> check_no_pipe(os.devnull, "data")
        Traceback (most recent call last):
            ...
        ValueError: 'data' needs to be a file (got '/dev/null', a pipe or a device)
    """
    check_path(name or "path", path)
    if os.path.exists(path) and not (os.path.isfile(path) or os.path.isdir(path)):
        shown = os.fspath(path)
        raise ValueError(
            f"'{name or shown}' needs to be a file (got {shown!r}, a pipe or a device)"
        )


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file whole or not at all, as UTF-8.

    Args:
        path: The file; an existing one is replaced.
        text: What it is to hold.
    """
    with replacing(path) as partial:
        Path(partial).write_text(text, encoding="utf-8")


def append(path: str | os.PathLike[str], content: bytes) -> None:
    """Add to a file, or add nothing where the disk is full; wait until it is there.

    Args:
        path: The file; made if absent.
        content: What to add.

    Raises:
        OSError: If it cannot be written; it names the file.
    """
    with open(path, "ab", buffering=0) as file:
        size, written = file.tell(), 0
        try:
            while written < len(content):
                written += file.write(content[written:])
            os.fsync(file.fileno())
        except OSError as error:
            file.truncate(size)
            raise type(error)(error.errno, error.strerror, os.fspath(path)) from error


def sha256_of(path: str | os.PathLike[str]) -> str:
    """Return the checksum of a file, in hexadecimal digits.

    Args:
        path: The file.

    Example:
        >>> sha256_of(os.devnull)[:8]
        'e3b0c442'
    """
    digest, block = hashlib.sha256(), bytearray(1 << 20)
    with open(path, "rb", buffering=0) as file:
        while read := file.readinto(block):
            digest.update(memoryview(block)[:read])
    return digest.hexdigest()


def _flush(path: str) -> None:
    """Wait until a file is on the disk."""
    # Windows flushes only what is open for writing.
    with open(path, "r+b") as file:
        os.fsync(file.fileno())


def flush_folder(path: str | os.PathLike[str]) -> None:
    """Wait until a file's name is on the disk, where folders can be opened.

    Args:
        path: The file.
    """
    if os.name == "nt":
        return
    folder = os.open(os.path.dirname(os.path.abspath(path)), os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
