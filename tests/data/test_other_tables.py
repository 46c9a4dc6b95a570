"""Tables that are no lists of interactions, or whose header says so in other words."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.data.test_strange_files import PAIRS, WORDS, lines, read
from tvdiff_pyg.data import read_interactions

TURNED = [(item, user) for user, item in WORDS]
RATINGS = np.random.default_rng(0).integers(0, 6, size=(12, 8)).tolist()
NAMES = [f"film {item}" for item in range(8)]


def matrix(names: list[str] | None, side: str, body: list[list[Any]]) -> str:
    """Return a matrix as CSV; a side beside it is a column of row names."""
    rows = [[f"r{k}", *row] if side != "-" else row for k, row in enumerate(body)]
    head = [] if names is None else [[side, *names] if side != "-" else names]
    return "".join(",".join(map(str, row)) + "\n" for row in [*head, *rows])


@pytest.mark.parametrize(
    "header",
    [
        "source,target",
        "Source,Target,Weight",
        "src_id,dst_id",
        "from,to",
        "id_from,id_to",
        "head,tail",
        "query,doc",
        "query_id,document_id",
        "qid,pid",
        "subject,object",
        "follower,followee",
        "left,right",
        "row,col",
        "u,v",
        "i,j,x",
    ],
)
def test_ends_of_edges_are_users_and_items(header: str, tmp_path: Path) -> None:
    first, second, *others = header.split(",")
    more = ",1" * len(others)
    text = header + "\n" + lines("{user},{item}" + more)
    assert read(tmp_path, text) == PAIRS
    turned = ",".join([second, first, *others]) + "\n" + lines("{item},{user}" + more)
    assert read(tmp_path, turned) == PAIRS


@pytest.mark.parametrize(
    "header", ["dst,src", "to,from", "doc,query", "tail_id,head_id"]
)
def test_ends_of_edges_are_a_header_above_words(header: str, tmp_path: Path) -> None:
    text = header + "\n" + lines("{item},{user}", WORDS)
    assert read(tmp_path, text) == WORDS


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        # Users and items that are called so are surer.
        ("source,target,user,item", (2, 3)),
        # Two kinds of ends: nobody can tell, so that places decide.
        ("to,from,source,target", (0, 1)),
    ],
)
def test_ends_of_edges_give_way(
    header: str, taken: tuple[int, int], tmp_path: Path
) -> None:
    rows = [[10 * k + row % 7 for k in range(4)] for row in range(20)]
    text = header + "\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)
    assert read(tmp_path, text) == [(row[taken[0]], row[taken[1]]) for row in rows]


@pytest.mark.parametrize(
    "header", ["x,y", "author,paper", "V1,V2", "column_0,column_1"]
)
def test_what_may_be_a_header_above_words_is_asked(header: str, tmp_path: Path) -> None:
    text = header + "\n" + lines("{user},{item}", WORDS)
    with pytest.raises(ValueError, match=r"'header' .*needs to say whether"):
        read(tmp_path, text)
    assert read(tmp_path, text, header=True) == WORDS
    assert len(read(tmp_path, text, header=False)) == len(WORDS) + 1


@pytest.mark.parametrize(
    "text",
    [
        "| user | item |\n|---|---|\n" + lines("| {user} | {item} |"),
        "| user | item |\n|:---|---:|\n" + lines("| {user} | {item} |"),
        "user | item\n--- | ---\n" + lines("{user} | {item}", WORDS),
        " user_id | item_id \n---------+---------\n" + lines(" {user} | {item}"),
        "+----+----+\n| u  | i  |\n+----+----+\n" + lines("| {user} | {item} |"),
        "====  ====\nuser  item\n====  ====\n" + lines("{user}  {item}", WORDS),
        "| user | item |\n|------+------|\n" + lines("| {user} | {item} |"),
        "shape: (2, 2)\n┌──────┬──────┐\n│ user ┆ item │\n"
        + lines("│ {user} ┆ {item} │"),
    ],
)
def test_drawn_tables_are_named(text: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"is a table drawn for reading, with '.*' in"):
        read(tmp_path, text)


def test_dashes_among_ids_draw_nothing(tmp_path: Path) -> None:
    pairs = [("-", "---"), ("a-b", "--"), ("x", "=")]
    text = "".join(f"{user},{item}\n" for user, item in pairs)
    assert read(tmp_path, text) == pairs
    assert read(tmp_path, text.replace(",", "\t")) == pairs


@pytest.mark.parametrize(
    "text",
    [
        matrix(NAMES, "-", RATINGS),
        matrix(None, "-", RATINGS),
        matrix(None, "-", [[value / 2 for value in row] for row in RATINGS]),
        matrix(None, "-", [[int(value > 3) for value in row] for row in RATINGS]),
        matrix(None, "user", RATINGS),
        matrix(NAMES, "user", RATINGS),
        matrix(NAMES, "", RATINGS),
        matrix(NAMES, "user_id", [[value or "" for value in row] for row in RATINGS]),
        matrix([str(item) for item in range(101, 109)], "userId", RATINGS),
        matrix([str(item) for item in range(101, 109)], "", RATINGS),
        # Transposed.
        matrix([f"u{user}" for user in range(8)], "item", RATINGS),
        matrix([f"user {user}" for user in range(8)], "title", RATINGS),
        # How often, and how alike.
        matrix(NAMES, "listener", [[97 * value for value in row] for row in RATINGS]),
        matrix(NAMES, "", np.corrcoef(np.array(RATINGS).T).round(3).tolist()),
        matrix(None, "-", np.corrcoef(np.array(RATINGS).T).round(3).tolist()),
        # Bought or not.
        matrix(["milk", "tea", "ham"], "client", [[1, 0, 1], [0, 1, 1], [1, 1, 0]]),
    ],
)
def test_matrices_are_named(text: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"'format' .*got what looks like a matrix, "):
        read(tmp_path, text)
    # Whoever says so has a table.
    path = tmp_path / "log"
    columns = {"user": 0, "item": 1, "header": not text[0].isdigit()}
    try:
        assert read_interactions(path, **columns).height > 2
    except ValueError as error:
        assert "needs an id in every row" in str(error)


@pytest.mark.parametrize(
    "text",
    [
        "user,item,a,b,c\n" + lines("{user},{item},1,0,1"),
        "uid,sid,rating,day,hour\n" + lines("{user},{item},5,3,7"),
        lines("{user},{item},5,1"),
        lines("{user},{item},5,978300000"),
    ],
)
def test_columns_beside_make_no_matrix(text: str, tmp_path: Path) -> None:
    assert read(tmp_path, text) == PAIRS


@pytest.mark.parametrize(
    "header", ["user,item", "reviewerID,asin", "USER-ID,ISBN", "who,what"]
)
def test_a_header_among_words_is_named(header: str, tmp_path: Path) -> None:
    rows = lines("{user},{item}", WORDS)
    with pytest.raises(ValueError, match=r"ids below a header \(.*, in line 97\)"):
        read(tmp_path, rows + header + "\n" + rows)
    with pytest.raises(ValueError, match=r"ids below a header \(.*, in line 98\)"):
        read(tmp_path, "userName,itemName\n" + rows + header + "\n" + rows)
    told = read(tmp_path, rows + header + "\n" + rows, format="table")
    assert told == [*WORDS, tuple(header.split(",")), *WORDS]


@pytest.mark.parametrize("header", ["name,thing", "A,B", "nom,chose", "First,Second"])
def test_a_first_row_that_may_be_a_header_is_said(
    header: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, logger="tvdiff_pyg")
    words = [("ann", "tea"), ("bob", "ham"), ("cy", "egg")]
    pairs = [(user, item) for user, _ in words for _, item in words]
    text = header + "\n" + "".join(f"{user},{item}\n" for user, item in pairs)
    name, thing = header.split(",")
    assert read(tmp_path, text) == [(name, thing), *pairs]
    said = f"log', {name!r} and {thing!r}, is taken as ids, which no other row has"
    assert said in caplog.text
    caplog.clear()
    # Whoever says so is asked no more, and nor is who has such ids elsewhere.
    assert read(tmp_path, text, header=True) == pairs
    assert len(read(tmp_path, text, header=False)) == 10
    assert len(read(tmp_path, text, format="table")) == 10
    assert len(read(tmp_path, text + f"{name},x\n")) == 11
    assert caplog.text == ""


def test_words_like_names_are_ids(tmp_path: Path) -> None:
    pairs = [("reader", "x1"), ("u", "i"), ("ann", "book"), ("user 1", "item 7")]
    text = "".join(f"{user}\t{item}\n" for user, item in pairs * 3)
    assert read(tmp_path, text, header=False) == pairs * 3


@pytest.mark.parametrize("start", [0, 1])
def test_one_row_of_each_user_is_a_test_part(
    start: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, logger="tvdiff_pyg")
    pairs = [(start + user, 7 * user % 50) for user in range(40)]
    form = "{user}\t{item}\t4\t97830{row:04d}"
    assert read(tmp_path, lines(form, pairs)) == pairs
    assert "differs in every row, as row numbers do" in caplog.text
    # Without a time, the first column may number the rows.
    with pytest.raises(ValueError, match=r"column 0 numbers the rows from"):
        read(tmp_path, lines("{user}\t{item}\t4", pairs))
