"""Frames that come one after the other, written to one file."""

import os
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from tvdiff_pyg.files import check_no_pipe, replacing


def check_target(name: str, path: str | os.PathLike[str]) -> None:
    """Raise unless a file's name says what to write, and where.

    Args:
        name: The argument that names it, for messages.
        path: The file.

    Raises:
        FileNotFoundError: If its folder is not there.
        ValueError: If its ending is another one.
    """
    if not Path(path).parent.is_dir():
        raise FileNotFoundError(
            f"'{name}' needs to be in a folder that is there (got {path})"
        )
    check_no_pipe(path, name)
    if Path(path).suffix not in FORMATS:
        raise ValueError(
            f"'{name}' needs to end in one of {', '.join(FORMATS)} (got {path})"
        )


def write_frames(path: str | os.PathLike[str], frames: Iterable[pl.DataFrame]) -> int:
    """Write frames to a file, which appears whole or not at all.

    One of them is held at a time.

    Args:
        path: The file, whose ending is one of :data:`FORMATS`; an existing one is
            replaced.
        frames: Frames of the same columns, at least one.

    Returns:
        The number of rows.

    Raises:
        OSError: If the file cannot be written.
        ValueError: If its name ends otherwise.
    """
    check_target("path", path)
    try:
        with replacing(path) as partial:
            return FORMATS[Path(path).suffix](partial, frames)
    except pl.exceptions.ComputeError as error:  # what polars makes of a full disk
        raise OSError(f"'path' cannot be written (got {path}: {error})") from error


def _write_csv(path: str, frames: Iterable[pl.DataFrame]) -> int:
    rows = 0
    with open(path, "wb") as file:
        for number, frame in enumerate(frames):
            file.write(frame.write_csv(include_header=number == 0).encode())
            rows += len(frame)
    return rows


def _write_jsonl(path: str, frames: Iterable[pl.DataFrame]) -> int:
    rows = 0
    with open(path, "wb") as file:
        for frame in frames:
            file.write(frame.write_ndjson().encode())
            rows += len(frame)
    return rows


def _write_parquet(path: str, frames: Iterable[pl.DataFrame]) -> int:
    """Write each frame to a file of its own, and stream them into one."""
    rows = 0
    with TemporaryDirectory(prefix=".parts-", dir=Path(path).parent) as folder:
        parts = []
        for number, frame in enumerate(frames):
            parts.append(Path(folder, f"{number}.parquet"))
            frame.write_parquet(parts[-1])
            rows += len(frame)
        pl.scan_parquet(parts, glob=False).sink_parquet(path)
    return rows


#: What writes a file, by the ending of its name.
FORMATS = {".parquet": _write_parquet, ".csv": _write_csv, ".jsonl": _write_jsonl}
