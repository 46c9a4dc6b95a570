"""Times in every way that they are written, and what cannot be told."""

import datetime as dt
import logging
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tvdiff_pyg.cli import main
from tvdiff_pyg.data import from_arrays, from_file
from tvdiff_pyg.data.times import time_series

AWARE = dt.timezone(dt.timedelta(hours=2))
MOMENTS = st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2200, 1, 1))
ZONES = st.integers(-14 * 60, 14 * 60).map(
    lambda minutes: dt.timezone(dt.timedelta(minutes=minutes))
)


def order(times: Any, time_format: str | None = None) -> list[int]:
    read = time_series(times, "timestamp", time_format)
    assert read.dtype in (pl.Int64, pl.Float64)
    return read.arg_sort().to_list()


# The later time stands first.
@pytest.mark.parametrize(
    "times",
    [
        ["2020-01-02", "2020-01-01"],
        ["2020/1/2 8:05", "2020/1/1 18:05"],
        ["2020-01-01T10:00:00.5", "2020-01-01T10:00:00"],
        ["2020-01-01 10:00:00.123456789", "2020-01-01 10:00:00.123456788"],
        ["2020-01-01T10:00:00Z", "2020-01-01T10:00:00+02:00"],
        ["2020-01-01 10:00:00 +0000", "2020-01-01 10:00:00 +02"],
        ["2020-01-01 10:00:01 UTC", "2020-01-01 10:00:00 UTC"],
        ["20200101T100001Z", "20200101T100000Z"],
        ["0099-01-01", "0001-01-01"],
        [" 1577923200 ", "1577836800"],
        ["1577836800.000000001", "1577836800.0"],
        ["9007199254740993", "9007199254740992"],
        ["9007199254740993", "9007199254740992.5"],
        ["18446744073709551615", "-5"],
        ["1e300", "-1e300"],
        [2**53 + 1, 2**53],
        [2**100, 2**100 - 1],
        [2**60 + 1, 2.0**60],
        [2.5, 1],
        [Decimal("1.5"), Decimal("1.25")],
        [dt.date(2020, 1, 2), dt.date(2020, 1, 1)],
        [
            dt.datetime(2020, 1, 1, 9, tzinfo=dt.timezone.utc),
            dt.datetime(2020, 1, 1, 10, tzinfo=AWARE),
        ],
        np.array([2, 1], dtype="datetime64[s]"),
        np.array([50, 49], dtype="datetime64[Y]"),
        np.array([2**63 + 1, 2**63], dtype=np.uint64),
        pl.Series([2**63 + 1, 2**63], dtype=pl.UInt64),
        pl.Series([2, 1]).cast(pl.Datetime("ns")),
        pl.Series([2, 1]).cast(pl.Datetime("ms", "Europe/Berlin")),
        pl.Series(["2", "1"], dtype=pl.Categorical),
        pd.Series(pd.to_datetime([2, 1])),
        list(pd.to_datetime([2, 1])),
        [np.datetime64(2, "ns"), np.datetime64(1, "ns")],
        pd.Series(pd.date_range("2020", periods=2, tz="Asia/Tokyo")[::-1]),
    ],
    ids=str,
)
def test_exact(times: Any) -> None:
    assert order(times) == [1, 0]


@given(
    st.lists(st.tuples(MOMENTS, ZONES), min_size=1, max_size=6), st.sampled_from("T ")
)
def test_iso_8601_agrees_with_python(rows: list[Any], mark: str) -> None:
    aware = [moment.replace(tzinfo=zone) for moment, zone in rows]
    expected = sorted(range(len(aware)), key=lambda row: aware[row])
    text = [time.isoformat(mark, "microseconds") for time in aware]
    read = time_series(text, "timestamp").to_list()
    assert sorted(range(len(read)), key=read.__getitem__) == expected
    plain = [moment.isoformat(mark, "seconds") for moment, _ in rows]
    read = time_series(plain, "timestamp").to_list()
    seconds = [moment.replace(microsecond=0) for moment, _ in rows]
    assert sorted(range(len(read)), key=read.__getitem__) == sorted(
        range(len(read)), key=seconds.__getitem__
    )


@given(st.lists(MOMENTS, min_size=1, max_size=5), st.sampled_from("/.-"))
def test_two_orders_are_refused_and_one_is_taken(rows: list[Any], mark: str) -> None:
    text = [
        f"{t.day}{mark}{t.month}{mark}{t.year} {t.hour}:{t.minute:02d}" for t in rows
    ]
    expected = [t.replace(second=0, microsecond=0) for t in rows]
    if all(t.day <= 12 for t in rows) and any(t.day != t.month for t in rows):
        with pytest.raises(
            ValueError, match=r"'timestamp' can be read in several ways"
        ):
            time_series(text, "timestamp")
    else:
        read = time_series(text, "timestamp").cast(pl.Datetime("us")).to_list()
        assert read == expected
    told = time_series(text, "timestamp", "day-first")
    assert told.cast(pl.Datetime("us")).to_list() == expected
    assert told.equals(time_series(text, "timestamp", f"%d{mark}%m{mark}%Y %H:%M"))


def test_day_and_month() -> None:
    ambiguous = ["12/1/2010 8:26", "1/4/2011 10:00"]
    message = (
        r"'timestamp' can be read in several ways \(got '12/1/2010 8:26' in row 1\): "
        r"'time_format' needs to say which, as 'day-first', 'month-first' or '%m/%d/%Y"
    )
    with pytest.raises(ValueError, match=message):
        time_series(ambiguous, "timestamp")
    assert order(["12/1/2010 8:26", "4/1/2010 9:00"], "month-first") == [1, 0]
    assert order(["2/1/2010 8:26", "1/4/2010 9:00"], "day-first") == [0, 1]
    assert order(["1/2/2010 1:30 PM", "1/2/2010 12:30 am"], "month-first") == [1, 0]
    assert order(["1/2/11", "1/3/10"], "day-first") == [1, 0]
    assert order(["1/1/2010 9:00", "1/1/2010 8:00"]) == [1, 0]


def test_the_only_order_is_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="tvdiff_pyg"):
        assert order(["12/1/2010", "2/13/2010"]) == [1, 0]
    said = "'timestamp' is read month-first: '2/13/2010' in row 2 fits no other order"
    assert said in caplog.text


@pytest.mark.parametrize(
    ("times", "time_format", "message"),
    [
        (
            ["2020-01-01", "soon"],
            None,
            r"one way, as '2020-01-01' in row 1 \(got 1 .* row 2: 'soon'",
        ),
        (
            ["2020-01-01", "2020-01-01 10:00"],
            None,
            r"\(got 1 others, the first in row 2",
        ),
        (["2020-01-01T10:00:00Z", "2020-01-01T10:00:00"], None, r"the first in row 2"),
        (["2020-02-28", "2020-02-30"], None, r"the first in row 2: '2020-02-30'"),
        (["1/13/2010", "13/1/2010"], None, r"all written in one way, .* row 2"),
        (["1/2/10", "1/3/10"], None, r"can be read in several ways \(got '1/2/10'"),
        (
            ["soon", "later"],
            None,
            r"needs numbers, or dates as ISO 8601 .* \(got 'soon'",
        ),
        (
            ["Dec 1 2010"],
            None,
            r"\(got 'Dec 1 2010' in row 1\); 'time_format' says how",
        ),
        (["", "1"], None, r"\(got '' in row 1\)"),
        (["1", "x"], None, r"needs a number in every row, .* row 2: 'x'\)"),
        (["1", "nan"], None, r"needs finite numbers \(got nan in row 2\)"),
        (["1", "-inf"], None, r"needs finite numbers \(got -inf in row 2\)"),
        ([1.0, float("inf")], None, r"needs finite numbers \(got inf in row 2\)"),
        (
            [1.0, float("nan")],
            None,
            r"needs a time in every row \(got 1 empty, .* row 2",
        ),
        ([dt.date(2020, 1, 1), None], None, r"needs a time in every row .* row 2\)"),
        (
            [dt.datetime(2020, 1, 1), dt.datetime(2020, 1, 1, tzinfo=AWARE)],
            None,
            r"needs to be a column \(got list: times with and without a zone\)",
        ),
        ([dt.timedelta(1)], None, r"needs numbers or dates \(got Duration"),
        ([dt.time(1)], None, r"needs numbers or dates \(got Time values\)"),
        ([True], None, r"needs numbers or dates \(got Boolean values\)"),
        (
            pl.Series([[1]]),
            None,
            r"needs numbers or dates \(got List\(Int64\) values\)",
        ),
        ([b"1"], None, r"needs numbers or dates \(got Binary values\)"),
        (["12/1/2010 8:26"], "%d/%m/%Y", r"as 'time_format' '%d/%m/%Y' \(got 1 others"),
        (["12/1/2010"], "%H:%M %p", r"'time_format' needs to be a format of dates"),
        (
            ["12/1/2010"],
            "us",
            r"'time_format' needs to be 'day-first', 'month-first' or ",
        ),
        (["2010-12-01"], "day-first", r"'day-first' has no use where dates do not end"),
        ([1, 2], "%Y", r"'time_format' needs times that are text \(got Int64 values\)"),
    ],
)
def test_refusals(times: Any, time_format: str | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        time_series(times, "timestamp", time_format)


def test_a_format_needs_times() -> None:
    with pytest.raises(ValueError, match=r"'time_format' needs a column of times"):
        from_arrays([1], [1], time_format="day-first")


# By hand: the last row of each user is the latest, whatever its item.
@pytest.mark.parametrize("kind", [int, float, str])
def test_ties_keep_the_order_of_the_file(kind: type) -> None:
    users = [1, 1, 1, 1, 2, 2, 2, 2]
    items = [4, 3, 2, 1, 1, 2, 4, 3]
    times = [kind(2**53)] * 8
    graph = from_arrays(users, items, timestamps=times, split="leave_last_out")
    assert graph.item_ids.ids(graph.test_index[1]) == [1, 3]
    assert graph.item_ids.ids(graph.validation_index[1]) == [2, 4]


def test_the_last_of_duplicates_counts() -> None:
    # User 1 meets item 5 again, at the same time as item 6, but later in the file.
    graph = from_arrays(
        [1, 1, 1, 1, 2, 2, 3],
        [5, 7, 6, 5, 6, 7, 5],
        timestamps=[1, 2, 3, 3, 1, 2, 9],
        split="leave_last_out",
    )
    assert graph.item_ids.ids(graph.test_index[1]) == [5]
    assert graph.item_ids.ids(graph.validation_index[1]) == [6]


def test_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"{user},{item},{item}/1/2010" for user in range(9) for item in range(1, 9)]
    rows += ["9,8,9/1/2010"]
    (tmp_path / "log.csv").write_text("user,item,day\n" + "\n".join(rows) + "\n")
    command = ["fit", "--data", str(tmp_path / "log.csv"), "--timestamp-column", "day"]
    command += ["--split", "leave_last_out", "--run", str(tmp_path / "run")]
    assert main(command) == 2
    assert "'time_format' needs to say which" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
    fast = ["--hidden-channels", "4", "--max-epochs", "1", "--num-timesteps", "1"]
    told = [*command, *fast, "--time-format", "month-first", "--device", "cpu"]
    assert main([*told, "--progress", "false"]) == 0
    graph = from_file(
        tmp_path / "log.csv",
        timestamp="day",
        time_format="month-first",
        split="leave_last_out",
    )
    assert set(graph.item_ids.ids(graph.test_index[1])) == {8}
