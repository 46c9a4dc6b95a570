"""Recommendations by original ids, for known users and for new histories."""

import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.builders import tvdiff
from tests.recommend.shop import (
    ITEMS,
    MATRIX,
    SIZE,
    TITLES,
    USERS,
    history_of,
    make,
)
from tvdiff_pyg.data import IdMap
from tvdiff_pyg.recommend import Recommender


def scores_of(recommender: Recommender) -> Tensor:
    user_factor, item_factor = recommender.model(recommender.adjacency)
    return user_factor @ item_factor.t()


def ids_by_score(score: Tensor, seen: Tensor, k: int) -> list[int]:
    score = score.masked_fill(seen > 0, -math.inf)
    ranked = score.argsort(descending=True)[: int((seen == 0).sum())][:k]
    return [ITEMS[index] for index in ranked.tolist()]


@pytest.mark.parametrize("filter_seen", [True, False])
@pytest.mark.parametrize("k", [1, 4, 9, 50])
def test_known_users(k: int, filter_seen: bool) -> None:
    recommender = make()
    asked = [4, 0, 0]
    out = recommender.recommend([USERS[u] for u in asked], k, filter_seen)
    score = scores_of(recommender)
    for row, user in enumerate(asked):
        seen = MATRIX[user] if filter_seen else torch.zeros(SIZE[1])
        expected = ids_by_score(score[user], seen, k)
        assert out.items[row] == expected
        best = score[user, [ITEMS.index(item) for item in expected]].tolist()
        assert out.scores[row] == pytest.approx(best)
    assert out.titles is None


@pytest.mark.parametrize("part", ["validation_index", "test_index"])
def test_held_out_items_are_seen_but_not_read(part: str) -> None:
    held_out = torch.tensor([[0], [8]])
    recommender, plain = make(**{part: held_out}), make()
    assert 180 in plain.recommend(["ann"], 9).items[0]
    assert 180 not in recommender.recommend(["ann"], 9).items[0]
    both = [r.recommend(["ann"], 9, filter_seen=False) for r in (recommender, plain)]
    assert both[0] == both[1]


@pytest.mark.parametrize("filter_seen", [True, False])
def test_a_known_history_is_the_known_user(filter_seen: bool) -> None:
    recommender = make()
    users = [user for user in range(SIZE[0]) if history_of(user)]
    known = recommender.recommend([USERS[u] for u in users], 5, filter_seen)
    folded = recommender.recommend([history_of(u) for u in users], 5, filter_seen)
    assert folded.items == known.items
    for one, other in zip(folded.scores, known.scores, strict=True):
        assert one == pytest.approx(other)


def test_a_history_is_a_set_in_any_container() -> None:
    recommender = make()
    expected = recommender.recommend([[100, 120, 150]]).items
    for history in (
        [150, 100, 120, 100],
        (120, 150, 100),
        {100, 120, 150},
        iter([100, 120, 150]),
        torch.tensor([100, 120, 150]),
        ["100", "120", "150"],
    ):
        assert recommender.recommend([history]).items == expected


def test_users_stand_in_any_container() -> None:
    recommender = make(user_ids=IdMap(range(10, 16), "user"))
    expected = recommender.recommend([12, 14]).items
    for users in (
        (12, 14),
        torch.tensor([12, 14]),
        torch.tensor([12, 14], dtype=torch.int32),
        [torch.tensor(12), torch.tensor(14)],
        np.array([12, 14]),
        ["12", "14"],
        [b"12", b"14"],
    ):
        assert recommender.recommend(users).items == expected
    expected = recommender.recommend([[100, 110], [120, 130]]).items
    histories = torch.tensor([[100, 110], [120, 130]])
    for asked in (histories, histories.numpy()):
        assert recommender.recommend(asked).items == expected


def test_new_users_leave_each_other_alone() -> None:
    recommender = make()
    histories = [[100], [110, 120, 130], [140, 180]]
    together = recommender.recommend(histories, 4)
    alone = [recommender.recommend([history], 4) for history in histories]
    assert together.items == [one.items[0] for one in alone]


def test_titles_stand_beside_items() -> None:
    out = make(item_titles=TITLES).recommend(["ann", "bob"], 3)
    assert out.titles is not None
    for items, titles in zip(out.items, out.titles, strict=True):
        assert titles == [TITLES[ITEMS.index(item)] for item in items]


def test_string_items() -> None:
    names = [f"item-{index}" for index in range(9)]
    out = make(item_ids=IdMap(names, "item")).recommend([["item-0", "item-4"]], 9)
    assert len(out.items[0]) == 7
    assert set(out.items[0]) == set(names) - {"item-0", "item-4"}


def test_fewer_candidates_than_asked() -> None:
    out = make().recommend([ITEMS, ITEMS[:7], ITEMS[:1]], k=5)
    assert [len(row) for row in out.items] == [0, 2, 5]
    assert [len(row) for row in out.scores] == [0, 2, 5]


def test_threads_recommend_what_one_does() -> None:
    recommender = make()
    asked: list[list[Any]] = [[name] for name in USERS] + [[[item]] for item in ITEMS]
    expected = [recommender.recommend(one, 4) for one in asked]
    with ThreadPoolExecutor(8) as threads:
        for _ in range(5):
            found = threads.map(lambda one: recommender.recommend(one, 4), asked)
            assert list(found) == expected


def test_dropout_is_off() -> None:
    recommender = make()
    assert not recommender.model.training
    assert recommender.recommend(["ann"]) == recommender.recommend(["ann"])


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ([], r"'users_or_histories' needs at least one user \(got none\)"),
        (["ann", "zoe"], r"'user' id 'zoe' is unknown"),
        ([[100, 7]], r"'item' id 7 is unknown"),
        (
            [[100], []],
            r"needs at least one item in each history \(got none at position 1\)",
        ),
        (
            [[100], "ann"],
            r"needs either user ids or histories throughout "
            r"\(got 'ann' among histories\)",
        ),
        ([[100], 3.5], r"needs either user ids or histories throughout \(got 3.5 "),
        ([[100], b"ann"], r"throughout \(got b'ann' among histories\)"),
        ("ann", r"'users_or_histories' needs a list of ids .* \(got 'ann'\)"),
        (b"ann", r"'users_or_histories' needs a list of ids .* \(got b'ann'\)"),
        (0, r"'users_or_histories' needs a list of ids .* \(got 0\)"),
        (torch.tensor(3), r"'users_or_histories' needs a list of ids .* \(got 3\)"),
        (None, r"'users_or_histories' needs a list of ids .* \(got None\)"),
    ],
)
def test_errors(asked: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make().recommend(asked)


@pytest.mark.parametrize("k", [0, -3])
def test_k_is_positive(k: int) -> None:
    with pytest.raises(ValueError, match=rf"'k' needs to be at least 1 \(got {k}\)"):
        make().recommend(["ann"], k)


def test_model_and_graph_have_one_size() -> None:
    message = r"'graph' needs 6 users and 8 items, as the model has \(got 6 and 9\)"
    with pytest.raises(ValueError, match=message):
        Recommender(tvdiff(6, 8), make().graph)
