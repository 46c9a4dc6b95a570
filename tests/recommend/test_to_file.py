"""Recommendations for many users: one file, whole or not at all, block by block."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch

from tests.recommend.shop import ITEMS, MATRIX, TITLES, USERS, make
from tvdiff_pyg.data import IdMap
from tvdiff_pyg.recommend import Recommendations, recommend_to_file, to_file
from tvdiff_pyg.recommend.write_frames import FORMATS, write_frames

READ: dict[str, Callable[[Path], pl.DataFrame]] = {
    ".parquet": pl.read_parquet,
    ".csv": pl.read_csv,
    ".jsonl": pl.read_ndjson,
}


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("at_once", [1, 4, 8192])
def test_a_file_holds_what_is_recommended(
    ending: str, at_once: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(to_file, "USERS_IN_A_FRAME", at_once)
    shop, file = make(item_titles=TITLES), tmp_path / f"best{ending}"
    file.write_text("what was there before")
    rows = recommend_to_file(shop, file, k=4)
    expected = shop.recommend(USERS, k=4).to_frame()
    found = READ[ending](file)
    assert found.columns == ["user", "rank", "item", "score", "title"]
    assert rows == len(found) == len(expected)
    for name in ("user", "rank", "item", "title"):
        assert found[name].to_list() == expected[name].to_list()
    scores = expected["score"].to_list()
    assert found["score"].to_list() == pytest.approx(scores, abs=1e-6)
    assert list(tmp_path.iterdir()) == [file]


def test_some_users_in_their_order_without_filter(tmp_path: Path) -> None:
    shop, file = make(), tmp_path / "best.parquet"
    asked = ["fay", "ann", "fay"]
    assert recommend_to_file(shop, file, asked, 9, filter_seen=False) == 27
    expected = shop.recommend(asked, 9, filter_seen=False).to_frame()
    assert pl.read_parquet(file).equals(expected)


@pytest.mark.parametrize("names", [ITEMS, [f"item {one}" for one in ITEMS]])
def test_users_who_have_met_everything(
    names: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(to_file, "USERS_IN_A_FRAME", 1)
    everything = torch.stack([torch.zeros(9).long(), torch.arange(9)])
    shop = make(item_ids=IdMap(names, "item"), test_index=everything[:, 3:])
    file = tmp_path / "best.parquet"
    recommend_to_file(shop, file, k=9)
    found = pl.read_parquet(file)
    assert "ann" not in found["user"] and "bob" in found["user"]
    assert set(found["item"]) == set(names)
    assert recommend_to_file(shop, file, ["ann"], k=9) == 0
    assert pl.read_parquet(file).schema == found.schema


def test_a_frame_of_new_users_numbers_them() -> None:
    found = make(item_titles=TITLES).recommend([[100], [110, 120]], k=2)
    frame = found.to_frame()
    assert frame["user"].to_list() == [0, 0, 1, 1]
    assert frame["rank"].to_list() == [1, 2, 1, 2]
    assert found.users is None


def test_a_frame_of_known_users_holds_their_ids() -> None:
    numbered = make(user_ids=IdMap([7, 8, 9, 10, 11, 12], "user"))
    found = numbered.recommend(["9", 7], k=1)
    assert found.users == [9, 7]
    assert found.to_frame()["user"].to_list() == [9, 7]
    assert Recommendations([], []).to_frame().columns == [
        "user",
        "rank",
        "item",
        "score",
    ]


@pytest.mark.parametrize("ending", FORMATS)
def test_a_file_that_is_not_finished_is_not_there(ending: str, tmp_path: Path) -> None:
    def broken() -> Iterator[pl.DataFrame]:
        yield pl.DataFrame({"user": [1]})
        raise KeyboardInterrupt

    file = tmp_path / f"best{ending}"
    file.write_text("what was there before")
    with pytest.raises(KeyboardInterrupt):
        write_frames(file, broken())
    assert file.read_text() == "what was there before"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("ending", FORMATS)
def test_a_full_disk_is_named(ending: str, tmp_path: Path, little_space: None) -> None:
    file = tmp_path / f"best{ending}"
    frame = pl.DataFrame({"user": torch.randn(60_000).tolist()})
    with pytest.raises(OSError, match="best"):
        write_frames(file, iter([frame]))
    assert list(tmp_path.iterdir()) == []


def test_json_lines_are_objects(tmp_path: Path) -> None:
    file = tmp_path / "best.jsonl"
    recommend_to_file(make(), file, ["bob"], k=3)
    first = json.loads(file.read_text().splitlines()[0])
    assert first["user"] == "bob" and first["rank"] == 1
    assert MATRIX[1, ITEMS.index(first["item"])] == 0


@pytest.mark.parametrize(
    ("path", "given", "message"),
    [
        (
            "best.xlsx",
            {},
            r"'path' needs to end in one of .parquet, .csv, .jsonl \(got",
        ),
        ("best", {}, "'path' needs to end in one of"),
        ("best.csv", {"users": []}, r"'users' needs at least one user \(got none\)"),
        ("best.csv", {"users": "ann"}, r"'users' needs a list of ids \(got 'ann'\)"),
        ("best.csv", {"users": ["ann", "zoe"]}, r"'user' id 'zoe' is unknown"),
        ("best.csv", {"users": [[100]]}, r"'users' needs a list of ids \(got \[100\]"),
        ("best.csv", {"k": 0}, r"'k' needs to be at least 1 \(got 0\)"),
    ],
)
def test_errors(path: str, given: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        recommend_to_file(make(), tmp_path / path, **given)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    message = r"'path' needs to be in a folder that is there \(got .*nowhere"
    with pytest.raises(FileNotFoundError, match=message):
        recommend_to_file(make(), tmp_path / "nowhere" / "best.parquet")


def test_new_items_are_written_too(tmp_path: Path) -> None:
    file = tmp_path / "best.csv"
    wider = make().with_items({7: ["bob", "cid"]})
    recommend_to_file(wider, file, k=10)
    found = pl.read_csv(file).filter(pl.col("item") == 7)["user"].to_list()
    assert found == ["ann", "dan", "eve", "fay"]
