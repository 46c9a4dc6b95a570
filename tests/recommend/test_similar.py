"""Users and items that are alike, against cosines in float64."""

from typing import Any

import pytest
import torch
from torch import Tensor

from tests.builders import build
from tests.recommend.shop import ITEMS, MATRIX, SIZE, TITLES, USERS, graph_of, make
from tvdiff_pyg.models import Blend, ItemKNN, LocalEASE, Model
from tvdiff_pyg.recommend import Recommender, Similar, factors


def cosines(factor: Tensor) -> Tensor:
    """Return the cosine of each pair of rows; that of a row and itself is lowest."""
    length = factor.double().norm(dim=1).clamp(min=1e-12)
    product = factor.double() @ factor.double().t() / (length[:, None] * length)
    return product.fill_diagonal_(-2.0)


def check(found: Similar, row: int, cosine: Tensor, names: list[Any]) -> None:
    order = cosine.argsort(descending=True)[: len(found.ids[row])]
    assert found.ids[row] == [names[one] for one in order.tolist()]
    assert found.scores[row] == pytest.approx(cosine[order].tolist(), abs=1e-6)


@pytest.fixture(params=["tvdiff", "bpr-mf", "blend"])
def shop(request: pytest.FixtureRequest) -> Recommender:
    torch.manual_seed(0)
    graph = graph_of(item_titles=TITLES)
    if request.param != "blend":
        model: Model = build(request.param, *SIZE, hidden_channels=6)
    else:
        model = Blend(build("bpr-mf", *SIZE, hidden_channels=6), LocalEASE(3))
    return Recommender(model.prepare(model.adjacency_of(graph)), graph)


@pytest.mark.parametrize("k", [1, 4, 50])
def test_items(shop: Recommender, k: int) -> None:
    asked = [2, 0, 5]
    found = shop.similar_items([ITEMS[one] for one in asked], k)
    factors = shop.scorer.factors
    assert factors is not None and found.titles is not None
    cosine = cosines(factors.item_factor)
    for row, item in enumerate(asked):
        ids = found.ids[row]
        assert len(ids) == min(k, 8) and ITEMS[item] not in ids
        assert found.titles[row] == [TITLES[ITEMS.index(one)] for one in ids]
        check(found, row, cosine[item], ITEMS)


@pytest.mark.parametrize("at_once", [1, 4, 2048])
def test_users(
    shop: Recommender, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(factors, "USERS_AT_ONCE", at_once)
    own = shop.scorer.factors
    assert own is not None
    cosine = cosines(own.known(torch.arange(6)))
    found = shop.similar_users(["eve", "ann"], k=50)
    assert found.titles is None and [len(row) for row in found.ids] == [5, 5]
    check(found, 0, cosine[4], USERS)
    check(found, 1, cosine[0], USERS)


def test_an_item_with_a_factor_of_length_zero() -> None:
    shop = make()
    assert shop.scorer.factors is not None
    assert shop.scorer.factors.item_factor[8].norm() == 0
    assert shop.similar_items([180], k=2).scores == [[0.0, 0.0]]


@pytest.mark.parametrize(
    ("call", "given", "message"),
    [
        ("similar_items", ([],), r"'items' needs at least one item \(got none\)"),
        ("similar_items", (100,), r"'items' needs a list of ids \(got 100\)"),
        (
            "similar_items",
            ([[100]],),
            r"'items' needs a list of ids \(got \[100\] among",
        ),
        ("similar_items", ([7],), r"'item' id 7 is unknown"),
        ("similar_items", ([100], 0), r"'k' needs to be at least 1 \(got 0\)"),
        ("similar_users", ("ann",), r"'users' needs a list of ids \(got 'ann'\)"),
        ("similar_users", (["zoe"],), r"'user' id 'zoe' is unknown"),
        ("similar_users", (["ann"], -1), r"'k' needs to be at least 1 \(got -1\)"),
    ],
)
def test_errors(call: str, given: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        getattr(make(), call)(*given)


def test_models_without_factors_say_so() -> None:
    model = ItemKNN(3)
    shop = make(model.fit(model.adjacency_of(graph_of())))
    message = r"'model' needs dense factors to be compared \(got ItemKNN\)"
    with pytest.raises(ValueError, match=message):
        shop.similar_items([100])
    with pytest.raises(ValueError, match=message):
        shop.similar_users(["ann"])


def test_new_items_are_compared_too() -> None:
    shop = make()
    users = [USERS[one] for one in MATRIX[:, 2].nonzero().flatten().tolist()]
    before = shop.similar_items([120], 1)
    found = shop.with_items({7: users}).similar_items([7, 120], 1)
    assert found.ids == [[120], [7]] and found.scores[0] == pytest.approx([1.0])
    assert shop.similar_items([120], 1) == before
