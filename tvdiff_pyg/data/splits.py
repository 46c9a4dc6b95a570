"""Which interactions are for training, validation and testing.

Every function returns one label a row: ``TRAIN``, ``VALIDATION`` or ``TEST``.
"""

from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

TRAIN, VALIDATION, TEST = 0, 1, 2

SplitName = Literal["random", "leave_last_out", "global_time"]
Labels = npt.NDArray[np.int8]


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
        ValueError: If a ratio is out of range.

    Example:
        >>> np.bincount(random_split(100, validation_ratio=0.1, test_ratio=0.2))
        array([72,  8, 20])
    """
    num_validation, num_test = _sizes(num_rows, validation_ratio, test_ratio)
    order = np.random.default_rng(seed).permutation(num_rows)
    labels = np.full(num_rows, TRAIN, dtype=np.int8)
    labels[order[:num_test]] = TEST
    labels[order[num_test : num_test + num_validation]] = VALIDATION
    return labels


def leave_last_out(frame: pl.DataFrame, validation: bool = True) -> Labels:
    """Takes each user's last interaction for testing, the last but one to validate.

    Users with fewer than three interactions stay in training, with or without
    validation, so that the test set is the same either way. Of interactions at the
    same time, the row that stands later is the later one.

    Args:
        frame (pl.DataFrame): Columns ``user`` and ``timestamp``.
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
    ranked = (
        frame.select("user", "timestamp")
        .with_row_index("row")
        .sort("user", "timestamp", maintain_order=True)
        .select(
            "row",
            from_last=pl.int_range(pl.len(), 0, -1).over("user"),
            length=pl.len().over("user"),
        )
        .filter(pl.col("length") >= 3)
    )
    labels = np.full(frame.height, TRAIN, dtype=np.int8)
    labels[ranked.filter(pl.col("from_last") == 1)["row"].to_numpy()] = TEST
    if validation:
        labels[ranked.filter(pl.col("from_last") == 2)["row"].to_numpy()] = VALIDATION
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
    _sizes(frame.height, validation_ratio, test_ratio)
    time = frame["timestamp"].to_numpy()
    labels = np.full(len(time), TRAIN, dtype=np.int8)
    for label, ratio in ((TEST, test_ratio), (VALIDATION, validation_ratio)):
        rest = np.flatnonzero(labels == TRAIN)
        ordered = np.sort(time[rest])
        border = len(rest) - round(len(rest) * ratio)
        if border > 0:
            labels[rest[time[rest] > ordered[border - 1]]] = label
    return labels


def _sizes(num_rows: int, validation_ratio: float, test_ratio: float) -> list[int]:
    ratios = {"validation_ratio": validation_ratio, "test_ratio": test_ratio}
    for name, ratio in ratios.items():
        if not 0 <= ratio < 1:
            raise ValueError(f"'{name}' needs to be in [0, 1) (got {ratio})")
    num_test = round(num_rows * test_ratio)
    return [round((num_rows - num_test) * validation_ratio), num_test]


def _check_timestamp(frame: pl.DataFrame, split: str) -> None:
    if "timestamp" not in frame.columns:
        raise ValueError(f"split '{split}' needs a 'timestamp' column (got none)")
