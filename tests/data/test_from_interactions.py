"""From interactions to a graph."""

import gzip
import logging
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tvdiff_pyg.data import (
    BipartiteGraph,
    from_arrays,
    from_dataframe,
    from_file,
    from_files,
)

IDS = st.sampled_from([0, 1, 2, 11, "a", "b", "7", "07"])
ROWS = st.lists(st.tuples(IDS.map(str), st.integers(0, 9)), min_size=2, max_size=40)


def original_pairs(graph: BipartiteGraph, index: torch.Tensor) -> set[Any]:
    return set(
        zip(graph.user_ids.ids(index[0]), graph.item_ids.ids(index[1]), strict=True)
    )


@given(ROWS, st.floats(0, 0.4), st.floats(0, 0.4))
def test_every_pair_is_somewhere_or_dropped(
    rows: list[Any], validation: float, test: float
) -> None:
    users, items = zip(*rows, strict=True)
    graph = from_arrays(
        users, items, validation_ratio=validation, test_ratio=test, seed=1
    )
    parts = [graph.train_index, graph.validation_index, graph.test_index]
    found = [original_pairs(graph, index) for index in parts]
    assert set.union(*found) <= set(rows)
    total = sum(len(part) for part in found)
    assert len(set.union(*found)) == total
    assert total + graph.counts()["dropped"] == len(set(rows))


def test_result_does_not_depend_on_row_order() -> None:
    frame = pl.DataFrame({"user": range(60), "item": [k % 7 for k in range(60)]})
    first = from_dataframe(frame)
    second = from_dataframe(frame.sample(fraction=1.0, shuffle=True, seed=5))
    assert first.user_ids == second.user_ids
    assert torch.equal(first.train_index, second.train_index)
    assert torch.equal(first.test_index, second.test_index)


def test_integers_are_ordered_by_value_and_pandas_is_accepted() -> None:
    frame = pd.DataFrame({"user": [10, 9, 10], "item": ["b", "a", "a"]})
    graph = from_dataframe(frame, validation_ratio=0, test_ratio=0)
    assert graph.user_ids.ids() == [9, 10]
    assert graph.train_index.tolist() == [[0, 1, 1], [0, 0, 1]]


def test_filters_and_titles() -> None:
    graph = from_arrays(
        [1, 1, 2, 2, 3],
        [5, 6, 5, 6, 7],
        ratings=[5, 4, 3, 5, 1],
        min_rating=3,
        k_core=2,
        validation_ratio=0,
        test_ratio=0,
        item_titles={5: "five"},
    )
    assert graph.counts()["train"] == 4
    assert graph.item_titles == ["five", "6"]


def test_splits_by_time(caplog: pytest.LogCaptureFixture) -> None:
    columns = {"user": [1, 1, 1, 2], "item": [4, 5, 6, 4], "t": [3, 1, 2, 9]}
    frame = pl.DataFrame(columns)
    graph = from_dataframe(frame, timestamp="t", split="leave_last_out")
    assert original_pairs(graph, graph.test_index) == {(1, 4)}
    assert original_pairs(graph, graph.validation_index) == {(1, 6)}
    with caplog.at_level(logging.INFO, logger="tvdiff_pyg"):
        graph = from_dataframe(
            frame, timestamp="t", split="global_time", test_ratio=0.25
        )
    assert graph.counts()["dropped"] == 1  # User 2 came after training.
    assert "dropped 1 of 1 test pairs" in caplog.text


def test_from_files(tmp_path: Path) -> None:
    (tmp_path / "train.tsv.gz").write_bytes(gzip.compress(b"1\t10\n1\t20\n2\t10\n"))
    # A new user, a new item, a training pair, and a good pair twice.
    (tmp_path / "test.tsv").write_text("x\t10\n1\t99\n1\t20\n2\t20\n2\t20\n")
    graph = from_files(
        tmp_path / "train.tsv.gz", tmp_path / "test.tsv", validation_ratio=0
    )
    assert original_pairs(graph, graph.test_index) == {("2", 20)}
    # The copy of the good pair collapses before anything is counted.
    assert graph.counts()["dropped"] == 3


def test_from_file_with_read_and_build_options(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text("movieId,userId,rating\n5,1,4\n6,1,2\n")
    graph = from_file(
        path, user="userId", item="movieId", rating="rating", min_rating=3, test_ratio=0
    )
    assert graph.item_ids.ids() == [5]


@pytest.mark.parametrize("split", ["leave_last_out", "global_time"])
def test_a_part_that_stays_empty_is_said(
    split: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="tvdiff_pyg"):
        from_arrays([1, 1, 2, 2], [1, 2, 1, 2], timestamps=[5, 5, 5, 5], split=split)
    said = [record.message for record in caplog.records]
    assert said == [
        f"the split '{split}' leaves no pair for {name}"
        for name in ("validation", "test")
    ]


def test_titles_are_found_as_ids_are() -> None:
    graph = from_arrays(
        [1, 1], [5, 6], test_ratio=0, item_titles={"5": "five", 6.0: "six", "x": "no"}
    )
    assert graph.item_titles == ["five", "six"]


@pytest.mark.parametrize("value", [True, -1, 1.5, float("nan"), "x", [1], object()])
@pytest.mark.parametrize(
    "argument",
    ["user", "rating", "k_core", "validation_ratio", "test_ratio", "seed", "split"],
)
def test_no_argument_takes_just_anything(argument: str, value: Any) -> None:
    frame = {"user": [1, 1, 2], "item": [1, 2, 1]}
    options: dict[str, Any] = {argument: value}
    with pytest.raises(ValueError, match=f"'{argument}' needs"):
        from_dataframe(frame, **options)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "x", [1], 1j, True])
def test_wrong_ratings(value: Any) -> None:
    with pytest.raises(ValueError, match=r"'min_rating' needs to be"):
        from_arrays([1], [1], ratings=[1], min_rating=value)
    with pytest.raises(ValueError, match=r"'item_titles' needs to name items of"):
        from_arrays([1], [1], item_titles={2: "two", "x": "no"})
    with pytest.raises(ValueError, match=r"'item_titles' needs to be a dict"):
        from_arrays([1], [1], item_titles=value)


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"'split' needs to be .* \(got 'daily'\)"):
        from_arrays([1], [1], split="daily")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"'min_rating' needs a 'rating' column"):
        from_arrays([1], [1], min_rating=2)
    with pytest.raises(ValueError, match=r"'global_time' needs a 'timestamp' column"):
        from_arrays([1], [1], split="global_time")
    with pytest.raises(ValueError, match=r"needs at least one interaction"):
        from_arrays([], [])
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'ratio'"):
        from_arrays([1], [1], ratio=1)  # type: ignore[call-arg]
