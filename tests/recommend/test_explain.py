"""Reasons of recommendations, against histories that lack an item."""

from typing import Any

import pytest
import torch
from torch import Tensor

from tests.builders import build, tvdiff
from tests.recommend.shop import ITEMS, MATRIX, SIZE, TITLES, USERS, graph_of, make
from tests.recommend.shop import history_of as items_of
from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.models import EASE, Blend, LocalEASE, Model, leave_one_out
from tvdiff_pyg.recommend import Recommender
from tvdiff_pyg.sparse import CSR

MODELS = ["tvdiff", "gcn", "mlp", "blend", "ease", "item-knn"]


def built(name: str) -> Model:
    torch.manual_seed(0)
    if name in ("tvdiff", "gcn", "mlp"):
        denoiser = {"tvdiff": "anisotropic"}.get(name, name)
        return tvdiff(*SIZE, denoiser=denoiser, hidden_channels=6, num_timesteps=4)
    if name == "blend":
        return Blend(tvdiff(*SIZE, hidden_channels=6), LocalEASE(4, l2=1.0), 2.0)
    model: Model = build(name, *SIZE, l2=1.0, num_neighbors=5)
    return model


def recommender(name: str, **parts: Any) -> Recommender:
    model = built(name)
    return make(model.prepare(model.adjacency_of(graph_of())), **parts)


def score_of(shop: Recommender, history: list[int], item: int) -> float:
    """Score an item for a history that may be empty, by ranking everything."""
    row = torch.zeros(1, SIZE[1])
    row[0, [ITEMS.index(one) for one in history]] = 1
    pairs = row.nonzero().t()
    rows = CSR.from_edge_index(pairs, (1, SIZE[1]))
    score, found = shop.scorer.rank_histories(rows, SIZE[1])
    return score[0, found[0] == ITEMS.index(item)].item()


@pytest.mark.parametrize("at_once", [1, 5, 2**22])
@pytest.mark.parametrize("name", MODELS)
def test_a_reason_is_what_the_score_loses_without_the_item(
    name: str, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leave_one_out, "ENTRIES_AT_ONCE", at_once)
    shop, history = recommender(name), items_of(0)
    found = shop.recommend([history, history[:1]], k=3, explain=True)
    assert found.reasons is not None
    for row, met in enumerate((history, history[:1])):
        assert len(found.reasons[row]) == len(found.items[row]) == 3
        for item, reasons in zip(found.items[row], found.reasons[row], strict=True):
            assert sorted(reasons) == sorted(met)
            assert [*reasons.values()] == sorted(reasons.values(), reverse=True)
            whole = score_of(shop, met, item)
            for one, value in reasons.items():
                rest = score_of(shop, [each for each in met if each != one], item)
                assert value == pytest.approx(whole - rest, abs=1e-5)


@pytest.mark.parametrize("name", ["ease", "item-knn"])
def test_linear_reasons_add_up_to_the_score(name: str) -> None:
    found = recommender(name).recommend(USERS, k=4, explain=True)
    assert found.reasons is not None
    for scores, reasons in zip(found.scores, found.reasons, strict=True):
        sums = [sum(one.values()) for one in reasons]
        assert sums == pytest.approx(scores, abs=1e-6)


def test_reasons_of_ease_are_its_weights() -> None:
    shop = recommender("ease")
    assert isinstance(shop.model, EASE) and shop.model.weight is not None
    found = shop.recommend(["ann"], k=2, explain=True)
    assert found.reasons is not None
    for item, reasons in zip(found.items[0], found.reasons[0], strict=True):
        weights = shop.model.weight[ITEMS.index(item)]
        for one, value in reasons.items():
            assert value == pytest.approx(weights[ITEMS.index(int(one))].item())


@pytest.mark.parametrize("name", MODELS)
def test_a_known_user_and_the_same_history_have_the_same_reasons(name: str) -> None:
    shop = recommender(name, item_titles=TITLES)
    user = shop.recommend(["ann"], k=3, explain=True)
    new = shop.recommend([items_of(0)], k=3, explain=True)
    assert user.reasons is not None and new.reasons is not None
    for one, other in zip(user.reasons[0], new.reasons[0], strict=True):
        assert one == pytest.approx(other, abs=1e-6)
    plain = shop.recommend(["ann"], k=3)
    assert plain.reasons is None
    assert (plain.items, plain.scores) == (user.items, user.scores)


def test_a_user_without_items_has_no_reason() -> None:
    graph = BipartiteGraph.from_edge_index(torch.arange(5).expand(2, 5), *SIZE)
    found = Recommender(built("tvdiff"), graph).recommend([5], k=2, explain=True)
    assert found.reasons == [[{}, {}]]


def test_new_items_count_nothing_in_a_history() -> None:
    wider = make().with_items({7: ["bob", "cid"]})
    found = wider.recommend([[100, 120, 7]], k=2, explain=True)
    assert found.reasons is not None
    assert [one[7] for one in found.reasons[0]] == [0.0, 0.0]


def test_what_is_left_of_a_history_keeps_its_weights() -> None:
    item, weight = torch.tensor([0, 2, 3, 5]), torch.tensor([3.0, 0.5, 1.0, 2.0])
    scorer = make(edge_weight=torch.ones(int(MATRIX.sum()))).scorer

    def factor(kept: Tensor) -> Tensor:
        pairs = torch.stack([torch.zeros_like(item[kept]), item[kept]])
        return scorer.query(CSR.from_edge_index(pairs, (1, SIZE[1]), weight[kept]))

    whole, scored = torch.ones(4).bool(), torch.tensor([1, 8, 0])
    assert scorer.factors is not None
    pairs = torch.stack([torch.zeros_like(item), item])
    found = scorer.contributions(CSR.from_edge_index(pairs, (1, 9), weight), scored)
    for place in range(4):
        rest = whole.clone()
        rest[place] = False
        lost = (factor(whole) - factor(rest)) @ scorer.factors.item_factor[scored].t()
        torch.testing.assert_close(found[place], lost[0])


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("bpr-mf", r"got BPRMF, which knows users by their id\)"),
        ("lightgcn", r"got LightGCN, which knows users by their id\)"),
        ("tvdiff", r"got TVDiff, which scores with dropout\)"),
    ],
)
def test_models_that_do_not_explain_say_so(name: str, why: str) -> None:
    model = build(name, *SIZE, hidden_channels=6, score_with_dropout=True)
    message = rf"'explain' needs a model that reads histories \({why}"
    with pytest.raises(ValueError, match=message):
        make(model).recommend(["ann"], explain=True)
