"""Duplicates, low ratings and rare users and items."""

from collections import Counter
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tvdiff_pyg.data.filters import drop_duplicates, k_core, min_rating

ROWS = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, unique=True
)


def frame_of(rows: list[tuple[int, int]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["user", "item"], orient="row")


def brute_force_core(rows: list[tuple[int, int]], k: int) -> list[tuple[int, int]]:
    while True:
        users, items = Counter(u for u, _ in rows), Counter(i for _, i in rows)
        kept = [(u, i) for u, i in rows if users[u] >= k and items[i] >= k]
        if kept == rows:
            return rows
        rows = kept


@given(ROWS, st.integers(0, 4))
def test_k_core_by_brute_force(rows: list[Any], k: int) -> None:
    expected = brute_force_core(rows, k)
    if expected:
        assert k_core(frame_of(rows), k).rows() == expected
    else:
        with pytest.raises(ValueError, match=r"'k_core' needs to leave an interaction"):
            k_core(frame_of(rows), k)


def test_negative_k() -> None:
    with pytest.raises(ValueError, match=r"'k_core' needs to be at least 0 \(got -1\)"):
        k_core(frame_of([(1, 1)]), -1)


def test_duplicates_keep_the_latest() -> None:
    frame = pl.DataFrame(
        {
            "user": ["b", "a", "b", "b"],
            "item": [1, 1, 1, 2],
            "rating": [5.0, 4.0, 1.0, 3.0],
            "timestamp": [30, 10, 20, 5],
        }
    )
    expected = [("a", 1, 4.0, 10), ("b", 1, 5.0, 30), ("b", 2, 3.0, 5)]
    kept = drop_duplicates(frame)
    assert kept.select(frame.columns).rows() == expected
    assert kept["row"].to_list() == [1, 0, 3]
    without_time = drop_duplicates(frame.drop("timestamp"))
    assert without_time["rating"].to_list() == [4.0, 1.0, 3.0]


def test_min_rating() -> None:
    frame = pl.DataFrame({"user": [1, 2], "item": [1, 2], "rating": [3.0, 4.0]})
    assert min_rating(frame, 4)["user"].to_list() == [2]
    with pytest.raises(ValueError, match=r"'min_rating' needs to leave an .*\(got 5,"):
        min_rating(frame, 5)
    with pytest.raises(ValueError, match=r"'min_rating' needs a 'rating' column"):
        min_rating(frame.drop("rating"), 1)
