"""Which interactions are for training, validation and testing.

Every split returns one label a row: ``TRAIN``, ``VALIDATION`` or ``TEST``.
"""

import logging
from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import polars as pl

from tvdiff_pyg.ranges import check_integer, check_number

TRAIN, VALIDATION, TEST = 0, 1, 2
#: The same by the names of the parts.
PARTS = {"train": TRAIN, "validation": VALIDATION, "test": TEST}

SplitName = Literal["random", "leave_last_out", "global_time"]
Labels = npt.NDArray[np.int8]

logger = logging.getLogger(__name__)


def random_split(
    num_rows: int,
    validation_ratio: float = 0.1,
    test_ratio: float = 0.2,
    seed: int = 0,
) -> Labels:
    """Draws test rows at random, then validation rows out of those that are left.

    Args:
        num_rows (int): The number of interactions.
        validation_ratio (float): The share of what is not test that is validation, in
            [0, 1). (default: ``0.1``)
        test_ratio (float): The share that is test, in [0, 1). (default: ``0.2``)
        seed (int): The seed. (default: ``0``)

    Returns:
        The labels, ``int8``, shape ``[num_rows]``.

    Raises:
        ValueError: If a ratio or the seed is out of range.

    Example:
        >>> np.bincount(random_split(100, validation_ratio=0.1, test_ratio=0.2))
        array([72,  8, 20])
    """
    check_integer("seed", seed, 0)
    num_validation, num_test = _sizes(num_rows, validation_ratio, test_ratio)
    order = np.arange(num_rows, dtype=np.min_scalar_type(-max(num_rows, 1)))
    np.random.default_rng(seed).shuffle(order)
    labels = np.full(num_rows, TRAIN, dtype=np.int8)
    labels[order[:num_test]] = TEST
    labels[order[num_test : num_test + num_validation]] = VALIDATION
    return labels


def leave_last_out(frame: pl.DataFrame, validation: bool = True) -> Labels:
    """Takes each user's last interaction for testing, the last but one to validate.

    Users with fewer than three interactions stay in training, with or without
    validation, so that the test set is the same either way. Of interactions at the
    same time, the row that stands later is the later one; where there is a column
    ``row``, it says where a row stood in the file.

    Args:
        frame (pl.DataFrame): Columns ``user``, ``timestamp`` and optionally ``row``.
        validation (bool): Whether to hold out the last but one. (default: ``True``)

    Returns:
        The labels, ``int8``, shape ``[num_rows]``.

    Raises:
        ValueError: If there is no timestamp column.

    Example:
        >>> frame = pl.DataFrame({"user": [1, 1, 1], "timestamp": [30, 10, 20]})
        >>> leave_last_out(frame)
        array([2, 0, 1], dtype=int8)
    """
    _check_timestamp(frame, "leave_last_out")
    order = ["user", "timestamp", *(["row"] if "row" in frame.columns else [])]
    ranked = (
        frame.select(order)
        .with_row_index("place")
        .sort(order, maintain_order=True)
        .select(
            "place",
            from_last=pl.int_range(pl.len(), 0, -1).over("user"),
            length=pl.len().over("user"),
        )
        .filter(pl.col("length") >= 3)
    )
    labels = np.full(frame.height, TRAIN, dtype=np.int8)
    labels[ranked.filter(pl.col("from_last") == 1)["place"].to_numpy()] = TEST
    if validation:
        labels[ranked.filter(pl.col("from_last") == 2)["place"].to_numpy()] = VALIDATION
    return labels


def global_time_split(
    frame: pl.DataFrame, validation_ratio: float = 0.1, test_ratio: float = 0.2
) -> Labels:
    """Takes the latest interactions for testing, the latest before them to validate.

    Interactions at the same time are never parted: where a border falls among them,
    all stay on its earlier side, so a part may be smaller than asked.

    Args:
        frame (pl.DataFrame): A column ``timestamp``.
        validation_ratio (float): The share of what is not test that is validation, in
            [0, 1). (default: ``0.1``)
        test_ratio (float): The share that is test, in [0, 1). (default: ``0.2``)

    Returns:
        The labels, ``int8``, shape ``[num_rows]``.

    Raises:
        ValueError: If there is no timestamp column or a ratio is out of range.

    Example:
        >>> frame = pl.DataFrame({"timestamp": [40, 10, 30, 20]})
        >>> global_time_split(frame, validation_ratio=0.34, test_ratio=0.25)
        array([2, 0, 1, 0], dtype=int8)
    """
    _check_timestamp(frame, "global_time")
    time = frame["timestamp"].to_numpy()
    ordered = np.sort(time)
    borders = time_borders(
        len(time),
        ordered.__getitem__,
        lambda border: int(np.searchsorted(ordered, border, side="right")),
        validation_ratio,
        test_ratio,
    )
    return labels_after(time, borders)


def time_borders(
    num_rows: int,
    at: Callable[[int], Any],
    until: Callable[[Any], int],
    validation_ratio: float,
    test_ratio: float,
) -> dict[int, Any]:
    """Finds the times after which each part of :func:`global_time_split` begins.

    Args:
        num_rows (int): The number of interactions.
        at: Returns the time at a place, from 0, of all times in order.
        until: Returns how many times are not after one.
        validation_ratio (float): The share of what is not test that is validation.
        test_ratio (float): The share that is test.

    Returns:
        The last time before each part, by label, the later part first.

    Raises:
        ValueError: If a ratio is out of range.
    """
    check_ratios(validation_ratio, test_ratio)
    borders, rest = dict[int, Any](), num_rows
    for label, ratio in ((TEST, test_ratio), (VALIDATION, validation_ratio)):
        before = rest - round(rest * ratio)
        if before > 0:
            borders[label] = at(before - 1)
            rest = until(borders[label])
    return borders


def labels_after(time: npt.NDArray[Any], borders: dict[int, Any]) -> Labels:
    """Labels times by what :func:`time_borders` returned.

    Args:
        time: The times, shape ``[num_rows]``.
        borders (dict): The last time before each part, the later part first.

    Example:
        >>> labels_after(np.array([40, 10, 30]), {TEST: 30, VALIDATION: 20})
        array([2, 0, 1], dtype=int8)
    """
    labels = np.full(len(time), TRAIN, dtype=np.int8)
    for label, border in reversed(borders.items()):
        labels[time > border] = label
    return labels


def check_split(split: str, has_times: bool) -> None:
    """Raises a ``ValueError`` unless there is such a split, and what it needs.

    Args:
        split (str): The split.
        has_times (bool): Whether interactions have times.

    Example:
        >>> check_split("global_time", has_times=False)
        Traceback (most recent call last):
            ...
        ValueError: split 'global_time' needs a 'timestamp' column (got none)
    """
    if split not in get_args(SplitName):
        raise ValueError(
            f"'split' needs to be 'random', 'leave_last_out' or 'global_time' "
            f"(got {split!r})"
        )
    if split != "random" and not has_times:
        raise ValueError(f"split '{split}' needs a 'timestamp' column (got none)")


def check_ratios(validation_ratio: float, test_ratio: float) -> None:
    """Raises a ``ValueError`` unless both shares are in [0, 1).

    Example:
        >>> check_ratios(0.1, 1.0)
        Traceback (most recent call last):
            ...
        ValueError: 'test_ratio' needs to be in [0, 1) (got 1.0)
    """
    ratios = {"validation_ratio": validation_ratio, "test_ratio": test_ratio}
    for name, ratio in ratios.items():
        check_number(name, ratio, 0, 1, below=True)


def warn_of_empty(
    labels: Labels, split: str, validation_ratio: float, test_ratio: float
) -> None:
    """Says so where a split that was asked for a part leaves none for it."""
    asked = {
        "validation": validation_ratio > 0,
        "test": split == "leave_last_out" or test_ratio > 0,
    }
    for name, wanted in asked.items():
        if wanted and not (labels == PARTS[name]).any():
            logger.warning("the split '%s' leaves no pair for %s", split, name)


def _sizes(num_rows: int, validation_ratio: float, test_ratio: float) -> list[int]:
    check_ratios(validation_ratio, test_ratio)
    num_test = round(num_rows * test_ratio)
    return [round((num_rows - num_test) * validation_ratio), num_test]


def _check_timestamp(frame: pl.DataFrame, split: str) -> None:
    check_split(split, "timestamp" in frame.columns)
