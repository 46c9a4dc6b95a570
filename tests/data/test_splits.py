"""Which interactions are for training, validation and testing."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tvdiff_pyg.data.splits import (
    TEST,
    TRAIN,
    VALIDATION,
    global_time_split,
    leave_last_out,
    random_split,
)

RATIO = st.floats(0, 0.9)
ROWS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 9)), min_size=1, max_size=30
)


def frame_of(rows: list[tuple[int, int]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["user", "timestamp"], orient="row")


@given(st.integers(0, 200), RATIO, RATIO, st.integers(0, 5))
def test_random_split_sizes(n: int, validation: float, test: float, seed: int) -> None:
    labels = random_split(n, validation, test, seed)
    num_test = round(n * test)
    assert (labels == TEST).sum() == num_test
    assert (labels == VALIDATION).sum() == round((n - num_test) * validation)
    assert labels.dtype == np.int8
    assert len(labels) == n


def test_random_split_follows_its_seed() -> None:
    assert np.array_equal(random_split(50, seed=3), random_split(50, seed=3))
    assert not np.array_equal(random_split(50, seed=3), random_split(50, seed=4))


def test_validation_is_carved_out_of_what_is_not_test() -> None:
    with_validation, without = random_split(99, 0.3), random_split(99, 0.0)
    assert np.array_equal(with_validation == TEST, without == TEST)


def test_leave_last_out_by_hand() -> None:
    frame = frame_of([(1, 5), (2, 1), (1, 9), (2, 2), (1, 7), (3, 4), (1, 1)])
    labels = [TRAIN, TRAIN, TEST, TRAIN, VALIDATION, TRAIN, TRAIN]
    assert leave_last_out(frame).tolist() == labels
    only_test = [label if label == TEST else TRAIN for label in labels]
    assert leave_last_out(frame, validation=False).tolist() == only_test


@given(ROWS)
def test_leave_last_out_holds_out_one_of_each_kind(rows: list[Any]) -> None:
    labels = leave_last_out(frame_of(rows))
    for user in {user for user, _ in rows}:
        own = np.array([u == user for u, _ in rows])
        expected = int(own.sum() >= 3)
        assert (labels[own] == TEST).sum() == expected
        assert (labels[own] == VALIDATION).sum() == expected


@given(ROWS, RATIO, RATIO)
def test_global_time_is_in_order_and_ties_stay_together(
    rows: list[Any], validation: float, test: float
) -> None:
    labels = global_time_split(frame_of(rows), validation, test)
    time = np.array([t for _, t in rows])
    # The labels' own values are in order of time: training, validation, test.
    by_time = labels[np.argsort(time, kind="stable")]
    assert (np.diff(by_time) >= 0).all()
    for moment in set(time.tolist()):
        assert len(set(labels[time == moment].tolist())) == 1
    assert (labels == TRAIN).any()
    assert (labels == TEST).sum() <= round(len(rows) * test)


def test_global_time_without_ties_has_the_sizes_asked() -> None:
    frame = frame_of([(0, k) for k in range(100)])
    assert np.bincount(global_time_split(frame, 0.25, 0.2)).tolist() == [60, 20, 20]


def test_errors() -> None:
    for ratio in (1.0, -0.1, float("nan")):
        with pytest.raises(ValueError, match=r"'test_ratio' needs to be in \[0, 1\)"):
            random_split(5, test_ratio=ratio)
    with pytest.raises(ValueError, match=r"'validation_ratio' .* \(got 2\)"):
        global_time_split(frame_of([(1, 1)]), validation_ratio=2)
    frame = pl.DataFrame({"user": [1]})
    with pytest.raises(ValueError, match=r"split 'leave_last_out' needs a 'timestamp'"):
        leave_last_out(frame)
    with pytest.raises(ValueError, match=r"split 'global_time' needs a 'timestamp'"):
        global_time_split(frame)
