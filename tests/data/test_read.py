"""Reading files, frames and arrays into the canonical table."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch

from tvdiff_pyg.data import DataOptions, from_files, load_data, read_interactions
from tvdiff_pyg.data.interaction_table import canonical_frame, frame_from_arrays


def write(folder: Path, text: str, name: str = "log.txt") -> Path:
    path = folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize("delimiter", ["\t", ",", ";", "|", " ", "::"])
@pytest.mark.parametrize("header", [None, "user,item", "who,what"])
def test_delimiter_and_header_are_detected(
    tmp_path: Path, delimiter: str, header: str | None
) -> None:
    rows = ["1,20", "3,40"] if header is None else [header, "1,20", "3,40"]
    path = write(tmp_path, "\n".join(rows).replace(",", delimiter) + "\n")
    frame = read_interactions(path)
    assert frame.to_dict(as_series=False) == {"user": [1, 3], "item": [20, 40]}


@pytest.mark.parametrize(
    ("text", "users"),
    [
        ("ann,x\nbob,y\n", ["ann", "bob"]),  # Nothing tells of a header.
        ("userId,movieId\nann,x\n", ["ann"]),  # A typical name does.
        ("who,what\nann,1\nbob,2\n", ["ann", "bob"]),  # So do letters above numbers.
        ("1,2\n", [1]),
        ("007,1\n7,1\n", ["007", "7"]),  # Written unlike an integer: all are strings.
        ("-3,1\n0,1\n", [-3, 0]),
        (" 5 , 1\n6,1\n", [5, 6]),
        ('"a, b",1\nc,2\n', ["a, b", "c"]),
    ],
)
def test_header_and_id_types(tmp_path: Path, text: str, users: list[Any]) -> None:
    assert read_interactions(write(tmp_path, text))["user"].to_list() == users


def test_given_format_wins(tmp_path: Path) -> None:
    path = write(tmp_path, "user,1\nann,2\n")
    assert read_interactions(path, header=False)["user"].to_list() == ["user", "ann"]
    path = write(tmp_path, "a b,1\nc d,2\n")
    assert read_interactions(path, delimiter=" ", item=1)["user"].to_list() == [
        "a",
        "c",
    ]


def test_gzip_named_columns_ratings_and_times(tmp_path: Path) -> None:
    path = tmp_path / "log.csv.gz"
    path.write_bytes(gzip.compress(b"r,u,t,i\n4.5,1,100,a\n3,2,200,b\n"))
    frame = read_interactions(path, user="u", item="i", rating="r", timestamp="t")
    assert frame.columns == ["user", "item", "rating", "timestamp"]
    assert frame.rows() == [(1, "a", 4.5, 100), (2, "b", 3.0, 200)]


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (["1970-01-01 00:00:01", "1970-01-01 00:00:02"], [1_000_000, 2_000_000]),
        (["1.5", "2"], [1.5, 2.0]),
        (["9007199254740993", "1"], [9007199254740993, 1]),
    ],
)
def test_times(tmp_path: Path, times: list[str], expected: list[Any]) -> None:
    path = write(tmp_path, f"1,2,{times[0]}\n1,3,{times[1]}\n")
    frame = read_interactions(path, timestamp=2)
    assert frame["timestamp"].to_list() == expected


@pytest.mark.parametrize("name", ["log[1].csv", "log*.csv", "lo?.csv", "~.csv"])
@pytest.mark.parametrize("kind", ["text", "parquet"])
def test_a_path_is_no_pattern(
    tmp_path: Path, name: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for path, user in ((name, 1), ("log1.csv", 2), ("log.csv", 3)):
        frame = pl.DataFrame({"user": [user, user, 9], "item": [5, 6, 5]})
        with open(path, "wb") as file:
            frame.write_csv(file) if kind == "text" else frame.write_parquet(file)
    assert read_interactions(name)["user"].to_list() == [1, 1, 9]
    Path("test.csv").write_text("user,item\n9,6\n")
    graph = from_files(name, "test.csv", validation_ratio=0)
    assert graph.user_ids.ids() == [1, 9]
    assert load_data(DataOptions(name, test_ratio=0)).user_ids.ids() == [1, 9]


def test_parquet(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": [0.5, 1], "u": ["x", "y"], "i": [1, 2]})
    frame.write_parquet(tmp_path / "log.parquet")
    read = read_interactions(tmp_path / "log.parquet", user="u", item=2, rating=0)
    assert read.rows() == [("x", 1, 0.5), ("y", 2, 1.0)]
    assert read_interactions(tmp_path / "log.parquet").rows() == [("x", 1), ("y", 2)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"delimiter": ","}, r"'delimiter' has no use with a Parquet file \(got ','\)"),
        ({"encoding": "utf-8"}, r"'encoding' has no use with a Parquet file"),
        ({"format": "json"}, r"'format' needs to be 'parquet' or 'auto' for .* 'json'"),
        ({"format": "csv"}, r"'format' needs to be one of \['auto', .* \(got 'csv'\)"),
    ],
)
def test_options_without_use_for_parquet(
    tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    pl.DataFrame({"user": [1], "item": [2]}).write_parquet(tmp_path / "log")
    with pytest.raises(ValueError, match=message):
        read_interactions(tmp_path / "log", **options)


def test_a_damaged_parquet_file(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    pl.DataFrame({"user": [1], "item": [2]}).write_parquet(path)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ValueError, match=r"log\.parquet' cannot be read as Parquet"):
        read_interactions(path)
    with pytest.raises(ValueError, match=r"needs to be a Parquet file, as 'format' sa"):
        read_interactions(write(tmp_path, "1,2\n"), format="parquet")


def test_frames_and_arrays_agree() -> None:
    columns = {"user": ["b", "a"], "item": [2, 1]}
    expected = canonical_frame(pl.DataFrame(columns))
    assert canonical_frame(pd.DataFrame(columns)).equals(expected)
    arrays = frame_from_arrays(np.array(["b", "a"]), torch.tensor([2, 1]))
    assert arrays.equals(expected)
    times = pd.DataFrame({**columns, "t": pd.to_datetime(["2020-01-02", "2020-01-01"])})
    read = canonical_frame(times, timestamp="t")["timestamp"]
    assert read.to_list() == sorted(read.to_list(), reverse=True)


def test_whole_floats_are_integers() -> None:
    frame = canonical_frame(pd.DataFrame({"user": [1.0, 2.0], "item": [1.5, 2.0]}))
    assert frame.rows() == [(1, "1.5"), (2, "2")]


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
@pytest.mark.parametrize("ids", [["a", "b"], [1, 2]])
def test_missing_ids_in_pandas(ids: list[Any], missing: object) -> None:
    frame = pd.DataFrame({"user": [*ids, missing], "item": [1, 2, 3]})
    message = r"'user' needs an id in every row \(got 1 empty, the first in row 3\)"
    with pytest.raises(ValueError, match=message):
        canonical_frame(frame)


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("", {}, r"needs at least one interaction \(got an empty file\)"),
        ("user,item\n", {}, r"needs at least one interaction"),
        ("1\n2\n", {}, r"needs two or more columns .* \(got '1'\)"),
        (
            "u,i\n1,2\n",
            {"user": "who"},
            r"'user' needs to be one of the columns \['u', 'i'\] \(got 'who'\)",
        ),
        ("1,2\n", {"item": 5}, r"'item' needs a column number in \[0, 2\) \(got 5\)"),
        (
            "1,2\n,3\nNaN,4\n",
            {},
            r"'user' needs an id in every row \(got 2 empty, the first in line 2 of",
        ),
        (
            "1,2,good\n1,3,4\n",
            {"rating": 2, "header": False},
            r"'rating' needs a number in every row \(got 1 empty .* line 1: 'good'\)",
        ),
        (
            "1,2,3\n1,3,soon\n",
            {"timestamp": 2},
            r"'timestamp' needs .* 1 unreadable, .* line 2: 'soon'\) \(in '.*log.txt'",
        ),
        (
            "1,2\n" * 60 + "1,2,3\n",
            {},
            r"needs 2 fields in every line, .* \(got 3 in line 61\)",
        ),
    ],
)
def test_errors(
    tmp_path: Path, text: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        read_interactions(write(tmp_path, text), **options)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"absent\.csv"):
        read_interactions(tmp_path / "absent.csv")


def test_lengths_differ() -> None:
    message = r"'items' needs as many values as 'users', 2 \(got 1\)"
    with pytest.raises(ValueError, match=message):
        frame_from_arrays([1, 2], [1])
