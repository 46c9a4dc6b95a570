"""Folders that one process has at a time, and that hold all that is new or nothing."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from tvdiff_pyg.files import check_path, flush_folder, partial_beside

LOCK = ".lock"


def check_folder(name: str, path: Any) -> None:
    """Raise a ``ValueError`` unless an argument is a folder, or can become one.

    Args:
        name: The argument.
        path: What it is.

    Example:
        >>> check_folder("out", "")
        Traceback (most recent call last):
            ...
        ValueError: 'out' needs to be a folder (got '')
    """
    check_path(name, path)
    if not os.fspath(path):
        raise ValueError(f"'{name}' needs to be a folder (got '')")
    there = filter(os.path.exists, (Path(path), *Path(path).parents))
    place = next(there, None)
    if place is not None and not place.is_dir():
        raise ValueError(
            f"'{name}' needs to be a folder (got {os.fspath(path)!r}, and {place} is "
            "a file)"
        )


@contextmanager
def locked(folder: str | os.PathLike[str], name: str) -> Iterator[None]:
    """Keep a folder from all others, in this process or another, until done.

    The operating system holds the lock: it ends with the process, however that ends.

    Args:
        folder: The folder, made if absent; one that nothing was written to is removed.
        name: The argument that chose it, for the error.

    Raises:
        ValueError: If somebody has it, or it can be no folder, or none to write to.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as home, locked(home, "run"):
        ...     with locked(home, "run"):
        ...         pass
        Traceback (most recent call last):
            ...
        ValueError: 'run' needs to be a folder that nothing else writes to ...
    """
    check_folder(name, folder)
    try:
        missing = _missing(Path(folder))
        os.makedirs(folder, exist_ok=True)
        before = set(os.listdir(folder))
        lock = FileLock(os.path.join(folder, LOCK))
        lock.acquire(timeout=0)
    except Timeout as error:
        raise ValueError(
            f"'{name}' needs to be a folder that nothing else writes to at the moment "
            f"(got {os.fspath(folder)})"
        ) from error
    except OSError as error:
        raise ValueError(
            f"'{name}' needs to be a folder that can be written to "
            f"(got {os.fspath(folder)}: {error.strerror})"
        ) from error
    try:
        yield
    finally:
        if LOCK not in before and set(os.listdir(folder)) == {LOCK, *before}:
            os.unlink(lock.lock_file)
        lock.release()
        _remove_empty(missing)


@contextmanager
def made(folder: str | os.PathLike[str]) -> Iterator[None]:
    """Make a folder and its parents; those that stay empty are removed again.

    Args:
        folder: The folder; it may be there.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as home, made(f"{home}/a/b"):
        ...     os.listdir(home)
        ['a']
    """
    missing = _missing(Path(folder))
    try:
        os.makedirs(folder, exist_ok=True)
        yield
    finally:
        _remove_empty(missing)


@contextmanager
def replacing_together(folder: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a folder to write to, whose files take their places once all are whole.

    Args:
        folder: Where they go, made if absent; other files in it stay.

    Raises:
        OSError: If one cannot be written; it names the place that it was to take.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as home:
        ...     with replacing_together(home) as partial:
        ...         _ = (partial / "note.txt").write_text("all of it")
        ...     os.listdir(home)
        ['note.txt']
    """
    home = Path(folder)
    partial = Path(partial_beside(home / "files"))
    with made(home):
        try:
            partial.mkdir()
            yield partial
            for file in partial.iterdir():
                os.replace(file, home / file.name)
            flush_folder(partial)
        except OSError as error:
            raise _placed(error, partial, home) from error
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _placed(error: OSError, partial: Path, home: Path) -> OSError:
    """Return an error that names what users know, a place and not a partial file."""
    path = Path(os.fsdecode(error.filename or home))
    if error.errno is None or partial not in (path, path.parent):
        return error
    place = home if path == partial else home / path.name
    return type(error)(error.errno, error.strerror, os.fspath(place))


def _missing(folder: Path) -> list[Path]:
    """Return which of a folder and its parents are not there, innermost first."""
    return [one for one in (folder, *folder.parents) if not one.exists()]


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        if folder.exists():
            if any(folder.iterdir()):
                return
            folder.rmdir()
