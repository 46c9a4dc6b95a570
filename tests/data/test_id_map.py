"""The map between original ids and indices."""

import copy
import io
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tvdiff_pyg.data import IdMap
from tvdiff_pyg.data.id_map import IdValues

INTS = st.lists(st.integers(-(2**62), 2**62), unique=True, min_size=1)
TEXTS = st.lists(st.text(min_size=1, max_size=8), unique=True, min_size=1)


@given(st.one_of(INTS, TEXTS))
def test_round_trip(ids: list[Any]) -> None:
    id_map = IdMap(ids, "user")
    assert len(id_map) == len(ids)
    assert id_map.index(ids).tolist() == list(range(len(ids)))
    assert id_map.ids(id_map.index(ids[::-1])) == ids[::-1]
    assert IdMap.from_state_dict(id_map.state_dict()) == id_map


@pytest.mark.parametrize(
    "ids", [np.array([3, 1]), [3, 1], pl.Series([3, 1]), torch.tensor([3, 1])]
)
def test_accepts_every_kind_of_column(ids: IdValues) -> None:
    assert IdMap(ids).ids() == [3, 1]


def test_torch_save_keeps_it_without_arbitrary_code() -> None:
    for id_map in (IdMap([5, 2], "user"), IdMap(["b", "a"], "item")):
        file = io.BytesIO()
        torch.save(id_map, file)
        file.seek(0)
        assert torch.load(file, weights_only=True) == id_map
        assert copy.deepcopy(id_map) == id_map


def test_strings_from_a_command_line_find_integers() -> None:
    id_map = IdMap([51, 7])
    assert id_map.find(["51", "7", "007", "x"]).tolist() == [0, 1, -1, -1]
    assert IdMap(["51"]).index([51]).tolist() == [0]


def test_strings_that_differ_only_in_zeros_stay_distinct() -> None:
    assert IdMap(["007", "7"]).index(["7", "007"]).tolist() == [1, 0]


def test_contains() -> None:
    assert IdMap(["a", "b"]).contains(["b", "c"]).tolist() == [True, False]
    for ids in ([1], ["a"]):
        assert IdMap(ids).contains([]).tolist() == []


def test_repr_and_equality() -> None:
    assert repr(IdMap(range(1887), "user")) == "IdMap(user, 1887)"
    assert IdMap([1], "user") != IdMap([1], "item")
    assert IdMap([1], "user") != IdMap(["1"], "user")
    assert hash(IdMap([1])) == hash(IdMap([1]))
    assert IdMap([1]) != [1]


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ([1, 1, 2], r"'user' ids need to be distinct \(got 1 duplicates\)"),
        (["a", None], r"'user' needs an id in every row \(got 1 empty, .* row 2\)"),
        ([1.0, float("nan")], r"'user' needs an id in every row"),
        (["a", float("nan")], r"'user' needs an id in every row"),
        ([[1, 2]], r"'user' needs one dimension \(got shape \(1, 2\)\)"),
    ],
)
def test_bad_ids(ids: list[Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        IdMap(ids, "user")


def test_unknown_id_is_named() -> None:
    with pytest.raises(
        ValueError, match=r"'user' id 'x' is unknown \(2 of 3 ids are\)"
    ):
        IdMap([1], "user").index(["1", "x", "y"])


def test_index_out_of_range() -> None:
    with pytest.raises(ValueError, match=r"'index' needs to be in \[0, 2\) \(got 2\)"):
        IdMap([1, 5]).ids([0, 2])
