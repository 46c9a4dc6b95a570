"""What an id is, whatever column it comes in."""

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tvdiff_pyg.data import IdMap
from tvdiff_pyg.data.ids import id_series, ids_of_text

BIG = 2**63 + 7
KEY = uuid.UUID(int=7)
DAY = dt.date(2020, 2, 1)
MOMENT = dt.datetime(2020, 2, 1, 10, 30)

COLUMNS = [
    (pl.Series([1, BIG], dtype=pl.UInt64), ["1", str(BIG)]),
    (pl.Series([1, 2], dtype=pl.UInt64), [1, 2]),
    (pl.Series([1, 2**100], dtype=pl.Int128), ["1", str(2**100)]),
    ([1, 2**200], ["1", str(2**200)]),
    (np.array([1, BIG], dtype=np.uint64), ["1", str(BIG)]),
    (torch.tensor([3, 1], dtype=torch.int16), [3, 1]),
    ([Decimal("1.00"), Decimal("20")], [1, 20]),
    ([Decimal("1.50"), Decimal("10")], ["1.5", "10"]),
    ([2.0, -1.0], [2, -1]),
    ([2.0, 1.5], ["2", "1.5"]),
    ([1, 2.0], [1, 2]),
    ([1, "a"], ["1", "a"]),
    ([np.int64(1), 2], [1, 2]),
    ([KEY, uuid.UUID(int=8)], [str(KEY), str(uuid.UUID(int=8))]),
    ([b"a", "\u00e9".encode()], ["a", "\u00e9"]),
    (np.array([b"a", b"b"]), ["a", "b"]),
    ([DAY, DAY], ["2020-02-01", "2020-02-01"]),
    ([MOMENT], ["2020-02-01 10:30:00"]),
    (pl.Series([MOMENT]).cast(pl.Datetime("ns")), ["2020-02-01 10:30:00"]),
    (
        pd.to_datetime(["2020-02-01 00:00", "2020-02-02 10:00"]),
        ["2020-02-01", "2020-02-02 10:00:00"],
    ),
    (
        list(pd.to_datetime([1, 2])),
        [f"1970-01-01 00:00:00.00000000{k}" for k in (1, 2)],
    ),
    (pl.Series([MOMENT]).dt.replace_time_zone("Asia/Tokyo"), ["2020-02-01 01:30:00"]),
    (pd.Series([MOMENT]).dt.tz_localize("Asia/Tokyo"), ["2020-02-01 01:30:00"]),
    (pa.array([DAY], pa.date64()), ["2020-02-01"]),
    (pl.Series(["b", "a"], dtype=pl.Categorical), ["b", "a"]),
    (pl.Series(["b", "a"], dtype=pl.Enum(["a", "b"])), ["b", "a"]),
    (pd.Series(["b", "a"], dtype="category"), ["b", "a"]),
    (pd.Series([2, 1], dtype="category"), [2, 1]),
    (pd.Series([2, 1], dtype="Int64"), [2, 1]),
    (pd.Series([2, 1], dtype="int64[pyarrow]"), [2, 1]),
    (pd.Series(["b", "a"], dtype="string[pyarrow]"), ["b", "a"]),
    (pd.Index([2, 1]), [2, 1]),
    (pd.RangeIndex(2), [0, 1]),
    (pa.array([2, 1]), [2, 1]),
    (pa.chunked_array([["b"], ["a"]]), ["b", "a"]),
    (pa.array(["b", "a"]).dictionary_encode(), ["b", "a"]),
    (range(2), [0, 1]),
]

REFUSED = [
    ([True, False], r"needs integers or words as ids \(got Boolean values\)"),
    (torch.tensor([True]), r"needs integers or words as ids \(got Boolean values\)"),
    ([1, True], r"needs integers or words as ids \(got Boolean values\)"),
    ([1.0, float("inf")], r".*never rounded.*2\d+ \(got inf in row 2\)"),
    ([1.0, 2.0**60], r".*never rounded.*\(got 1.15.*e\+18 in row 2\)"),
    (np.array([2.0**25], dtype=np.float32), r".*beyond 16777216 \(got 33554432.0 in "),
    (pl.Series([[1], [2]]), r".*\(got List\(Int64\) values\)"),
    (pl.Series([{"a": 1}]), r".*\(got Struct\(\{'a': Int64\}\) values\)"),
    ([[1], [2, 3]], r".*\(got List\(Int64\) values\)"),
    ([Ellipsis], r"needs integers or words as ids \(got a ellipsis in row 1\)"),
    ([1, 1j], r"needs integers or words as ids \(got a complex in row 2\)"),
    ([dt.timedelta(1)], r".*\(got Duration\(.*\) values\)"),
    ([b"a", b"\xff"], r"needs ids that are text \(got bytes that .* in row 2\)"),
    ([1, "1"], r"needs ids of one type \(got '1' as a word and as a int\)"),
    ([1.0, "a", "1"], r"needs ids of one type \(got '1' as a word and as a float\)"),
    ([KEY, str(KEY)], r".*as a word and as a UUID"),
    (["a", pd.NA], r"needs an id in every row \(got 1 empty, the first in row 2\)"),
    (np.ma.masked_array([1, 2], [True, False]), r"needs an id in every row .* row 1"),
    ([None, None], r"needs an id in every row \(got 2 empty, the first in row 1\)"),
    (pd.Series([1, None], dtype="Int64"), r"needs an id in every row .* row 2"),
    (pa.array([Decimal(1)], pa.decimal256(50, 0)), r"needs to be a column \(got Dec"),
    (torch.zeros(2, 2), r"needs one dimension \(got shape "),
    ([Decimal("inf")], r"needs to be a column \(got list: an infinite decimal\)"),
    ("abc", r"needs to be a column \(got str: "),
    (5, r"needs to be a column \(got int: "),
    (torch.tensor([1.0], dtype=torch.bfloat16), r"needs to be a column \(got Tensor"),
    (pd.DataFrame({"a": [1]}), r"needs to be a column \(got DataFrame"),
]


@pytest.mark.parametrize(("column", "expected"), COLUMNS, ids=str)
def test_one_meaning_is_read(column: Any, expected: list[Any]) -> None:
    assert id_series(column, "user").to_list() == expected


@pytest.mark.parametrize(("column", "expected"), COLUMNS, ids=str)
def test_look_ups_agree(column: Any, expected: list[Any]) -> None:
    distinct = list(dict.fromkeys(expected))
    id_map = IdMap(distinct, "user")
    found = [distinct.index(value) for value in expected]
    assert id_map.index(column).tolist() == found
    assert id_map.index([str(value) for value in expected]).tolist() == found


@pytest.mark.parametrize(("column", "message"), REFUSED, ids=str)
def test_all_else_is_refused(column: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"'user' {message}"):
        id_series(column, "user")
    with pytest.raises(ValueError, match=f"'user' {message}"):
        IdMap([1, 2], "user").find(column)


ANY = st.one_of(
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.booleans(),
    st.text(max_size=3),
    st.binary(max_size=3),
    st.uuids(),
    st.dates(),
    st.datetimes(),
    st.decimals(),
    st.none(),
    st.lists(st.integers(), max_size=2),
)


@given(st.lists(ANY, max_size=5))
def test_distinct_values_stay_distinct(values: list[Any]) -> None:
    try:
        ids = id_series(values, "user").to_list()
    except ValueError as error:
        assert str(error).startswith("'user' needs")
        return
    assert len(set(ids)) == len(set(values))


def test_whole_floats_in_text_are_integers() -> None:
    assert ids_of_text(pl.Series(["1.0", "20.0"])).to_list() == [1, 20]
    for words in (
        ["1.0", "1"],
        ["1.0", "2.00"],
        ["1.0", "x"],
        ["1.5", "2.0"],
        ["01.0"],
        ["1."],
        ["-0.0"],
    ):
        assert ids_of_text(pl.Series(words)).to_list() == words
    late = ["1.0"] * 2000 + ["x"]
    assert ids_of_text(pl.Series(late)).to_list() == late
