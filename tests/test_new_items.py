"""Items that came after training: folded in by the users that met them."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.builders import build, tvdiff
from tests.oracle import item_tower, normalise, pairs_of, random_matrix
from tvdiff_pyg import FitOptions, Settings, fit
from tvdiff_pyg.cli import main
from tvdiff_pyg.data import BipartiteGraph, IdMap
from tvdiff_pyg.data.new_items import NewItems
from tvdiff_pyg.models import Blend, LocalEASE, TVDiff
from tvdiff_pyg.recommend import Recommender
from tvdiff_pyg.sparse import CSR

SIZE = (6, 9)
USERS = ["ann", "bob", "cid", "dan", "eve", "fay"]
ITEMS = [100 + 10 * index for index in range(9)]
MATRIX = random_matrix(*SIZE, density=0.45)
MATRIX[:, 0] = torch.tensor([1, 1, 0, 0, 1, 0])
DENOISERS: list[dict[str, Any]] = [
    {"normalization": "symmetric"},
    {"normalization": "left"},
    {"normalization": "linkprop"},
    {"denoiser": "gcn", "num_layers": 3},
    {"denoiser": "gcn", "num_layers": 2, "combine": "mean", "layer_weights": True},
]


def make(model: Any = None, **kwargs: Any) -> Recommender:
    graph = BipartiteGraph.from_edge_index(
        pairs_of(MATRIX),
        *SIZE,
        user_ids=IdMap(USERS, "user"),
        item_ids=IdMap(ITEMS, "item"),
        **kwargs,
    )
    torch.manual_seed(0)
    return Recommender(model or tvdiff(*SIZE, hidden_channels=6), graph)


def users_of(item: int) -> list[str]:
    return [USERS[user] for user in MATRIX[:, item].nonzero().flatten().tolist()]


def factors(recommender: Recommender) -> Tensor:
    found = recommender.scorer.factors
    assert found is not None
    return found.item_factor


@pytest.mark.parametrize("settings", DENOISERS, ids=str)
def test_the_users_of_an_item_give_its_factor(settings: dict[str, Any]) -> None:
    recommender = make(tvdiff(*SIZE, hidden_channels=6, **settings))
    twins = {1000 + item: users_of(item) for item in range(SIZE[1]) if users_of(item)}
    wider = recommender.with_items(twins)
    found, known = factors(wider), factors(recommender)
    assert torch.equal(found[: SIZE[1]], known)
    assert torch.equal(found[SIZE[1] :], known[[item - 1000 for item in twins]])


@pytest.mark.parametrize("normalization", ["symmetric", "left", "linkprop"])
def test_the_factor_is_that_of_a_graph_that_has_the_item(normalization: str) -> None:
    model = tvdiff(*SIZE, hidden_channels=6, normalization=normalization)
    met = torch.tensor([0, 1, 1, 0, 0, 1]).double()
    wider = make(model).with_items({"7": [USERS[user] for user in (1, 2, 5)]})
    # With the degrees of the users in the training graph ...
    both = torch.cat([MATRIX, met[:, None]], dim=1)
    own = normalise(both, normalization)
    power = {"symmetric": -0.5, "left": -1.0, "linkprop": -0.25}[normalization]
    own = own * (MATRIX.sum(dim=1) / both.sum(dim=1)).pow(power)[:, None]
    table = model.denoiser.user_embedding.weight.double()
    expected = torch.tanh(own.t() @ table)[-1].float()
    torch.testing.assert_close(factors(wider)[-1], expected)
    # ... and so not with those of a graph in which they have met one more.
    assert not expected.allclose(item_tower(model.denoiser, both)[-1].float())


def test_scores_of_others_stay_and_users_are_not_offered_what_they_met() -> None:
    recommender = make()
    wider = recommender.with_items({7: ["bob", "bob", "fay"], 8: ["ann"]})
    before = recommender.recommend(USERS, 20, filter_seen=False)
    after = wider.recommend(USERS, 20, filter_seen=False)
    for user, name in enumerate(USERS):
        scores = dict(zip(after.items[user], after.scores[user], strict=True))
        assert len(scores) == 11
        known = dict(zip(before.items[user], before.scores[user], strict=True))
        assert {item: scores[item] for item in known} == pytest.approx(known)
        offered = set(wider.recommend([name], 20).items[0])
        assert (7 in offered) == (name not in ("bob", "fay"))
        assert (8 in offered) == (name != "ann")
    assert len(recommender.items) == 9 and len(wider.items) == 11


def test_more_items_follow_others() -> None:
    recommender = make()
    first = recommender.with_items({7: ["bob"]}).with_items({8: ["ann", "eve"]})
    both = recommender.with_items({7: ["bob"], 8: ["ann", "eve"]})
    assert torch.equal(factors(first), factors(both))
    assert first.recommend(USERS, 20) == both.recommend(USERS, 20)
    with pytest.raises(ValueError, match=r"'item' id 7 needs to be a new one"):
        first.with_items({7: ["ann"]})


def test_histories_may_hold_new_items() -> None:
    wider = make().with_items({7: users_of(0)})
    plain, mixed = (
        wider.recommend([[110, 130]], 20),
        wider.recommend([[110, 130, 7]], 20),
    )
    assert 7 in plain.items[0] and 7 not in mixed.items[0]
    found = dict(zip(plain.items[0], plain.scores[0], strict=True))
    assert dict(zip(mixed.items[0], mixed.scores[0], strict=True)) == pytest.approx(
        {item: score for item, score in found.items() if item != 7}
    )
    with pytest.raises(ValueError, match=r"an item in each history that the model was"):
        wider.recommend([[110], [7]])


def test_titles() -> None:
    titled = make(item_titles=[f"Film {index}" for index in range(9)])
    wider = titled.with_items({7: ["bob"], 8: ["bob"]}, titles={8: "New film"})
    assert wider.items.titles is not None
    assert wider.items.titles[-3:] == ["Film 8", "7", "New film"]
    assert make().with_items({7: ["bob"]}, titles={7: "x"}).items.titles is None


def test_ids_are_of_the_kind_of_the_others() -> None:
    assert make().with_items({"7": ["bob"]}).items.ids.ids()[-1] == 7
    words = make()
    words.items = type(words.items)(IdMap([f"i{k}" for k in range(9)], "item"))
    assert words.with_items({7: ["bob"]}).items.ids.ids()[-1] == "7"


def test_an_index_holds_new_items() -> None:
    pytest.importorskip("faiss")
    wider = make().with_items({7: ["bob"], 8: ["ann", "eve"]})
    index = wider.index("flat")
    assert (
        wider.recommend(USERS, 5, index=index).items == wider.recommend(USERS, 5).items
    )


@pytest.mark.parametrize("dense", [False, True])
def test_the_linear_model_adds_nothing_to_a_new_item(dense: bool) -> None:
    model: TVDiff = tvdiff(*SIZE, hidden_channels=6)
    adjacency = model.adjacency(pairs_of(MATRIX))
    linear = LocalEASE(4, l2=1.0).fit(adjacency)
    assert linear.weight is not None
    if dense:
        linear.weight = linear.weight.to_dense()
    blended, alone = make(Blend(model, linear, share=0.7)), make(model)
    items = {7: ["bob", "eve"], 8: ["ann"]}
    before = blended.recommend(USERS, 20, filter_seen=False)
    after = blended.with_items(items).recommend(USERS, 20, filter_seen=False)
    own = alone.with_items(items).recommend(USERS, 20, filter_seen=False)
    for user in range(SIZE[0]):
        found, known, plain = (
            dict(zip(one.items[user], one.scores[user], strict=True))
            for one in (after, before, own)
        )
        assert {item: found[item] for item in known} == pytest.approx(known)
        assert [found[7], found[8]] == pytest.approx([plain[7], plain[8]])


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ({}, r"'items' needs to be a dict .*at least one item \(got \{\}\)"),
        ([7], r"'items' needs to be a dict of users by item.*\(got list\)"),
        ({7: []}, r"at least one user for each item \(got none for 7\)"),
        ({7: "bob"}, r"a list of users for each item \(got 'bob' for 7\)"),
        ({7: 3}, r"a list of users for each item \(got 3 for 7\)"),
        ({7: ["bob", "zoe"]}, r"'user' id 'zoe' is unknown \(1 of 2 ids are\)"),
        ({7: ["bob"], 110: ["bob"]}, r"'item' id 110 needs to be a new one \(1 of 2"),
        ({7: ["bob"], "7": ["bob"]}, r"'item' needs ids of one type \(got '7' as"),
        ({"x": ["bob"]}, r"'item' id 'x' needs to be an integer, as all others are"),
    ],
)
def test_errors(items: Any, message: str) -> None:
    recommender = make()
    with pytest.raises(ValueError, match=message):
        recommender.with_items(items)
    assert len(recommender.items) == 9


@pytest.mark.parametrize(
    ("name", "settings", "who"),
    [
        ("tvdiff", {"normalization": "none"}, "a denoiser that reads no graph"),
        ("tvdiff", {"denoiser": "mlp"}, "a denoiser that reads no graph"),
        ("tvdiff", {"score_with_dropout": True}, "'score_with_dropout'"),
        ("bpr-mf", {}, "model 'bpr-mf'"),
        ("popularity", {}, "model 'popularity'"),
        ("diffrec", {}, "model 'diffrec'"),
    ],
)
def test_who_cannot_fold_in_says_so(name: str, settings: Any, who: str) -> None:
    model = build(name, *SIZE, hidden_channels=6, **settings)
    said = f"'items' has no use with {who}, which ranks only the items"
    with pytest.raises(ValueError, match=said):
        make(model).with_items({7: ["bob"]})


def test_a_command_offers_new_items(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(hidden_channels=6, num_timesteps=2, max_epochs=1)
    run, options = str(tmp_path / "run"), FitOptions(progress=False, final=True)
    fit(make().graph, settings, run=run, options=options)
    file = tmp_path / "new.csv"
    file.write_text("user,item\nbob,7\neve,7\nann,8\n")
    ask = ["recommend", run, "--user", "ann", "-k", "20", "--json"]
    assert main([*ask, "--new-items", str(file)]) == 0
    found = [row["item"] for row in json.loads(capsys.readouterr().out)]
    assert 7 in found and 8 not in found
    for text, said in (
        ("user,item\nzoe,7\n", "'user' id 'zoe' is unknown"),
        ("user,item\nbob,110\n", "'item' id 110 needs to be a new one"),
        ("", "got an empty file"),
        ("a\nb\n", "needs two or more columns"),
    ):
        file.write_text(text)
        assert main([*ask, "--new-items", str(file)]) == 2
        told = capsys.readouterr().err
        assert "tvdiff: 'new_items' (--new-items) needs known users" in told
        assert f"(got {file}: " in told and said in told


def test_rows_are_those_of_the_users() -> None:
    new = NewItems.read({1: ["cid", "ann"], 2: iter(["fay"])}, IdMap(USERS, "user"))
    dense = torch.zeros(2, 6)
    dense[new.rows.row(), new.rows.col] = 1
    assert dense.tolist() == [[1, 0, 1, 0, 0, 0], [0, 0, 0, 0, 0, 1]]
    assert isinstance(new.rows, CSR) and len(new) == 2


@pytest.mark.parametrize("titles", [["New"], "New", 7])
def test_titles_are_a_dict(titles: Any) -> None:
    with pytest.raises(ValueError, match="'titles' needs to be a dict of titles by"):
        make().with_items({7: ["bob"]}, titles=titles)


@pytest.mark.parametrize("flag", ["filter_seen", "explain"])
@pytest.mark.parametrize("value", ["no", 0, None])
def test_flags_are_true_or_false(flag: str, value: Any) -> None:
    recommender = make()
    user = recommender.graph.user_ids.ids()[:1]
    with pytest.raises(ValueError, match=f"'{flag}' needs to be true or false"):
        recommender.recommend(user, **{flag: value})
