"""A model's scores and a linear item model's, added: against dense products."""

import pytest
import torch
from torch import Tensor

from tests.builders import tvdiff
from tests.models.graphs import graph_of
from tests.oracle import pairs_of, random_matrix
from tvdiff_pyg import BipartiteGraph, Recommender
from tvdiff_pyg.data.new_items import NewItems
from tvdiff_pyg.models import EASE, Blend, ItemItemModel, LightGCN, LocalEASE
from tvdiff_pyg.models.baselines.item_item import ItemItemConfig
from tvdiff_pyg.ranking import scores as module
from tvdiff_pyg.sparse import CSR

NUM_USERS, NUM_ITEMS = 30, 20
MATRIX = random_matrix(NUM_USERS, NUM_ITEMS, density=0.3)
USERS = torch.arange(NUM_USERS)


def blend_of(linear: ItemItemModel, share: float) -> Blend:
    torch.manual_seed(0)
    model = tvdiff(NUM_USERS, NUM_ITEMS, hidden_channels=8)
    model.denoiser.user_embedding.weight.data.mul_(20)  # scores of some spread
    return Blend(model, linear.fit(graph_of(MATRIX)), share).eval()


def scores(blend: Blend, user: Tensor = USERS) -> Tensor:
    score, item = blend.scorer(graph_of(MATRIX)).rank(user, NUM_ITEMS)
    return torch.zeros_like(score).scatter_(1, item, score)


def test_models_that_know_users_by_id_can_be_blended() -> None:
    model = LightGCN(NUM_USERS, NUM_ITEMS, 8)
    blend = Blend(model, EASE(2.0).fit(graph_of(MATRIX)), share=0.0).eval()
    user_factor, item_factor = model(graph_of(MATRIX))
    torch.testing.assert_close(scores(blend), user_factor @ item_factor.t())


@pytest.mark.parametrize("block", [1, 45, 2**24])
@pytest.mark.parametrize("share", [0.0, 0.3, 2.0])
@pytest.mark.parametrize("linear", [LocalEASE(5, l2=2.0), EASE(2.0)], ids=repr)
def test_scores_are_added_in_units_of_their_deviations(
    linear: ItemItemModel, share: float, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BLOCK_ENTRIES", block)
    blend = blend_of(linear, share)
    user_factor, item_factor = blend.model(graph_of(MATRIX))
    own = user_factor @ item_factor.t()
    assert linear.weight is not None
    other = MATRIX.float() @ linear.weight.to_dense().t()
    scale = own.std(correction=0) / other.std(correction=0)
    torch.testing.assert_close(scores(blend), own + share * scale * other)


@pytest.mark.parametrize("share", [0.1, 2.0])
def test_popularity_is_added_in_units_of_its_deviation(share: float) -> None:
    plain = blend_of(LocalEASE(5, l2=2.0), 0.3)
    blend = plain.with_popularity(share)
    assert blend.share == 0.3 and blend.with_share(0.7).popularity_share == share
    assert f"popularity_share={share}" in repr(blend)
    user_factor, item_factor = plain.model(graph_of(MATRIX))
    deviation = (user_factor @ item_factor.t()).std(correction=0)
    log_degree = MATRIX.sum(dim=0).float().log1p()
    bias = share * deviation / log_degree.std(correction=0) * log_degree
    torch.testing.assert_close(scores(blend), scores(plain) + bias)
    torch.testing.assert_close(blend.scorer(graph_of(MATRIX)).item_bias, bias)


def test_popularity_that_is_the_same_everywhere_changes_nothing() -> None:
    even = torch.eye(NUM_USERS, NUM_ITEMS)
    popular = blend_of(LocalEASE(5), 0.3).with_popularity(2.0).scorer(graph_of(even))
    torch.testing.assert_close(popular.item_bias, torch.zeros(NUM_ITEMS))


def test_new_items_are_as_popular_as_their_users_are_many() -> None:
    plain, graph = blend_of(LocalEASE(5), 0.3), graph_of(MATRIX)
    degrees = torch.tensor([1, NUM_USERS])
    pairs = torch.stack(
        [
            torch.tensor([0, 1]).repeat_interleave(degrees),
            torch.cat([torch.tensor([3]), USERS]),
        ]
    )
    new = NewItems(CSR.from_edge_index(pairs, (2, NUM_USERS)))
    found = []
    for blend in (plain, plain.with_popularity(0.5)):
        scorer = blend.scorer(graph)
        score, item = scorer.with_items(new).rank(USERS, NUM_ITEMS + 2)
        found.append(torch.zeros_like(score).scatter_(1, item, score))
    bias = scorer.item_bias
    assert bias is not None
    scale = bias[0] / MATRIX[:, 0].sum().float().log1p()
    expected = torch.cat([bias, scale * degrees.log1p()])
    torch.testing.assert_close(found[1] - found[0], expected.expand(NUM_USERS, -1))


def test_the_linear_model_is_prepared_once_for_a_graph_and_a_fit() -> None:
    blend, graph = blend_of(LocalEASE(5), 0.5), graph_of(MATRIX)
    rankers = [blend.scorer(graph).ranker for _ in range(2)]
    assert blend._prepared is not None and blend._prepared.graph is graph
    first = blend._prepared
    assert blend.with_share(0.1).scorer(graph) and blend._prepared is first
    known = blend.scorer(graph).known(USERS)
    torch.testing.assert_close(*(ranker.search(known, 3) for ranker in rankers))
    blend.linear.fit(graph_of(torch.eye(NUM_USERS, NUM_ITEMS)))
    blend.scorer(graph)
    assert blend._prepared is not first


def test_users_are_scored_alike_in_any_batch() -> None:
    blend = blend_of(LocalEASE(5), 0.5)
    whole = scores(blend)
    for user in USERS.split(7):
        torch.testing.assert_close(scores(blend, user), whole[user])


def test_a_linear_model_that_says_nothing_changes_nothing() -> None:
    apart = torch.eye(NUM_USERS, NUM_ITEMS)  # no two items share a user
    blend = blend_of(LocalEASE(5), 0.5)
    blend.linear.fit(graph_of(apart))
    user_factor, item_factor = blend.model(graph_of(MATRIX))
    torch.testing.assert_close(scores(blend), user_factor @ item_factor.t())


def test_new_histories_and_known_users_get_the_same_items() -> None:
    data = BipartiteGraph.from_edge_index(pairs_of(MATRIX), NUM_USERS, NUM_ITEMS)
    recommender = Recommender(blend_of(LocalEASE(5), 0.5), data)
    known = recommender.recommend([4, 7], k=3)
    history = [row.nonzero().flatten().tolist() for row in MATRIX[[4, 7]]]
    new = recommender.recommend(history, k=3)
    assert new.items == known.items
    for row, items in zip(history, known.items, strict=True):
        assert not set(row) & set(items)
    with pytest.raises(ValueError, match=r"dense factors .*\(got Blend\)"):
        recommender.index()


def test_bad_input_is_refused() -> None:
    model = tvdiff(NUM_USERS, NUM_ITEMS, hidden_channels=8)
    with pytest.raises(ValueError, match=r"'share' needs to be at least 0 \(got -1\)"):
        Blend(model, LocalEASE(), share=-1)
    with pytest.raises(ValueError, match=r"'model' needs to be of dense factors"):
        Blend(EASE(), LocalEASE())
    with pytest.raises(ValueError, match="LocalEASE needs to be fitted before"):
        Blend(model, LocalEASE()).scorer(graph_of(MATRIX))


def test_a_scorer_without_factors_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a model from outside, whose config is left as it is."""
    monkeypatch.setattr(ItemItemConfig, "dense_factors", True)
    graph = graph_of(MATRIX)
    blend = Blend(EASE().fit(graph), LocalEASE().fit(graph))
    message = r"'dense_factors' of EASEConfig needs to be False \(got True\)"
    with pytest.raises(ValueError, match=message):
        blend.scorer(graph)
