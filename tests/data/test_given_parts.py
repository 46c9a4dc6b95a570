"""Splits that come in files of their own."""

import logging
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tvdiff_pyg.cli import main
from tvdiff_pyg.data import BipartiteGraph, DataOptions, from_files, load_data
from tvdiff_pyg.data.given_parts import from_parts

NAMES = ("train", "validation", "test")
TRAIN = "1,10\n1,20\n2,10\n2,20\n3,10\n"


def write(folder: Path, **parts: str) -> dict[str, Path]:
    paths = {name: folder / f"{name}.csv" for name in parts}
    for name, text in parts.items():
        paths[name].write_text("user,item\n" + text)
    return paths


def pairs(graph: BipartiteGraph) -> dict[str, set[Any]]:
    parts = {name: getattr(graph, f"{name}_index") for name in NAMES}
    return {
        name: set(zip(graph.user_ids.ids(u), graph.item_ids.ids(i), strict=True))
        for name, (u, i) in parts.items()
    }


def test_three_files(tmp_path: Path) -> None:
    files = write(tmp_path, train=TRAIN, validation="3,20\n", test="3,30\n4,10\n1,30\n")
    # What is in validation only is known, too.
    files["validation"].write_text("user,item\n3,20\n1,30\n")
    graph = from_files(**files)
    assert pairs(graph) == {
        "train": {(1, 10), (1, 20), (2, 10), (2, 20), (3, 10)},
        "validation": {(3, 20)},
        "test": {(3, 30), (1, 30)},
    }
    assert graph.counts()["dropped"] == 2  # User 4, and a pair of test in validation.
    options = {f"{name}_file": str(files[name]) for name in ("validation", "test")}
    loaded = load_data(DataOptions(str(files["train"]), **options))
    assert pairs(loaded) == pairs(graph)


PART = st.sets(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1)


@given(PART, PART, PART)
def test_each_pair_is_in_one_part(train: Any, validation: Any, test: Any) -> None:
    given_parts = dict(zip(NAMES, (train, validation, test), strict=True))
    frames = {
        name: pl.DataFrame(list(part), schema=["user", "item"], orient="row")
        for name, part in given_parts.items()
    }
    try:
        graph = from_parts(frames, 0, 0, None)
    except ValueError as error:
        assert str(error).startswith(("'validation' needs", "'test' needs"))
        return
    known = train | validation
    users, items = ({pair[side] for pair in known} for side in (0, 1))
    tested = {(u, i) for u, i in test - train if u in users and i in items}
    assert pairs(graph) == {
        "train": train,
        "validation": validation - train - tested,
        "test": tested,
    }


def test_ids_are_typed_over_all_files(tmp_path: Path) -> None:
    graph = from_files(**write(tmp_path, train=TRAIN, test="1.0,10\n3.0,20\n"))
    assert pairs(graph)["test"] == {(3, 20)}
    files = write(tmp_path, train=TRAIN, test="3,20\nx,10\n")
    assert pairs(from_files(**files, validation_ratio=0))["test"] == {("3", 20)}


def test_a_large_share_dropped_is_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = write(tmp_path, train=TRAIN, test="3,20\n9,10\n1,10\n")
    with caplog.at_level(logging.WARNING, logger="tvdiff_pyg"):
        from_files(**files, validation_ratio=0)
    said = [record.message for record in caplog.records]
    assert said == [
        "dropped 1 of 3 test pairs: their user or item is not in training",
        "dropped 1 of 3 held-out pairs: they are in another part, too",
    ]


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (
            {"test": "7,10\n"},
            r"'test' needs users of the training part \(got none in common: 7 and",
        ),
        ({"test": "1,70\n"}, r"'test' needs items of the training part"),
        ({"test": "01,10\n02,20\n"}, r"'test' needs users .* '01' .* has '1'\)"),
        (
            {"test": "3,20\n", "validation": "7,10\n"},
            r"'validation' needs users of the training part",
        ),
        (
            {"test": TRAIN},
            r"'test' needs a pair .* in no other part \(got none among 5",
        ),
        (
            {"test": "3,20\n", "validation": "3,20\n"},
            r"'validation' needs a pair .* \(got none among 1\)",
        ),
    ],
)
def test_nothing_in_common(tmp_path: Path, parts: dict[str, str], message: str) -> None:
    files = write(tmp_path, train=TRAIN, **parts)
    with pytest.raises(ValueError, match=message):
        from_files(**files)


def test_contradictions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = write(tmp_path, train=TRAIN, validation="3,20\n", test="2,10\n")
    with pytest.raises(ValueError, match=r"'validation_ratio' has no use .* \(got 0.2"):
        from_files(**files, validation_ratio=0.2)
    command = ["fit", "--data", str(files["train"]), "--run", str(tmp_path / "run")]
    command += ["--validation-file", str(files["validation"])]
    assert main(command) == 2
    assert "'validation_file' needs a 'test_file'" in capsys.readouterr().err
    command += ["--test-file", str(files["test"]), "--validation-ratio", "0.2"]
    assert main(command) == 2
    message = "'validation_ratio' has no use with a given validation file (got 0.2)"
    assert message in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
