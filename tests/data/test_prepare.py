"""Interactions that are prepared a part at a time are those that are read at once."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch

from tvdiff_pyg.data import (
    BipartiteGraph,
    DataOptions,
    GraphSize,
    PreparedData,
    as_graph,
    from_dataframe,
    load_data,
    preparation,
    prepare,
)
from tvdiff_pyg.data.difference import first_difference
from tvdiff_pyg.data.kept_data import KeptData, keep
from tvdiff_pyg.data.kept_data import kept as kept_in
from tvdiff_pyg.data.prepared import MANIFEST

COLUMNS = {"user": "who", "item": "what"}


def frame_of(kind: pl.DataType | type[pl.DataType] = pl.Int64) -> pl.DataFrame:
    """Return interactions with duplicates, users and items of one pair, and gaps."""
    random = np.random.default_rng(0)
    who, what = random.integers(-5, 60, 700) * 7, random.zipf(1.6, 700) % 150
    return pl.DataFrame({"stars": who % 5, "who": who, "what": what}).with_columns(
        pl.col("who", "what").cast(kind)
    )


def written(frame: pl.DataFrame, folder: Path) -> str:
    """Write rows to three files, and return the pattern that they share."""
    folder.mkdir(exist_ok=True)
    for number in range(3):
        frame[number::3].write_parquet(folder / f"{number}.parquet")
    return str(folder / "*.parquet")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> PreparedData:
    home = tmp_path_factory.mktemp("prepared")
    files = written(frame_of(), home / "parts")
    return prepare(files, home / "out", 3, **COLUMNS, seed=5)


@pytest.fixture(scope="module")
def graph() -> BipartiteGraph:
    return from_dataframe(frame_of(), **COLUMNS, seed=5)


@pytest.mark.parametrize("kind", [pl.Int64, pl.Int16, pl.String])
@pytest.mark.parametrize(("parts", "at_once"), [(1, 10**7), (4, 10**7), (3, 50)])
def test_all_of_it_is_what_is_read_at_once(
    kind: Any, parts: int, at_once: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparation, "ROWS_AT_ONCE", at_once)
    frame = frame_of(kind)
    options = {**COLUMNS, "seed": 3, "validation_ratio": 0.2, "test_ratio": 0.3}
    graph = from_dataframe(frame, **options)
    files = written(frame, tmp_path / "parts")
    prepared = prepare(files, tmp_path / "out", parts, **options)
    assert first_difference(prepared.whole().to_dict(), graph.to_dict()) is None
    assert prepared.counts() == graph.counts() and graph.counts()["dropped"] > 0
    rows = sorted((tmp_path / "out").glob("rows-*"))
    assert len(rows) == parts if at_once > 700 else len(rows) > 10
    if at_once < 700:
        most = frame.group_by("who").len()["len"].max()
        assert max(pl.read_parquet(one).height for one in rows) <= max(most, at_once)


@pytest.mark.parametrize("world_size", [1, 2, 5])
def test_a_part_is_that_of_the_graph(
    world_size: int, prepared: PreparedData, graph: BipartiteGraph
) -> None:
    for users in torch.arange(graph.num_users).chunk(world_size):
        part = prepared.part(int(users[0]), int(users[-1]) + 1)
        expected = graph.subgraph({"user": users})
        for name in ("train_index", "validation_index", "test_index"):
            assert torch.equal(getattr(part, name), getattr(expected, name))
        assert part.num_items == graph.num_items


@pytest.mark.parametrize("weight", [None, "stars"])
def test_users_may_have_nothing_to_train_on(weight: str | None, tmp_path: Path) -> None:
    who = [0, 0, 1, 1, 2, 2, 3, 0, 1]
    frame = pl.DataFrame(
        {
            "who": who,
            "what": [0, 1, 0, 1, 0, 1, 1, 2, 2],
            "stars": [1.0 + row for row in range(9)],
            "time": [1, 2, 3, 4, 9, 8, 7, 5, 12],
        }
    )
    options = {**COLUMNS, "timestamp": "time", "weight": weight}
    options |= {"split": "global_time", "validation_ratio": 0.4, "test_ratio": 0.1}
    frame.write_parquet(tmp_path / "log.parquet")
    prepared = prepare(tmp_path / "log.parquet", tmp_path / "out", **options)
    graph = from_dataframe(frame, **options)
    assert first_difference(prepared.whole().to_dict(), graph.to_dict()) is None
    for data, late in ((prepared, prepared.part(2, 4)), (graph, None)):
        held = graph.subgraph({"user": torch.tensor([2, 3])}) if late is None else late
        assert held.train_index.size(1) == 0 and held.num_users == 2
        assert held.validation_index.tolist() == [[0, 0, 1], [0, 1, 1]]
        assert data.counts()["validation"] == 3
    assert prepared.without_validation().part(2, 4).train_index.size(1) == 3


def test_it_is_data_like_any_other(
    prepared: PreparedData, graph: BipartiteGraph
) -> None:
    for found in (as_graph(prepared), load_data(DataOptions(prepared.folder))):
        assert first_difference(found.to_dict(), graph.to_dict()) is None
    assert GraphSize.of(prepared) == GraphSize.of(graph)
    with pytest.raises(ValueError, match=r"'k_core' has no use with prepared data"):
        load_data(DataOptions(prepared.folder, k_core=2))


@pytest.mark.parametrize("name", ["without_validation", "without_held_out"])
def test_held_out_pairs_become_training_pairs(
    name: str, prepared: PreparedData, graph: BipartiteGraph
) -> None:
    found, expected = getattr(prepared, name)(), getattr(graph, name)()
    assert found.counts() == expected.counts()
    assert first_difference(found.whole().to_dict(), expected.to_dict()) is None


def test_what_was_kept_of_it_finds_it_again(
    prepared: PreparedData, tmp_path: Path
) -> None:
    for one in (prepared, prepared.without_validation()):
        keep(one, tmp_path / "kept.pt")
        kept = KeptData.read(tmp_path / "kept.pt")
        assert kept is not None and kept.is_of(one)
        assert kept.is_of(kept.found())
    assert not kept.is_of(prepared)
    files = written(frame_of(), tmp_path / "parts")
    other = prepare(files, tmp_path / "out", 2, **COLUMNS, seed=6)
    keep(other, tmp_path / "kept.pt")
    (tmp_path / "out").rename(tmp_path / "moved")
    with pytest.raises(ValueError, match=r"where it was .*nothing is there: 'tvdiff"):
        kept_in(tmp_path / "kept.pt")
    prepare(files, tmp_path / "out", 2, **COLUMNS, seed=7)
    with pytest.raises(ValueError, match=r"'data' needs to be as it was .*others are"):
        kept_in(tmp_path / "kept.pt")


def test_data_that_are_moved_with_what_tells_of_them_are_found(
    graph: BipartiteGraph, tmp_path: Path
) -> None:
    files = written(frame_of(), tmp_path / "parts")
    prepared = prepare(files, tmp_path / "here" / "out", 2, **COLUMNS, seed=5)
    (tmp_path / "here" / "run").mkdir()
    keep(prepared, tmp_path / "here" / "run" / "kept.pt")
    (tmp_path / "here").rename(tmp_path / "there")
    # Others in their old place are told from them.
    prepare(files, tmp_path / "here" / "out", 2, **COLUMNS, seed=6)
    found = kept_in(tmp_path / "there" / "run" / "kept.pt")
    assert first_difference(as_graph(found).to_dict(), graph.to_dict()) is None


@pytest.mark.parametrize(
    ("frame", "options", "message"),
    [
        (frame_of(pl.Float64), {}, r"'user' needs to be integers .*got Float64"),
        (frame_of().clear(), {}, "'data' needs at least one interaction"),
        (frame_of(), {"user": "whose"}, "'user' needs to be one of"),
        (frame_of(), {"parts": 0}, r"'parts' needs to be .*got 0"),
        (frame_of(), {"test_ratio": 1.0}, r"'test_ratio' needs to be in \[0, 1\)"),
        (frame_of()[:1], {"test_ratio": 0.9}, "'data' needs to leave a pair for"),
        (
            frame_of(pl.String).with_columns(what=pl.lit("")),
            {},
            r"'item' needs an id in every row \(got 700 empty\)",
        ),
        (
            frame_of().with_columns(who=pl.when(pl.col("who") > 0).then("who")),
            {},
            r"'user' needs an id in every row \(got \d+ empty\)",
        ),
    ],
)
def test_what_cannot_be_prepared_leaves_nothing(
    frame: pl.DataFrame, options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    files = written(frame, tmp_path / "parts")
    with pytest.raises(ValueError, match=message):
        prepare(files, tmp_path / "out", **{**COLUMNS, **options})
    assert [one.name for one in tmp_path.iterdir()] == ["parts"]


def test_files_need_to_be_there_and_alike(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'data' needs to be Parquet files"):
        prepare(tmp_path / "none*.parquet", tmp_path / "out")
    (tmp_path / "text.parquet").write_text("user,item\n1,2\n")
    with pytest.raises(ValueError, match="'data' needs to be Parquet files"):
        prepare(tmp_path / "text.parquet", tmp_path / "out")
    files = written(frame_of(), tmp_path / "parts")
    frame_of(pl.String).write_parquet(tmp_path / "parts" / "3.parquet")
    with pytest.raises(ValueError, match="'data' needs to be Parquet files of the sam"):
        prepare(files, tmp_path / "out", **COLUMNS)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    files = written(frame_of(), tmp_path / "parts")
    with pytest.raises(ValueError, match=r"'out' needs .*which holds 0\.parquet"):
        prepare(files, tmp_path / "parts", **COLUMNS)
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ValueError, match=r"'out' needs .* is a file"):
        prepare(files, tmp_path / "file", **COLUMNS)
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    assert prepare(files, tmp_path / "link", **COLUMNS).num_users > 0


@pytest.mark.parametrize("out", [".", "..", "./", "/", "../here"])
def test_the_folder_that_one_is_in_is_no_new_one(
    out: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = written(frame_of(), tmp_path / "parts")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(ValueError, match=r"'out' needs to be a new folder, .* which "):
        prepare(files, out, **COLUMNS)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["here", "parts"]
    assert prepare(files, "../here/new", **COLUMNS).num_users > 0


def test_damage_is_told(prepared: PreparedData, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'data' needs to be a folder that 'tvdiff"):
        PreparedData(str(tmp_path))
    (tmp_path / MANIFEST).write_text(json.dumps({"counts": {}}))
    with pytest.raises(ValueError, match=f"without a whole {MANIFEST}"):
        PreparedData(str(tmp_path))
    for file in Path(prepared.folder).iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    copied = PreparedData(str(tmp_path))
    last = sorted(tmp_path.glob("rows-*"))[-1]
    last.write_bytes(last.read_bytes()[:-1] + b"?")
    assert copied.part(0, 5).num_users == 5
    with pytest.raises(ValueError, match=f"{last.name}, which is missing or damaged"):
        copied.whole()
