"""Interactions in files that are sorted by user, of which one is held at a time."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from tvdiff_pyg.data.column import first_line
from tvdiff_pyg.data.filters import refuse_k_core

SIDES = "user", "item"


class SortedRows:
    """Rows of users and items by their ranks, in files, and no user in two of them.

    Args:
        folder: Where files go.
        size: How many ranks there are, by side.
    """

    def __init__(self, folder: Path, size: dict[str, int]) -> None:
        self.folder = folder
        self.size = size
        self.files: list[Path] = []
        self.num_rows = 0

    def add(self, frame: pl.DataFrame) -> None:
        """Write further rows, of users after all others.

        Args:
            frame: Columns ``user`` and ``item``, ranks, and any others.
        """
        name = f"ranks-{len(self.files):05}.parquet"
        self.files.append(write_rows(frame, self.folder / name))
        self.num_rows += frame.height

    def frames(self, *columns: str) -> Iterator[pl.DataFrame]:
        """Read one file after another.

        Args:
            *columns: What of each; all of it if none is named.
        """
        for file in self.files:
            yield pl.read_parquet(file, columns=list(columns) or None)

    def keep_core(self, k: int) -> None:
        """Leave out who has too few interactions, as :func:`.filters.k_core` does.

        Args:
            k: The fewest of a user and of an item.

        Raises:
            ValueError: If nothing is left.
        """
        if k <= 1:
            return
        core = self._core(k)
        if not core["user"].any():
            refuse_k_core(k)
        self.num_rows = 0
        for number, (file, frame) in enumerate(
            zip(self.files, self.frames(), strict=True)
        ):
            kept = frame.filter(_held(frame, core))
            # A file of its own: what was read may still be that file.
            name = f"core-{number:05}.parquet"
            self.files[number] = write_rows(kept, self.folder / name)
            self.num_rows += kept.height
            file.unlink()

    def _core(self, k: int) -> dict[str, npt.NDArray[np.bool_]]:
        """Count interactions among who is left, until nobody has too few."""
        core = {side: np.ones(size, dtype=bool) for side, size in self.size.items()}
        while True:
            degree = {side: np.zeros(n, np.int64) for side, n in self.size.items()}
            for frame in self.frames(*SIDES):
                held = frame.filter(_held(frame, core))
                for side in SIDES:
                    counted = held[side].value_counts()
                    degree[side][counted[side].to_numpy()] += counted[
                        "count"
                    ].to_numpy()
            left = {side: degree[side] >= k for side in SIDES}
            if all(np.array_equal(left[side], core[side]) for side in SIDES):
                return core
            core = left

    def remove(self) -> None:
        """Delete the files."""
        for file in self.files:
            file.unlink()


def _held(
    frame: pl.DataFrame, core: dict[str, npt.NDArray[np.bool_]]
) -> npt.NDArray[np.bool_]:
    user, item = (core[side][frame[side].to_numpy()] for side in SIDES)
    return user & item


def write_rows(frame: pl.DataFrame, path: Path) -> Path:
    """Write a Parquet file.

    Args:
        frame: What it is to hold.
        path: The file, a new one.

    Returns:
        The file.

    Raises:
        OSError: If it cannot be written.
    """
    try:
        frame.write_parquet(path)
    except pl.exceptions.ComputeError as error:  # what polars makes of a full disk
        message = f"'out' cannot be written to (got {path.name}: {first_line(error)})"
        raise OSError(message) from error
    return path
