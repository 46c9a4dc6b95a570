"""The splits of :mod:`tvdiff_pyg.data.splits`, of rows of which one file is held."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

from tvdiff_pyg.data.sorted_rows import SortedRows
from tvdiff_pyg.data.splits import (
    Labels,
    SplitName,
    labels_after,
    leave_last_out,
    random_split,
    time_borders,
)

# Bits of a time that are told apart in a pass over all of them.
_DIGIT = 16


def split_rows(
    rows: SortedRows,
    split: SplitName,
    validation_ratio: float,
    test_ratio: float,
    seed: int,
) -> Labels:
    """Labels rows as their split does where all of them are held.

    Args:
        rows: The rows; for the splits by time with columns ``timestamp`` and ``row``.
        split: The split.
        validation_ratio: The share of what is not test that is validation, in [0, 1).
        test_ratio: The share that is test, in [0, 1).
        seed: The seed of the random split.

    Returns:
        The labels, ``int8``, shape ``[num_rows]``, in the order of the files.

    Raises:
        ValueError: If a ratio or the seed is out of range.
    """
    if split == "random":
        return random_split(rows.num_rows, validation_ratio, test_ratio, seed)
    if split == "leave_last_out":
        frames = rows.frames("user", "timestamp", "row")
        return np.concatenate([leave_last_out(f, validation_ratio > 0) for f in frames])
    times = _Times(rows)
    borders = time_borders(
        rows.num_rows, times.at, times.until, validation_ratio, test_ratio
    )
    return np.concatenate([labels_after(keys, borders) for keys in times])


class _Times:
    """Times in files, as whole numbers in the same order."""

    def __init__(self, rows: SortedRows) -> None:
        self.rows = rows

    def __iter__(self) -> Iterator[npt.NDArray[np.uint64]]:
        """Read the times of each file."""
        for frame in self.rows.frames("timestamp"):
            yield _ordered_keys(frame["timestamp"])

    def at(self, place: int) -> np.uint64:
        """Find the time at a place, from 0, of all in order: a digit in each pass."""
        found = np.uint64(0)
        for shift in range(64 - _DIGIT, -1, -_DIGIT):
            count = np.zeros(2**_DIGIT, dtype=np.int64)
            for keys in self:
                digits = keys >> np.uint64(shift)
                alike = digits >> np.uint64(_DIGIT) == found
                lowest = digits[alike] & np.uint64(2**_DIGIT - 1)
                count += np.bincount(lowest.astype(np.int64), minlength=len(count))
            ends = count.cumsum()
            digit = int(np.searchsorted(ends, place, side="right"))
            place -= int(ends[digit] - count[digit])
            found = found << np.uint64(_DIGIT) | np.uint64(digit)
        return found

    def until(self, key: np.uint64) -> int:
        """Count the times that are not after one."""
        return sum(int((keys <= key).sum()) for keys in self)


def _ordered_keys(times: pl.Series) -> npt.NDArray[np.uint64]:
    """Turn times into whole numbers from 0 on, of which equal ones are alike.

    The bits of a float from 0 on are in its order, those of others in the opposite.
    """
    if times.dtype.is_float():
        bits = (times.to_numpy() + 0.0).view(np.int64)  # of -0.0, those of 0.0
        bits = np.where(bits < 0, bits ^ np.int64(2**63 - 1), bits)
    else:
        bits = times.to_numpy()
    return bits.view(np.uint64) ^ np.uint64(2**63)
