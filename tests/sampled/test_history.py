"""Sums over all users as they last were, corrected by a sample."""

import weakref
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch_geometric.typing import OptTensor

from tests.builders import tvdiff
from tests.oracle import pairs_of, random_matrix
from tvdiff_pyg import FitOptions, Settings, TVDiff, fit
from tvdiff_pyg.data import SyntheticBipartite
from tvdiff_pyg.nn import AnisotropicDenoiser, GCNDenoiser
from tvdiff_pyg.sampled import (
    BatchSums,
    HistoricalSums,
    TrainingBatch,
    neighbor_loader,
)
from tvdiff_pyg.sampled.check_sums import check_sums
from tvdiff_pyg.sparse import BipartiteAdjacency

SIZE = (40, 30)
PAIRS = pairs_of(random_matrix(*SIZE, density=0.25))
USERS = torch.arange(SIZE[0])
DRAWS = 60


LAYERS: dict[str, dict[str, Any]] = {
    "one": {},
    "two": {"denoiser": "gcn", "num_layers": 2},
    "three": {"denoiser": "gcn", "num_layers": 3, "combine": "mean"},
    "residual": {
        "denoiser": "gcn",
        "num_layers": 3,
        "combine": "residual",
        "layer_weights": True,
        "activation": "relu",
    },
}
SEVERAL = [name for name in LAYERS if name != "one"]


@pytest.fixture
def layers() -> str:
    return "one"


@pytest.fixture
def model(layers: str) -> TVDiff:
    return built(**LAYERS[layers])


def built(**settings: Any) -> TVDiff:
    torch.manual_seed(0)
    fixed: dict[str, Any] = {"hidden_channels": 6, "num_timesteps": 1, "dropout": 0.0}
    return tvdiff(*SIZE, **(fixed | {"entropy_type": "nll"} | settings)).double()


@pytest.fixture
def adjacency(model: TVDiff) -> BipartiteAdjacency:
    return model.adjacency(PAIRS)


def change(model: TVDiff, by: float) -> None:
    """Move the embeddings on, as steps would."""
    with torch.no_grad():
        for table in (model.denoiser.user_embedding, model.denoiser.item_embedding):
            table.weight.add_(by * torch.randn_like(table.weight))


def sampled(model: TVDiff, adjacency: BipartiteAdjacency) -> TrainingBatch:
    num_layers = model.denoiser.num_layers
    given = dict(num_neighbors=3, num_pool=SIZE[1], num_layers=num_layers)
    loader = neighbor_loader(adjacency, USERS, batch_size=SIZE[0], **given)
    batch = next(iter(loader))
    return TrainingBatch.sampled(adjacency, batch, "symmetric", num_layers == 1)


def summed(sums: BatchSums, batch: TrainingBatch) -> Tensor:
    """Return the sums over each user's items, and then those over each item's users."""
    source, embedding = sums.embed(batch)
    item = torch.arange(SIZE[1]) if batch.n_id is None else batch.n_id[1]
    to_item = sums.item_factor(batch, source).atanh()
    in_order = torch.empty_like(to_item).index_copy_(0, item, to_item)
    return torch.cat([sums.project(batch, embedding), in_order]).detach()


def estimates(
    model: TVDiff, adjacency: BipartiteAdjacency, by: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Return sums by history, ``[draws, users and items, channels]``, those of the
    samples alone, and the exact ones.
    """
    history, plain = model.historical_sums(adjacency), BatchSums(model.denoiser)
    change(model, by)
    batches = [sampled(model, adjacency) for _ in range(DRAWS)]
    corrected, alone = (
        torch.stack([summed(sums, batch) for batch in batches])
        for sums in (history, plain)
    )
    whole = TrainingBatch.full(adjacency, USERS)
    return corrected, alone, summed(plain, whole)


def share_of_variance(found: Tensor, plain: Tensor) -> float:
    return float(found.var(0).sum() / plain.var(0).sum())


# What a layer squashes is no sum any more: without that, two layers are unbiased, too.
UNBIASED = {**LAYERS, "two": {**LAYERS["two"], "activation": "none"}}


@pytest.mark.parametrize("by", [0.02, 0.5])
@pytest.mark.parametrize("layers", ["one", "two"])
def test_corrected_sums_are_unbiased_however_old(layers: str, by: float) -> None:
    model = built(**UNBIASED[layers])
    found, plain, expected = estimates(model, model.adjacency(PAIRS), by)
    error = found.std(0) / DRAWS**0.5
    assert ((found.mean(0) - expected).abs() <= 5 * error + 1e-9).all()
    # No variance but that of what has changed since.
    assert share_of_variance(found, plain) < (0.05 if by < 0.1 else 4)


@pytest.mark.parametrize("layers", SEVERAL)
def test_sums_of_several_layers_are_steadier(
    model: TVDiff, adjacency: BipartiteAdjacency
) -> None:
    found, plain, expected = estimates(model, adjacency, 0.02)
    assert share_of_variance(found, plain) < 0.05
    off, before = ((one.mean(0) - expected).norm() for one in (found, plain))
    assert off < 0.2 * before


@pytest.mark.parametrize("layers", LAYERS)
def test_fresh_sums_are_exact(model: TVDiff, adjacency: BipartiteAdjacency) -> None:
    found, plain, expected = estimates(model, adjacency, 0.0)
    torch.testing.assert_close(found, expected.expand_as(found))
    assert plain.var(0).sum() > 0.01


@pytest.mark.parametrize("layers", SEVERAL)
def test_dropout_leaves_the_sums_unbiased(layers: str) -> None:
    model = built(**LAYERS[layers], dropout=0.5)
    adjacency = model.adjacency(PAIRS)
    history = model.historical_sums(adjacency)
    batch = sampled(model, adjacency)
    _, embedding = history.embed(batch)
    drawn = torch.stack([history.project(batch, embedding) for _ in range(400)])
    model.eval()
    expected = history.project(batch, embedding)
    error = drawn.std(0) / 20
    assert (error > 0).any()
    assert ((drawn.mean(0) - expected).abs() <= 5 * error + 1e-9).all()


def test_the_energy_is_unbiased_and_steadier(
    model: TVDiff, adjacency: BipartiteAdjacency
) -> None:
    """With all users of each item and stale sums, only the pool is random."""
    history = model.historical_sums(adjacency)
    change(model, 0.05)
    few = USERS[:2]  # whose items are not nearly all
    exact = model.training_loss(adjacency, few).energy
    energies = []
    for given in (None, history):
        torch.manual_seed(0)
        drawn = [
            model.sampled_loss(
                adjacency,
                next(iter(neighbor_loader(adjacency, few, -1, 6, batch_size=2))),
                history=given,
            ).energy
            for _ in range(36)
        ]
        energies.append(torch.stack(drawn))
    for energy in energies:
        assert abs(energy.mean() - exact) < 4 * energy.std() / 6 + 1e-6
    assert energies[1].std() < 0.6 * energies[0].std()


def check_exact(
    model: TVDiff, adjacency: BipartiteAdjacency, history: HistoricalSums
) -> None:
    """With all neighbours, the loss and its gradients are those of the whole graph."""
    gradients = []
    loader = neighbor_loader(adjacency, USERS, -1, SIZE[1], batch_size=SIZE[0])
    batch = next(iter(loader))
    for loss in (
        lambda: model.training_loss(adjacency, USERS),
        lambda: model.sampled_loss(adjacency, batch, history=history),
    ):
        model.zero_grad()
        torch.manual_seed(1)
        values = loss()
        values.free_energy.backward()
        gradients.append([*values, *(one.grad for one in model.parameters())])
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("layers", LAYERS)
def test_with_all_neighbors_gradients_are_exact(
    model: TVDiff, adjacency: BipartiteAdjacency
) -> None:
    history = model.historical_sums(adjacency)
    change(model, 0.3)
    check_exact(model, adjacency, history)


@pytest.mark.parametrize("features", ["beside", "instead"])
@pytest.mark.parametrize("layers", LAYERS)
def test_with_features_gradients_are_exact(layers: str, features: str) -> None:
    """What items keep of them is learned, too, between two passes."""
    model = built(**LAYERS[layers], features=features)
    x = torch.rand(SIZE[0], 4), torch.rand(SIZE[1], 5)
    model.denoiser.set_features(*x)
    model.double()
    adjacency = model.adjacency(PAIRS)
    history = model.historical_sums(adjacency)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(0.3 * torch.randn_like(weight))
    check_exact(model, adjacency, history)


def trained(folder: Path, **settings: Any) -> dict[str, Any]:
    """Train for two epochs of five steps, with a pass every three."""
    fixed: dict[str, Any] = {"hidden_channels": 8, "batch_size": 100, "max_epochs": 2}
    every = Settings(engine="sampled", refresh_every=3, **fixed, **settings)
    graph = SyntheticBipartite(60, 40, 600)[0]
    options = FitOptions(progress=False, diagnose=False)
    return fit(graph, every, run=folder / "run", options=options)


def test_a_pass_every_few_steps(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given = []
    loss = TVDiff.sampled_loss
    monkeypatch.setattr(
        TVDiff,
        "sampled_loss",
        lambda *args, history=None: (
            given.append(history),
            loss(*args, history=history),
        )[1],
    )
    trained(tmp_path, num_neighbors=3, num_pool=10)
    # Five steps an epoch: a pass at the first and at the fourth.
    passes = [given.index(one) for one in given]
    assert passes == [0, 0, 0, 3, 3, 5, 5, 5, 8, 8]


def test_a_pass_is_gone_before_the_next(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made: list[weakref.ref[HistoricalSums]] = []
    kept: list[int] = []
    sums = TVDiff.historical_sums

    def counted(self: TVDiff, adjacency: BipartiteAdjacency) -> HistoricalSums:
        kept.append(sum(one() is not None for one in made))
        found = sums(self, adjacency)
        made.append(weakref.ref(found))
        return found

    monkeypatch.setattr(TVDiff, "historical_sums", counted)
    trained(tmp_path)
    assert kept == [0, 0, 0, 0]


@pytest.mark.parametrize("layers", SEVERAL)
def test_several_layers_train_by_them(layers: str, tmp_path: Path) -> None:
    metrics = trained(tmp_path, num_neighbors=3, num_pool=10, **LAYERS[layers])
    assert metrics["test"]["ndcg@20"] > 0


class Gated(AnisotropicDenoiser):
    """Item factors that are more than squashed sums."""

    def item_factor(self, *args: Any, **kwargs: Any) -> Tensor:
        return super().item_factor(*args, **kwargs) * 0.5


class Embedding(GCNDenoiser):
    """Embeddings that are not those of its layers."""

    def embed(self, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        user, item = super().embed(*args, **kwargs)
        return user, 2 * item


class Projecting(GCNDenoiser):
    """Sums with a constant."""

    def project(self, *args: Any, **kwargs: Any) -> Tensor:
        return super().project(*args, **kwargs) + 1


class Learned(GCNDenoiser):
    """A weight that changes nothing at first."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scale = torch.nn.Parameter(torch.ones(()))


class Scaled(Learned):
    def item_factor(self, *args: Any, **kwargs: Any) -> Tensor:
        return self.scale * super().item_factor(*args, **kwargs)


class ScaledSquash(Learned):
    def squash_items(self, *args: Any, **kwargs: Any) -> Tensor:
        return self.scale * super().squash_items(*args, **kwargs)


class ScaledGather(Learned):
    def gather(self, *args: Any, **kwargs: Any) -> Tensor:
        return self.scale * super().gather(*args, **kwargs)


class ScaledMessage(Learned):
    def message(self, x_j: Tensor, edge_weight: OptTensor) -> Tensor:
        return self.scale * super().message(x_j, edge_weight)


class Unsquashed(GCNDenoiser):
    """The same, while sums are as small as at first."""

    def item_factor(self, *args: Any, **kwargs: Any) -> Tensor:
        return super().item_factor(*args, **kwargs).atanh()


class Gathering(GCNDenoiser):
    """Sums with a constant, of items."""

    def gather(self, *args: Any, **kwargs: Any) -> Tensor:
        return super().gather(*args, **kwargs) + 1


class Sending(GCNDenoiser):
    """What reaches nodes of several layers is no sum."""

    def send(self, *args: Any, **kwargs: Any) -> Tensor:
        return super().send(*args, **kwargs).relu()


class Cut(GCNDenoiser):
    """Messages that are cut off."""

    def message(self, x_j: Tensor, edge_weight: OptTensor) -> Tensor:
        return super().message(x_j, edge_weight).relu()


FACTORS, ADD_UP = r"item factors that are squashed sums", "to add up neighbours, "


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (Embedding, FACTORS),
        (Projecting, "to project"),
        (Scaled, FACTORS),
        (ScaledSquash, FACTORS),
        (ScaledGather, ADD_UP),
        (ScaledMessage, ADD_UP),
        (Unsquashed, FACTORS),
        (Gathering, ADD_UP),
        (Sending, ADD_UP),
        (Cut, ADD_UP),
    ],
)
def test_what_computes_something_else_is_refused(
    kind: type[GCNDenoiser], message: str
) -> None:
    adjacency = BipartiteAdjacency.from_edge_index(PAIRS, SIZE)
    denoiser = kind(*SIZE, 6, num_layers=2)
    expected = rf"'denoiser' needs {message}.* \(got {kind.__name__}"
    with pytest.raises(ValueError, match=expected):
        HistoricalSums.of(denoiser, adjacency)


def test_factors_that_are_more_are_refused() -> None:
    adjacency = BipartiteAdjacency.from_edge_index(PAIRS, SIZE)
    with pytest.raises(ValueError, match=rf"'denoiser' needs {FACTORS} .* \(got Gated"):
        HistoricalSums.of(Gated(*SIZE, 6), adjacency)


class Through(GCNDenoiser):
    """Looks up and carries on otherwise, which is its own affair."""

    def look_up(self, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        user, item = super().look_up(*args, **kwargs)
        return torch.nn.functional.normalize(user), 2 * item

    def through_layers(self, user: Tensor, item: Tensor, messages: Any) -> Any:
        for _ in range(2):
            to_user, to_item = messages(user, item)
            user, item = to_user.relu(), item + to_item.tanh()
        return 2 * user, item


@pytest.mark.parametrize("num_layers", [1, 2])
def test_layers_of_ones_own(num_layers: int) -> None:
    torch.manual_seed(0)
    config = built(denoiser="gcn", num_layers=num_layers).config
    denoiser = Through(*SIZE, 6, dropout=0.0, num_layers=num_layers)
    model = TVDiff.around(denoiser, config).double()
    adjacency = model.adjacency(PAIRS)
    history = model.historical_sums(adjacency)
    change(model, 0.3)
    check_exact(model, adjacency, history)


@pytest.mark.parametrize("layers", ["one", "two"])
def test_messages_that_are_left_out_at_random(layers: str) -> None:
    """They are of items whose sums are squashed all the same."""
    model = built(**LAYERS[layers], features="beside", message_dropout=0.5)
    model.denoiser.set_features(item=torch.rand(SIZE[1], 5))
    state = torch.get_rng_state()
    adjacency = model.double().adjacency(PAIRS)
    check_sums(model.denoiser, adjacency)
    assert torch.equal(torch.get_rng_state(), state)
    factor = model.historical_sums(adjacency).factor
    expected = model.eval().historical_sums(adjacency).factor
    assert 0 < (factor - expected).norm() < expected.norm()


def test_what_diverged_is_not_refused() -> None:
    """Training tells by itself that weights are no numbers any more."""
    model = built(features="beside")
    model.denoiser.set_features(item=torch.rand(SIZE[1], 5))
    adjacency = model.double().adjacency(PAIRS)
    with torch.no_grad():
        for weight in model.parameters():
            weight.fill_(torch.nan)
    assert model.historical_sums(adjacency).factor.isnan().any()


def test_what_has_no_such_sums() -> None:
    mlp = tvdiff(*SIZE, denoiser="mlp", hidden_channels=6)
    with pytest.raises(ValueError, match=r"'denoiser' needs item factors .* \(got MLP"):
        mlp.historical_sums(mlp.adjacency(PAIRS))
    with pytest.raises(ValueError, match=r"'refresh_every' needs to be 0 with this"):
        Settings(denoiser="mlp", refresh_every=3)
    with pytest.raises(ValueError, match=r"'refresh_every' needs to be at least 0"):
        Settings(refresh_every=-1)
