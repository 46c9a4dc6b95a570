"""Titles of items, read from a column beside the interactions."""

import json
import logging
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tvdiff_pyg.cli import main
from tvdiff_pyg.data import (
    BipartiteGraph,
    DataOptions,
    from_dataframe,
    from_file,
    from_files,
    load_data,
)
from tvdiff_pyg.data.item_titles import title_series

NOTHING_HELD_OUT: Any = {"validation_ratio": 0, "test_ratio": 0}
TEXT = """reader,book,title
ann,b1,"Good, the Bad, The"
bo,b1,"Good, the Bad, The"
ann,b2, Psycho
bo,b2,
ann,b3,
bo,b3,
"""
TITLES = {"b1": "Good, the Bad, The", "b2": "Psycho", "b3": "b3"}


def titles(graph: BipartiteGraph) -> dict[Any, str]:
    assert graph.item_titles is not None
    return dict(zip(graph.item_ids.ids(), graph.item_titles, strict=True))


@pytest.mark.parametrize("column", ["title", 2])
def test_titles_of_a_text_file(tmp_path: Path, column: Any) -> None:
    path = tmp_path / "loans.csv"
    path.write_text(TEXT)
    assert titles(from_file(path, title=column, **NOTHING_HELD_OUT)) == TITLES
    options = DataOptions(str(path), title_column=column)
    assert titles(load_data(options)) == TITLES
    assert from_file(path).item_titles is None


def test_titles_of_parquet_json_and_frames(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "user": [1, 1, 2],
            "item": [7, 8, 7],
            "called": ["Psycho", None, "Psycho"],
        }
    )
    frame.write_parquet(tmp_path / "log.parquet")
    frame.write_ndjson(tmp_path / "log.json")
    expected = {7: "Psycho", 8: "8"}
    graphs = [
        from_file(tmp_path / name, title="called", **NOTHING_HELD_OUT)
        for name in ("log.parquet", "log.json")
    ]
    for wide in (frame, frame.lazy(), frame.to_dict(as_series=False)):
        graphs.append(from_dataframe(wide, title="called", **NOTHING_HELD_OUT))
    assert [titles(graph) for graph in graphs] == [expected] * 5


def test_a_column_called_title_is_not_taken_for_items(tmp_path: Path) -> None:
    path = tmp_path / "loans.csv"
    path.write_text("reader,code,title\nann,x1,Psycho\nbo,x1,Psycho\n")
    assert titles(from_file(path, title="title", **NOTHING_HELD_OUT)) == {
        "x1": "Psycho"
    }


def test_titles_of_parts_whose_ids_differ_in_type(tmp_path: Path) -> None:
    train, test = tmp_path / "train.csv", tmp_path / "test.csv"
    train.write_text("user,item,title\n1,7,Psycho\n1,8,\n2,8,\n")
    test.write_text("user,item,title\n2,7,Another\n2,x,X\n1,8,Eight\n2,7,Psycho\n")
    graph = from_files(train, test, title="title", validation_ratio=0)
    assert titles(graph) == {"7": "Psycho", "8": "Eight"}


def test_the_first_of_several_titles_is_kept_and_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    frame = pl.DataFrame(
        {
            "user": [3, 1, 2, 1, 2, 2],
            "item": [7, 7, 7, 8, 8, 9],
            "title": ["First", "Second", "Second", "A", "B", "C"],
        }
    )
    with caplog.at_level(logging.WARNING):
        graph = from_dataframe(frame, title="title", **NOTHING_HELD_OUT)
    assert titles(graph) == {7: "First", 8: "A", 9: "C"}
    assert caplog.messages == [
        "2 items have several titles, and the first is kept: "
        "item 7 is 'First', not 'Second'"
    ]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["", None, " "], "'title' needs a title in some row"),
        (pl.Series([["a"], ["b"]]), "'title' needs words"),
        (pl.Series([b"a", b"b", b"c"]), "'title' needs words"),
    ],
)
def test_what_is_no_column_of_titles_is_refused(values: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        title_series(values, "title")


def test_titles_are_given_once(tmp_path: Path) -> None:
    frame = pl.DataFrame({"user": [1], "item": [7], "title": ["A"]})
    with pytest.raises(ValueError, match="'item_titles' has no use with a column"):
        from_dataframe(frame, title="title", item_titles={7: "B"}, **NOTHING_HELD_OUT)
    with pytest.raises(ValueError, match="'title' needs to be one of the columns"):
        from_dataframe(frame, title="name", **NOTHING_HELD_OUT)
    with pytest.raises(ValueError, match="'title_column' has no use with"):
        load_data(DataOptions("movielens-small", title_column="title"))


def test_a_run_of_such_a_file_recommends_by_title(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs = [(i, (7 * i + j) % 15) for i in range(20) for j in range(6)]
    loans = [f"r{reader},b{book},Book {book}" for reader, book in pairs]
    data, run = tmp_path / "loans.csv", str(tmp_path / "run")
    data.write_text("\n".join(["reader,book,title", *loans]))
    fit = ["fit", "--model", "popularity", "--data", str(data), "--run", run]
    main([*fit, "--title-column", "title"])
    capsys.readouterr()
    main(["recommend", run, "--user", "r0", "-k", "2", "--json"])
    shown = json.loads(capsys.readouterr().out)
    expected = [f"Book {one['item'].removeprefix('b')}" for one in shown]
    assert [one["title"] for one in shown] == expected
    assert len(expected) == 2
