"""Every type of Arrow as users, ratings and times: all roads read it alike."""

import contextlib
import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tvdiff_pyg.data import read_interactions
from tvdiff_pyg.data.interaction_table import canonical_frame

DAYS = [dt.date(2020, 1, day) for day in (1, 2, 3)]
TYPES = {
    "null": pa.nulls(3),
    "bool": pa.array([True, False, True]),
    "int8": pa.array([1, 2, -3], pa.int8()),
    "uint64": pa.array([1, 2**64 - 1, 3], pa.uint64()),
    "half": pa.array(np.array([1, 2, 3], dtype=np.float16)),
    "float": pa.array([1.5, 2, 3], pa.float32()),
    "infinite": pa.array([1, 2, float("inf")]),
    "nan": pa.array([1, 2, float("nan")]),
    "decimal": pa.array([Decimal("1.00"), Decimal("2.50"), None], pa.decimal128(9, 2)),
    "long decimal": pa.array([1, 2, 10**37], pa.decimal128(38, 0)),
    "longer decimal": pa.array([1, 2, 3], pa.decimal256(50, 0)),
    "date32": pa.array(DAYS),
    "date64": pa.array(DAYS, pa.date64()),
    "seconds": pa.array([1, 2, 3], pa.timestamp("s")),
    "nanoseconds": pa.array([1, 2, 3], pa.timestamp("ns")),
    "zone": pa.array([1, 2, 3], pa.timestamp("us", tz="Europe/Berlin")),
    "offset": pa.array([1, 2, 3], pa.timestamp("us", tz="+05:30")),
    "time": pa.array([1, 2, 3], pa.time64("ns")),
    "duration": pa.array([1, 2, 3], pa.duration("s")),
    "words": pa.array(["a", "b", "c"]),
    "large words": pa.array(["1", "2", "3"], pa.large_string()),
    "gap": pa.array(["a", None, "c"]),
    "bytes": pa.array([b"a", b"b", b"c"]),
    "no text": pa.array([b"aa", b"\xff\xfe", b"cc"], pa.binary(2)),
    "list": pa.array([[1], [2], [3]]),
    "fixed list": pa.array([[1, 2], [2, 3], [3, 4]], pa.list_(pa.int64(), 2)),
    "struct": pa.array([{"a": 1}, {"a": 2}, {"a": 3}]),
    "map": pa.array([[("a", 1)], [("b", 2)], []], pa.map_(pa.string(), pa.int64())),
    "dictionary": pa.array(["a", "b", "a"]).dictionary_encode(),
}
SIDES = ("user", "rating", "timestamp")
WANTED: Any = {name: name for name in ("user", "item", "rating", "timestamp")}


def outcome(read: Callable[..., pl.DataFrame], source: Any, side: str) -> str:
    try:
        return str(read(source, **WANTED)[side].to_list())
    except ValueError as error:
        assert "\n" not in str(error)
        return "refused"


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("kind", TYPES)
def test_all_roads_agree(tmp_path: Path, kind: str, side: str) -> None:
    columns = {name: pa.array([7, 8, 9]) for name in WANTED}
    table = pa.table({**columns, side: TYPES[kind]})
    path = tmp_path / "log.parquet"
    pq.write_table(table, path)
    frames = [table, table.to_batches()[0]]
    with contextlib.suppress(NotImplementedError):  # pandas before 2.1 has fewer types.
        frames.append(table.to_pandas(types_mapper=pd.ArrowDtype))
    if kind not in ("longer decimal", "offset"):  # polars has none.
        frame = pl.DataFrame(pl.from_arrow(table))
        frames += [frame, frame.lazy()]
    found = {outcome(canonical_frame, frame, side) for frame in frames}
    assert found == {outcome(read_interactions, path, side)}
    pq.write_table(table.slice(0, 0), path)
    assert outcome(read_interactions, path, side) == "refused"
