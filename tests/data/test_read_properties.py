"""Reading, held against Python's csv and against pyarrow."""

import csv
import io
import re
from pathlib import Path
from typing import Any
from unittest import mock

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tvdiff_pyg.data import read_interactions
from tvdiff_pyg.data.reading import regular, text_columns

# One file is written again and again: nothing of it is left for the next example.
quick = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

# What fields, quotes, lines and comments are made of.
PIECES = [
    "1",
    "7",
    "a",
    "é",
    "-",
    ".",
    " ",
    '"',
    '""',
    "#",
    "\x1c",
    ",",
    ";",
    "\t",
    "nan",
    "%",
]
ENDS = ["\n", "\r\n"]
words = st.text("ab17é.,;|\"'# \n\t-", max_size=6)
rows = st.lists(st.tuples(words, words, words), min_size=1, max_size=8)


def outcome(path: Path, content: bytes, **options: Any) -> Any:
    """Return what is read, or the message of a refusal."""
    path.write_bytes(content)
    try:
        return read_interactions(path, **options).rows()
    except ValueError as error:
        return str(error)


def expected_ids(column: list[str]) -> list[Any]:
    stripped = [field.strip() for field in column]
    is_int = all(re.fullmatch("0|-?[1-9][0-9]{0,17}", field) for field in stripped)
    return [int(field) for field in stripped] if is_int else stripped


@quick
@given(
    rows=rows,
    delimiter=st.sampled_from(",;|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    end=st.sampled_from(ENDS),
)
def test_what_csv_writes_is_read(
    tmp_path: Path,
    rows: list[tuple[str, ...]],
    delimiter: str,
    quoting: Any,
    end: str,
) -> None:
    buffer = io.StringIO()
    writer = csv.writer(
        buffer, delimiter=delimiter, quoting=quoting, lineterminator=end
    )
    writer.writerows([("user", "item", "note"), *rows])
    text = buffer.getvalue()
    found = outcome(tmp_path / "log", text.encode())
    parsed = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))[1:]
    users, items, _ = zip(*parsed, strict=True)
    if "needs one id in a row" in found:  # "1;1" may be two.
        assert any(re.search(r"\d[ ,;|]+\d", field) for field in [*users, *items])
    elif any(not field.strip() for field in [*users, *items]):
        assert "needs an id in every row" in found or "needs quotes around" in found
    else:
        assert found == list(zip(expected_ids(users), expected_ids(items), strict=True))


@quick
@given(
    lines=st.lists(st.lists(st.sampled_from(PIECES), max_size=7), max_size=7),
    end=st.sampled_from([*ENDS, "\r"]),
    header=st.sampled_from(["", "user,item", "user;item;x", '"user"\t"item"']),
)
def test_lines_that_are_alike_are_read_as_any_others(
    tmp_path: Path, lines: list[list[str]], end: str, header: str
) -> None:
    content = end.join([header, *("".join(line) for line in lines)]).encode()
    at_once = outcome(tmp_path / "log", content)
    with mock.patch.object(text_columns, "_read_regular", return_value=None):
        assert outcome(tmp_path / "log", content) == at_once
    with mock.patch.object(regular, "_PIECE", 1):
        assert outcome(tmp_path / "log", content) == at_once


@quick
@given(
    pairs=st.lists(
        st.tuples(st.integers(-(10**17), 10**17), st.text("xyz", min_size=1)),
        min_size=1,
    )
)
def test_arrow_reads_the_same(tmp_path: Path, pairs: list[tuple[int, str]]) -> None:
    users, items = map(list, zip(*pairs, strict=True))
    table = pa.table({"item": items, "user": users, "stars": [1.5] * len(users)})
    pa.parquet.write_table(table, tmp_path / "log")
    read = read_interactions(tmp_path / "log", rating="stars")
    assert read.rows() == [(*pair, 1.5) for pair in pairs]
    pa.csv.write_csv(table, tmp_path / "log")
    assert read_interactions(tmp_path / "log", rating="stars").equals(read)
    again = pa.csv.read_csv(tmp_path / "log")
    assert again["user"].to_pylist() == read["user"].to_list()
    assert again["item"].to_pylist() == read["item"].to_list()


@quick
@given(content=st.binary(max_size=200))
def test_bytes_are_read_or_refused(tmp_path: Path, content: bytes) -> None:
    found = outcome(tmp_path / "log", content)
    if not isinstance(found, str):
        content.decode()


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1", "cp1252", "utf-32-be"])
@quick
@given(ids=st.lists(st.text("aéü€", min_size=1), min_size=1, unique=True))
def test_no_two_ids_become_one(tmp_path: Path, ids: list[str], encoding: str) -> None:
    if encoding == "latin-1":
        ids = [one.replace("€", "¤") for one in ids]
    text = "user,item\n" + "".join(f"{one},1\n" for one in ids)
    options = {} if encoding == "utf-16" else {"encoding": encoding}
    found = outcome(tmp_path / "log", text.encode(encoding), **options)
    assert [user for user, _ in found] == ids
