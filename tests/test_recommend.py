"""Recommendations by original ids, for known users and for new histories."""

import math

import pytest
import torch
from torch import Tensor

from tests.builders import tvdiff
from tests.oracle import pairs_of, random_matrix
from tvdiff_pyg.data import BipartiteGraph, IdMap
from tvdiff_pyg.recommend import Recommender

SIZE = (6, 9)
USERS = ["ann", "bob", "cid", "dan", "eve", "fay"]
ITEMS = [100 + 10 * index for index in range(9)]
TITLES = [f"Film {index}" for index in range(9)]
MATRIX = random_matrix(*SIZE, density=0.35)
MATRIX[:, 8] = 0
MATRIX[0, :3] = 1


def make(**kwargs: object) -> Recommender:
    graph = BipartiteGraph.from_edge_index(
        pairs_of(MATRIX),
        *SIZE,
        **{
            "user_ids": IdMap(USERS, "user"),
            "item_ids": IdMap(ITEMS, "item"),
            **kwargs,
        },
    )
    torch.manual_seed(0)
    return Recommender(tvdiff(*SIZE, hidden_channels=6), graph)


def scores_of(recommender: Recommender) -> Tensor:
    user_factor, item_factor = recommender.model(recommender.adjacency)
    return user_factor @ item_factor.t()


def ids_by_score(score: Tensor, seen: Tensor, k: int) -> list[int]:
    score = score.masked_fill(seen > 0, -math.inf)
    ranked = score.argsort(descending=True)[: int((seen == 0).sum())][:k]
    return [ITEMS[index] for index in ranked.tolist()]


def history_of(user: int) -> list[int]:
    return [ITEMS[index] for index in MATRIX[user].nonzero().flatten().tolist()]


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


def test_validation_items_are_seen_but_not_read() -> None:
    held_out = torch.tensor([[0], [8]])
    recommender, plain = make(validation_index=held_out), make()
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
    ],
)
def test_errors(asked: list[object], message: str) -> None:
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
