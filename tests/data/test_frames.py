"""Data frames of several libraries."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from tvdiff_pyg.data import from_dataframe
from tvdiff_pyg.data.interaction_table import canonical_frame

COLUMNS = {"other": [0.5, 1.5], "user": [2, 1], "item": ["b", "a"], "t": [7, 8]}


class ArrowStream:
    """What another library hands out."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return pa.table(COLUMNS).__arrow_c_stream__(requested_schema)


FRAMES = [
    pl.DataFrame(COLUMNS),
    pl.LazyFrame(COLUMNS),
    pd.DataFrame(COLUMNS),
    pd.DataFrame(COLUMNS).convert_dtypes(dtype_backend="pyarrow"),
    pd.DataFrame(COLUMNS).convert_dtypes(),
    pa.table(COLUMNS),
    pa.RecordBatch.from_pydict(COLUMNS),
    COLUMNS,
    ArrowStream(),
]


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: type(frame).__name__)
def test_every_kind_of_frame(frame: Any) -> None:
    expected = [(2, "b", 7), (1, "a", 8)]
    assert canonical_frame(frame, timestamp="t").rows() == expected
    assert canonical_frame(frame, user=1, item=2, timestamp=3).rows() == expected
    assert from_dataframe(frame, test_ratio=0, validation_ratio=0).num_items == 2
    with pytest.raises(
        ValueError, match=r"'user' needs to be one of the columns \['ot"
    ):
        canonical_frame(frame, user="who")


def test_columns_of_one_name_are_told_apart_by_number() -> None:
    twice = pd.DataFrame([[1, 2, "a"]], columns=["user", "user", "item"])
    message = r"'user' needs a column number, as columns \[0, 1\] are all called 'user'"
    for frame in (twice, pa.table([[1], [2], ["a"]], ["user", "user", "item"])):
        with pytest.raises(ValueError, match=message):
            canonical_frame(frame, user="user")
        assert canonical_frame(frame, user=1, item=2).rows() == [(2, "a")]
    numbered = pd.DataFrame([[1, "a"]])
    assert canonical_frame(numbered, user=0, item=1).rows() == [(1, "a")]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (np.zeros((3, 2)), r"'frame' needs to be a data frame .* \(got ndarray"),
        ([1, 2], r"'frame' needs to be a data frame .* \(got list"),
        ("log.csv", r"'frame' needs to be a data frame .* \(got str"),
        (None, r"'frame' needs to be a data frame .* \(got NoneType"),
        (pl.LazyFrame({"user": [1], "item": ["x"]}).select("no"), r"\(got LazyFrame: "),
        (pl.DataFrame(), r"'user' .* needs to say which .* \(got the columns \[\]\)"),
        ({"user": [1, 2], "item": [1]}, r"'items' needs as many values as 'users', 2"),
        (pl.DataFrame({"user": [], "item": []}), r"needs at least one interaction"),
        (pd.DataFrame({"user": [], "item": []}), r"needs at least one interaction"),
    ],
)
def test_refusals(frame: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        canonical_frame(frame)
