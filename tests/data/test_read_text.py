"""Text as people have it: read as they mean it, or refused by what is wrong."""

import logging
from pathlib import Path
from typing import Any

import pytest

from tvdiff_pyg.data import read_interactions

ADJACENCY = b"0 0 1 2 3\n1 4 5\n2 6\n"
LISTS_OF_ONE_WIDTH = b"0 1 2 3\n1 4 5 6\n2 6 7 8\n"
TWO = [(1, 2), (3, 4)]


def read(folder: Path, content: bytes, **options: Any) -> list[tuple[Any, ...]]:
    path = folder / "log"
    path.write_bytes(content)
    return read_interactions(path, **options).rows()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        # Columns by name, wherever they stand.
        (b",user,item\n0,1,2\n1,3,4\n", TWO),
        (b"book_id,user_id,rating\n2,1,5\n4,3,5\n", TWO),
        (b"userId;title\n1;Hello, world\n2;A|B\n", [(1, "Hello, world"), (2, "A|B")]),
        (b",0,1\n0,1,2\n1,3,4\n", TWO),
        # Atomic files, whose quotes are no quotes.
        (
            b'user_id:token\titem_id:token\tt:float\nu\t"i"\t0\nv\t"j"\t1\n',
            [("u", '"i"'), ("v", '"j"')],
        ),
        (b"query:token\tdoc:token\nq\td\n", [("q", "d")]),
        # Headers, and first lines that are none.
        (b"A1,000100039X,5.0\nA0,1000,5.0\n", [("A1", "000100039X"), ("A0", "1000")]),
        (b"A1,000100039X\nA0,1000\n", [("A1", "000100039X"), ("A0", "1000")]),
        (b"V1,V2,V3\n1,2,5\n3,4,5\n", TWO),
        (b"song,2\nbook,4\n", [("song", 2), ("book", 4)]),
        (b"a,b,stars\n1,2,5\n3,4,5\n", TWO),
        # Comments, and ids that look like them.
        (b"# of 2024\n# by x\nuser,item\n1,2\n3,4\n", TWO),
        (b"# by x, 2024\nuser,item\n1,2\n3,4\n", TWO),
        (b"% sym unweighted\n% 3 4 4\n1 2\n3 4\n", TWO),
        (b"# user item\n1 2\n3 4\n", TWO),
        (b"user,item\n1,2\n# half\n3,4\n", TWO),
        (b"#cats,1\n#dogs,2\n", [("#cats", 1), ("#dogs", 2)]),
        (b"#cats,1\nx,2\n", [("#cats", 1), ("x", 2)]),
        # Blank lines, spaces, delimiters at the ends, ends of lines.
        (b"1\t2\n\n3\t4\n", TWO),
        (b"\n\nuser,item\n1,2\n\n3,4\n\n\n", TWO),
        (b"1   2   5\n3   4   4\n", TWO),
        (b"  1 \t2\n3  4 \n", TWO),
        (b"user,item,\n1,2,\n3,4,\n", TWO),
        (b"user,item\n1,2,\n3,4,\n", TWO),
        (b"user,item,\n1,2\n3,4\n", TWO),
        (b",1,2\n,3,4\n", TWO),
        (b"user,item\r\n1,2\r\n3,4\r\n", TWO),
        (b"user,item\r\n1,2\r\n3,4\r\n\r\n", TWO),
        (b"user,item\r1,2\r3,4\r", TWO),
        (b"user,item\n1,2\n3,4", TWO),
        (b"user,item\n1,2\nuser,item\n3,4\n", TWO),  # Two files, joined.
        # Quotes: of R, around delimiters and ends of lines, and none in tabs.
        (b'"user" "item" "r"\n"1" 1 2 3\n"2" 3 4 1\n', TWO),
        (b'"user"\t"item"\n"1"\t"a b"\t"x"\n', [("a b", "x")]),
        (b'"","user","item"\n"1","a","x"\n', [("a", "x")]),
        (
            b'user,item\n1,"a, ""b"""\n2,"c\nd"\n3,e\n',
            [(1, 'a, "b"'), (2, "c\nd"), (3, "e")],
        ),
        (b'user,item\n1, "a, b"\n2,c\n', [(1, "a, b"), (2, "c")]),
        (b'user\titem\n1\t"a\tb"\n2\tc\n', [(1, "a\tb"), (2, "c")]),
        (
            b'user\titem\n1\t"a"\n2\ta\n3\t12" mix\n',
            [(1, '"a"'), (2, "a"), (3, '12" mix')],
        ),
        # Words that stand for nothing elsewhere.
        (b"a\tnan\na\tx\n", [("a", "nan"), ("a", "x")]),
        (b"user,item\nNull,1\nb,2\nnull,3\n", [("Null", 1), ("b", 2), ("null", 3)]),
        (b"user,item\nNone,1\nNA,2\nb,3\n", [("None", 1), ("NA", 2), ("b", 3)]),
        # Ids stay as they are written.
        (b"user,item\n1.0,5\n1,6\n", [("1.0", 5), ("1", 6)]),
        (b"user,item\n9223372036854775808,1\n", [("9223372036854775808", 1)]),
        ("user item\n1 a\u00a0b\n".encode(), [(1, "a\u00a0b")]),
        # Adjacency lists.
        (ADJACENCY, [(0, 0), (0, 1), (0, 2), (0, 3), (1, 4), (1, 5), (2, 6)]),
        (
            b"5\t1\t2\t3\n3\t4\n9\t5\t6\n7\n",
            [(5, 1), (5, 2), (5, 3), (3, 4), (9, 5), (9, 6)],
        ),
    ],
)
def test_read_as_people_mean_it(
    tmp_path: Path, content: bytes, expected: list[tuple[Any, ...]]
) -> None:
    assert read(tmp_path, content) == expected


@pytest.mark.parametrize(
    ("content", "options", "expected"),
    [
        (LISTS_OF_ONE_WIDTH, {"format": "table"}, [(0, 1), (1, 4), (2, 6)]),
        (LISTS_OF_ONE_WIDTH, {"item": 2}, [(0, 2), (1, 5), (2, 7)]),
        (b"0 7 8\n1 7 8\n", {"format": "adjacency"}, [(0, 7), (0, 8), (1, 7), (1, 8)]),
        (
            b"a::b::c\n",
            {"format": "adjacency", "delimiter": "::"},
            [("a", "b"), ("a", "c")],
        ),
        (b"user_id:token,item_id:token\n1,2\n", {"format": "atomic"}, [(1, 2)]),
        (b"user_id:token,item_id:token\n1,2\n", {"user": "user_id"}, [(1, 2)]),
        (b"ann,book\nbob,pen\n", {"header": True}, [("bob", "pen")]),
        (b"ann,book\nbob,pen\n", {"header": False}, [("ann", "book"), ("bob", "pen")]),
        (b"#user,item\n1,2\n", {"user": "user"}, [(1, 2)]),
        (b"1\t2\n", {"delimiter": r"\t"}, [(1, 2)]),
        (b"1  2\n", {"delimiter": " "}, [(1, 2)]),
        (b"1::2::5\n3::4::4\n", {"rating": 2}, [(1, 2, 5.0), (3, 4, 4.0)]),
        (b"0,2010-10-19,7\n", {"item": 2}, [(0, 7)]),
    ],
)
def test_read_as_told(
    tmp_path: Path,
    content: bytes,
    options: dict[str, Any],
    expected: list[tuple[Any, ...]],
) -> None:
    assert read(tmp_path, content, **options) == expected


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (
            b"user,item\n1,2\n3\n4,5\n",
            {},
            r"needs 2 fields in every line.* 1 in line 3\)",
        ),
        (b"user,item\n\n1,2\n3,4,5\n", {}, r"needs 2 fields .* \(got 3 in line 4\)"),
        (b'user,item\n1,"a\nb"\n2\n', {}, r"needs 2 fields .* \(got 1 in line 4\)"),
        (b"1 2\n" * 99 + b"1 2 3\n", {}, r"needs 2 fields .* \(got 3 in line 100\)"),
        (
            b'user,item\n1,2\n1,"2\n3,4\n',
            {},
            r"needs quotes around .* starts in line 3\)",
        ),
        (
            b'user,item\n1,2\n1,"2"x\n3,4\n',
            {},
            r"needs quotes around .* starts in line 3\)",
        ),
        (
            b'"a" b\n"c d\n',
            {},
            r"needs quotes around whole fields .* open one in line 2",
        ),
        (b"user,item\n1,2\n3,\0\n", {}, r"needs to be text \(got a NUL byte in line 3"),
        (
            b"1,2\n,3\n",
            {},
            r"'user' needs an id .* 1 empty, the first in line 2 of .*: ''",
        ),
        (b"1,2\n\n3, \n", {}, r"'item' needs an id in every row .* line 3 of"),
        (
            b"1,2\nNaN,3\n",
            {},
            r"'user' needs an id in every row .* line 2 of .*: 'NaN'",
        ),
        (
            b"user,item\n1.0,2\nNULL,3\n",
            {},
            r"'user' needs an id .* line 3 of .*: 'NULL'",
        ),
        (b"user,item\n1,2\n,\n", {}, r"'user' needs an id in every row .* line 3 of"),
        (
            b"0\t2010-10-19T23:55:27Z\t7\n",
            {},
            r"'item' .*column 1 holds '2010-10-19T23",
        ),
        (
            b"4.5,1,2\n3.0,2,3\n",
            {},
            r"'user' .*column 0 holds '4.5', and there is no h",
        ),
        (b"user,101,102\n5,1,0\n", {}, r"'header' .* \(got \['user', '101', '102'\]\)"),
        (b"ann,book\nbob,pen\n", {}, r"'header' .* \(got \['ann', 'book'\]\)"),
        (
            b"alpha,beta\n" + b"1,2\n" * 60 + b"x,3\n",
            {},
            r"'header' .* \(got \['alpha', 'beta'\], above numbers at first and",
        ),
        (
            b",1,2\n" * 60 + b"7,1,2\n",
            {},
            r"'user' .* need to say .* \(column 0 is empty at first, and is",
        ),
        (
            b"user,item\n" + b"1,2,\n" * 60 + b"1,2,3\n",
            {},
            r"'item' .* need to say .* \(column 2 is empty at first, and is",
        ),
        (
            b"0 1 1 2\n1 4\n2 6 3\n",
            {},
            r"needs as many fields in each line, .* 'format' \(--format\) if each line",
        ),
        (
            LISTS_OF_ONE_WIDTH,
            {},
            r"'format' \(--format\) needs to be 'adjacency' if each",
        ),
        (b"1 10 20\n2 30 15\n3 16 12\n", {}, r"'format' \(--format\) needs to be"),
        (
            ADJACENCY,
            {"format": "adjacency", "header": True},
            r"'header' has no use with",
        ),
        (
            ADJACENCY,
            {"format": "adjacency", "item": 3},
            r"'item' has no use with an adj",
        ),
        (
            b"user,item\n1,2\n",
            {"format": "atomic"},
            r"needs a header with types, such as",
        ),
        (
            b"1,2\n",
            {"delimiter": ""},
            r"'delimiter' needs to be one or more .* \(got ''\)",
        ),
        (b"1,2\n", {"delimiter": "\n"}, r"'delimiter' needs to be one or more"),
        (
            b"1,2\n",
            {"delimiter": ";"},
            r"needs two or more columns parted by one of ';'",
        ),
        (
            b"u\n",
            {"format": "json"},
            r"needs an object of JSON in every line .* line 1",
        ),
    ],
)
def test_refused_by_what_is_wrong(
    tmp_path: Path, content: bytes, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        read(tmp_path, content, **options)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'{"user":1,"item":2}\n\n{"item":4,"user":3}\n', TWO),
        (b'[{"user":1,"item":2},\n {"user":3,"item":4}]', TWO),
        (b'{"asin":"007","overall":5,"reviewerID":"A"}\n', [("A", "007")]),
        (b'{"user":1.0,"item":"a"}\n{"user":2,"item":"b"}\n', [(1, "a"), (2, "b")]),
        (b'{"user":1,"item":{"id":2},"asin":"x"}\n', None),
    ],
)
def test_json(tmp_path: Path, content: bytes, expected: Any) -> None:
    if expected is None:
        with pytest.raises(
            ValueError, match=r"'item' needs a number or a word .*line 1"
        ):
            read(tmp_path, content)
    else:
        assert read(tmp_path, content) == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"{'user':1}\n",
            r"needs an object of JSON in every line .* in line 1: Expect",
        ),
        (b'{"user":1,"item":2}\n3\n', r"needs objects of JSON \(got '3' in line 2\)"),
        (b'{"user":1,"item":2}\n{"user":3}\n', r"'item' needs an id .* line 2 of"),
        (b'[{"user":1,"item":2}, 5]', r"needs objects of JSON \(got '5' in object 2\)"),
        (b'{"user":true,"item":2}', r"'user' needs a number or a word .* \(got 'True'"),
        (b'{"user":{"0":1},"item":{"0":2}}', r"'user' needs a number or a word"),
        (b"[" * 100_000 + b"{", r"needs an object of JSON in every line"),
        (
            b'{"user":1,"item":2}\n{"user":1,"item":2,"user":3}\n',
            r"needs each key once in an object \(got 'user' twice in line 2\)",
        ),
        (
            b'[{"user":1,"item":2},\n{"user":1,"item":2,"item":2}]',
            r"needs each key once in an object \(got 'item' twice in object 2\)",
        ),
        (b'{"user":1,"item":{"a":1,"a":2}}', r"'item' needs a number or a word"),
    ],
)
def test_refused_json(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(tmp_path, content, format="json")


def test_what_was_taken_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="tvdiff_pyg")
    read(tmp_path, b"item,rating,user\n1,5,2\n")
    assert 'users from column 2, "user"; items from column 0, "item"; header: yes' in (
        caplog.text
    )
    read(tmp_path, b"1,2\n")
    assert "users from column 0; items from column 1; header: no" in caplog.text
    read(tmp_path, ADJACENCY)
    assert "an adjacency list: a user and all its items in each line" in caplog.text


def test_quotes_of_words_end_with_their_line(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b'"user"\t"item"\n"1\t\n1"')
    with pytest.raises(ValueError, match="an open one in line 2"):
        read_interactions(tmp_path / "log")
