"""Features of users and items in TV-Diff: the losses, cold nodes, and run folders."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.builders import build
from tests.models.test_tvdiff import ITEM, MATRIX, SIZE, USER, assert_losses_agree
from tests.models.test_tvdiff import make_model as make_plain
from tests.oracle import pairs_of
from tvdiff_pyg import FitOptions, Recommender, Settings, fit
from tvdiff_pyg.cli import main
from tvdiff_pyg.data import BipartiteGraph, GraphSize, NodeFeatures
from tvdiff_pyg.models import MODELS, TVDiff
from tvdiff_pyg.sampled import neighbor_loader
from tvdiff_pyg.training import RunFolder

X = {
    "user": torch.randn(SIZE[0], 3, generator=torch.Generator().manual_seed(1)),
    "item": torch.randn(SIZE[1], 4, generator=torch.Generator().manual_seed(2)),
}
QUIET = FitOptions(progress=False, device="cpu", diagnose=False)


def make_graph(*sides: str) -> BipartiteGraph:
    graph = BipartiteGraph.from_edge_index(pairs_of(MATRIX), *SIZE)
    return NodeFeatures(**{side: X[side] for side in sides}).put(graph)


def make_model(*sides: str, **settings: Any) -> TVDiff:
    model = make_plain(**{"features": "beside", **settings})
    model.read_features(make_graph(*sides))
    for side in sides:
        encoder: Any = getattr(model.denoiser, f"{side}_encoder")
        encoder.scale.mul_(5)
    return model.double()


@pytest.mark.parametrize("over", ["users", "interactions"])
@pytest.mark.parametrize("use", ["beside", "instead"])
def test_the_loss_is_that_of_the_dense_reference(use: str, over: str) -> None:
    model = make_model("item", features=use, hidden_channels=SIZE[1] + 3)
    item = ITEM if over == "interactions" else None
    assert_losses_agree(model, USER, item, None, 1e-9)


@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("over", ["users", "interactions"])
def test_a_sample_of_all_is_the_exact_engine(num_layers: int, over: str) -> None:
    settings = {"denoiser": "gcn", "num_layers": num_layers, "temperature": 2.0}
    model = make_model("user", "item", **settings)
    adjacency, pairs = model.adjacency(pairs_of(MATRIX)), pairs_of(MATRIX)[:, ::4]
    index = torch.tensor([7, 0, 3]) if over == "users" else pairs
    hops = -1, SIZE[1], num_layers
    batch = next(iter(neighbor_loader(adjacency, index, *hops, batch_size=99)))
    exact = (index,) if over == "users" else tuple(index)

    def gradients(loss: Any) -> list[Tensor]:
        torch.manual_seed(1)
        model.zero_grad()
        values = loss()
        values.free_energy.backward()
        return [*values, *(one.grad for one in model.parameters())]

    found = gradients(lambda: model.sampled_loss(adjacency, batch))
    expected = gradients(lambda: model.training_loss(adjacency, *exact))
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-7)


@torch.no_grad()
def test_known_users_are_ranked_by_their_features_and_new_ones_are_not() -> None:
    model = make_model("user", num_timesteps=1)
    scorer = model.eval().scorer(make_graph("user"))
    denoiser, user = model.denoiser, torch.tensor([3, 9])
    history = scorer.rows.select(user)
    sums = MATRIX[user] @ denoiser.item_embedding.weight
    kept = denoiser.user_encoder.keep(None, user)
    for hidden, found in (
        (sums, scorer.query(history)),
        (sums + kept, scorer.known(user)),
        (sums + kept, model(make_graph("user"))[0][user]),
    ):
        torch.testing.assert_close(found, denoiser.user_factor(hidden, 0))


def planted(num_users: int = 60, num_items: int = 44) -> tuple[Tensor, Tensor, Tensor]:
    """Users and items of two kinds, who mostly meet within their kind."""
    generator = torch.Generator().manual_seed(0)
    user, item = torch.arange(num_users) % 2, torch.arange(num_items) % 2
    like = torch.where(user[:, None] == item, 0.5, 0.03)
    met = torch.rand(num_users, num_items, generator=generator) < like
    return met, user, item


@pytest.fixture(scope="module")
def trained() -> Recommender:
    """A model of 40 of 44 items and of 60 users, of whom 4 have met nothing."""
    met, user, item = planted()
    met[-4:] = False
    graph = BipartiteGraph.from_edge_index(pairs_of(met[:, :40]), 60, 40)
    kinds = torch.eye(2)
    graph = NodeFeatures(kinds[user].to_sparse_csr(), kinds[item[:40]]).put(graph)
    torch.manual_seed(0)
    use = {"features": "beside", "message_dropout": 0.3}
    model = build("tvdiff", 60, 40, hidden_channels=8, num_timesteps=1, **use)
    model.read_features(graph)
    adjacency = model.adjacency_of(graph)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(250):
        optimizer.zero_grad()
        model.training_loss(adjacency, torch.arange(60)).free_energy.backward()
        optimizer.step()
    return Recommender(model, graph)


def test_items_without_history_rank_by_features(trained: Recommender) -> None:
    _, _, item = planted()
    new = {one: [] for one in range(40, 44)}
    wider = trained.with_items(new, x=torch.eye(2)[item[40:]])
    found = wider.recommend(range(56), k=44, filter_seen=False)
    for one in range(56):
        ranked = [other for other in found.items[one] if other in new]
        assert [other % 2 for other in ranked[:2]] == [one % 2] * 2
    # And a history may hold nothing else.
    assert len(wider.recommend([[40, 42]], k=10).items[0]) == 10


def test_users_without_history_rank_by_features(trained: Recommender) -> None:
    found = trained.recommend(range(56, 60), k=10)
    for user, items in zip(range(56, 60), found.items, strict=True):
        assert sum(item % 2 == user % 2 for item in items) >= 7


@pytest.mark.parametrize("denoiser", ["anisotropic", "gcn"])
def test_users_and_features_of_a_known_item_give_its_factor(denoiser: str) -> None:
    model = make_model("user", "item", denoiser=denoiser)
    recommender = Recommender(model.float(), make_graph("user", "item"))
    twins = {100 + i: MATRIX[:, i].nonzero().flatten() for i in range(SIZE[1])}
    wider = recommender.with_items(twins, x=X["item"])
    factors, embedding = (
        (one.scorer.item_factor, one.scorer.embedding) for one in (recommender, wider)
    )
    assert torch.equal(embedding[0][SIZE[1] :], factors[0])
    sent = model.denoiser.item_encoder.send()
    torch.testing.assert_close(embedding[1][SIZE[1] :], sent)
    # Without features, the item's messages alone.
    plain = recommender.with_items({100: [0, 2]}).scorer.item_factor[-1]
    given = recommender.with_items({100: [0, 2]}, x=torch.zeros(1, 4))
    assert torch.equal(plain, given.scorer.item_factor[-1])


def test_features_of_new_items_that_are_refused() -> None:
    recommender = Recommender(make_model("item").float(), make_graph("item"))
    for items, x, message in (
        ({7: []}, None, r"at least one user for each item"),
        ({100: []}, X["item"][:1, :3], r"'x' needs 4 features of each item, .*got 3\)"),
        ({100: []}, X["item"], r"'x' needs to be of shape \[1, num_features\]"),
        ({100: []}, X["item"][:1] / 0, r"'x' needs to be finite"),
        ({7: []}, X["item"][:1], r"'item' id 7 needs to be a new one"),
    ):
        with pytest.raises(ValueError, match=message):
            recommender.with_items(items, x=x)
    users_only = Recommender(make_model("user").float(), make_graph("user"))
    with pytest.raises(ValueError, match=r"'x' has no use with a model that reads no"):
        users_only.with_items({100: [0]}, x=X["item"][:1])


@pytest.mark.parametrize(
    ("use", "engine"), [("beside", "exact"), ("instead", "sampled")]
)
def test_a_run_is_read_back_and_resumed(use: str, engine: str, tmp_path: Path) -> None:
    settings = Settings(
        features=use,
        message_dropout=0.2,
        hidden_channels=6,
        num_timesteps=2,
        max_epochs=1,
        engine=engine,
        linear_share=0.3 if use == "beside" else 0.0,
    )
    graph = make_graph("user", "item")
    graph["item"].x = X["item"].to_sparse_coo()
    options = FitOptions(progress=False, device="cpu", diagnose=False, final=True)
    fit(graph, settings, run=tmp_path / "run", options=options)
    more = FitOptions(
        progress=False, device="cpu", diagnose=False, final=True, resume=True
    )
    fit(graph, settings.but(max_epochs=3), run=tmp_path / "run", options=more)
    whole = settings.but(max_epochs=3)
    fit(graph, whole, run=tmp_path / "whole", options=options)
    resumed, straight = (
        RunFolder(tmp_path / name).model().state_dict() for name in ("run", "whole")
    )
    names = [name for name in straight if "encoder" in name]
    assert len(names) == 6
    for name in names:
        torch.testing.assert_close(resumed[name], straight[name])
    assert len(Recommender.load(tmp_path / "run").recommend([0], k=3).items[0]) == 3
    other = make_graph("user", "item")
    other["item"].x = 2 * X["item"]
    with pytest.raises(ValueError, match=r"interactions that the run began with"):
        fit(other, settings.but(max_epochs=4), run=tmp_path / "run", options=more)


def test_features_that_are_missing_or_left_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    short = {"hidden_channels": 4, "num_timesteps": 2, "max_epochs": 1}
    options = FitOptions(progress=False, device="cpu", diagnose=False, final=True)
    with pytest.raises(ValueError, match=r"'features' needs 'x' of users or of items"):
        settings = Settings(features="beside", **short)
        fit(make_graph(), settings, run=tmp_path / "run", options=options)
    assert not (tmp_path / "run").exists()
    with caplog.at_level("INFO", logger="tvdiff_pyg"):
        run = tmp_path / "run"
        fit(make_graph("user", "item"), Settings(**short), run=run, options=options)
    assert "features of users and of items are left alone by a denoiser" in caplog.text


@pytest.mark.parametrize("name", MODELS.names())
def test_who_does_not_read_them_refuses_them(name: str) -> None:
    kind = MODELS[name].config
    assert kind is not None
    config: Any = kind()
    who = "a denoiser of 'features' 'none'" if name == "tvdiff" else f"model '{name}'"
    said = f"'item_features' has no use with {who}, which reads no features"
    with pytest.raises(ValueError, match=said):
        config.check_features("item_features")
    if name == "tvdiff":
        Settings(features="instead").model.check_features("item_features")
        Settings(features="beside", linear_share=0.2).model.check_features("x")


def test_the_command_line_refuses_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log, films = tmp_path / "log.csv", tmp_path / "films.csv"
    pairs = "".join(f"{u},{i}\n" for u in range(8) for i in range(9) if (u + i) % 3)
    log.write_text("user,item\n" + pairs)
    films.write_text("item,kind\n" + "".join(f"{i},{'xy'[i % 2]}\n" for i in range(9)))
    fast = ["--hidden-channels", "4", "--max-epochs", "1", "--num-timesteps", "2"]
    fast += ["--device", "cpu", "--progress", "false", "--run", str(tmp_path / "run")]
    args = ["fit", "--data", str(log), "--item-features", str(films), *fast]
    assert main(args) == 2
    assert "'item_features' has no use with a denoiser of" in capsys.readouterr().err
    assert main([*args, "--features", "beside", "--message-dropout", "0.2"]) == 0
    config = RunFolder(tmp_path / "run").config()
    assert config["message_dropout"] == 0.2 and config["item_features"] == str(films)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"initialization": "spectral", "features": "instead"}, "'initialization' "),
        ({"score_with_dropout": True, "features": "beside"}, "'score_with_dropout' "),
        ({"message_dropout": 0.5}, "'message_dropout' is not read with"),
    ],
)
def test_settings_that_contradict_each_other(settings: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Settings(**settings)


def test_the_memory_plan_counts_them() -> None:
    size = GraphSize.of(make_graph("user", "item"))
    assert (size.num_features, size.num_entries) == (7, 12 * 3 + 15 * 4)
    model = Settings(features="beside", hidden_channels=8).model
    step = Settings(features="beside").training.step(model)
    with_them = model.memory(size, step)
    without = Settings(hidden_channels=8).model.memory(size, step)
    more = with_them.pop("features")
    assert with_them == without and more >= 4 * 4 * 2 * 7 * 8
