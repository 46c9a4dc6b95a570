"""A refusal names what is wrong, and nothing that looks like it."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tvdiff_pyg.data import from_arrays, from_dataframe, load_data, read_interactions
from tvdiff_pyg.data.data_options import DataOptions

R_NAMES = '"user" "item" "plays"\n"1" 7 3 9\n"2" 7 4 9\n'
HINT = r".*'format' \(--format\).*a user and all its items"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        # A decimal comma that nobody quoted is no row name of R: those differ.
        ("user,item,r\n1,10,4,5\n1,20,3,5\n", r"got 3 names above 4 fields"),
        # Few lines, of which one lacks a field or has one too many.
        ("1,10\n2,20,30\n1,30\n", r"parted by ',' \(got 2 in line 1, 3 in line 2\)"),
        ("1,10,3\n2,20\n1,30,4\n", r"parted by ',' \(got 3 in line 1, 2 in line 2\)"),
        ("1\n2\n3\n", "two or more columns parted by one of"),
        # Adjacency lists of words, or that repeat an item, are told how to be read.
        ("u1 a b c\nu2 d\n", HINT),
        ("u1: a b c\nu2: d\n", HINT),
        ("0 1 1 2\n1 2\n", HINT),
        ("user item\n0 1 2 3\n1 4 5\n2 6\n", HINT),
        ("@relation x\n@attribute user numeric\n@data\n1,10\n", r"Weka \(ARFF\)"),
    ],
)
def test_texts(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_interactions(tmp_path / "log.csv")


def test_row_names_of_r_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text(R_NAMES)
    frame = read_interactions(tmp_path / "log.txt")
    assert frame.rows() == [(7, 3), (7, 4)]


@pytest.mark.parametrize(
    "word", ["#N/A", "#NA", "-nan", "(null)", "Undefined", "1.#QNAN", r"\N", "None"]
)
def test_words_for_nothing(word: str, tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(f"user,item\n1,a\n{word},b\n2,c\n")
    with pytest.raises(ValueError, match=r"'user' needs an id .*first in line 3"):
        read_interactions(tmp_path / "log.csv")
    (tmp_path / "log.csv").write_text(f"user,item\nx,a\n{word},b\ny,c\n")
    users = read_interactions(tmp_path / "log.csv")["user"]
    assert users.to_list() == ["x", word, "y"]


@pytest.mark.parametrize("date", ["2010-02-30", "31/31/2010"])
def test_days_that_do_not_exist(date: str, tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(f"user,item,t\n1,a,{date}\n2,b,2010-02-01\n")
    message = f"needs dates of the calendar .got '{date}' in line 2"
    with pytest.raises(ValueError, match=message):
        read_interactions(tmp_path / "log.csv", timestamp="t")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"user": "z"}, r"^'user' needs to be one of the columns \['x', 'y'\]"),
        ({"item": 5}, r"^'item' needs a column number in \[0, 2\)"),
        ({"user": 1, "item": 1}, "^'user' and 'item' need to be different columns"),
    ],
    ids=str,
)
def test_columns_of_parquet(columns: Any, message: str, tmp_path: Path) -> None:
    pl.DataFrame({"x": [1], "y": [2]}).write_parquet(tmp_path / "log.parquet")
    with pytest.raises(ValueError, match=message):
        read_interactions(tmp_path / "log.parquet", **columns)


def test_a_parquet_file_that_is_cut_off(tmp_path: Path) -> None:
    (tmp_path / "log.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(ValueError, match="cannot be read as Parquet"):
        read_interactions(tmp_path / "log.parquet")


def test_a_stream_of_arrow(tmp_path: Path) -> None:
    pl.DataFrame({"user": [1], "item": [2]}).write_ipc_stream(tmp_path / "log.arrows")
    with pytest.raises(ValueError, match="a stream of Arrow"):
        read_interactions(tmp_path / "log.arrows")


@pytest.mark.parametrize("argument", ["item", "rating", "weight", "timestamp"])
def test_a_column_of_users_that_is_taken_for_another(argument: str) -> None:
    frame = pl.DataFrame({"user": [1, 2], "item": [3, 4], "n": [5, 6]})
    message = rf"'user' \(--user-column\) .*\(got 'user' for '{argument}'\)"
    with pytest.raises(ValueError, match=message):
        from_dataframe(frame, **{argument: "user"})


def test_empty_words_are_no_ids(tmp_path: Path) -> None:
    frame = pl.DataFrame({"user": ["a", ""], "item": [3, 4]})
    message = r"'user' needs an id in every row \(got 1 empty words, the first in row 2"
    with pytest.raises(ValueError, match=message):
        from_dataframe(frame)
    frame.write_parquet(tmp_path / "log.parquet")
    with pytest.raises(ValueError, match=message):
        read_interactions(tmp_path / "log.parquet")


@pytest.mark.parametrize("pair", [(None, [1]), ([1], None), (None, None)], ids=str)
def test_a_side_that_is_missing(pair: Any) -> None:
    with pytest.raises(ValueError, match=r"'(user|item)s?' needs"):
        from_arrays(*pair)


def test_a_name_that_is_empty() -> None:
    with pytest.raises(FileNotFoundError, match=r"'data' needs to be one of .*got ''"):
        load_data(DataOptions(""))
