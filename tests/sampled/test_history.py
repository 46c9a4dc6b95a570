"""Sums over all users as they last were, corrected by a sample."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.builders import tvdiff
from tests.oracle import pairs_of, random_matrix
from tvdiff_pyg import FitOptions, Settings, TVDiff, fit
from tvdiff_pyg.data import SyntheticBipartite
from tvdiff_pyg.sampled import TrainingBatch, neighbor_loader
from tvdiff_pyg.sparse import BipartiteAdjacency

SIZE = (40, 30)
PAIRS = pairs_of(random_matrix(*SIZE, density=0.25))
USERS = torch.arange(SIZE[0])
DRAWS = 60


@pytest.fixture
def model() -> TVDiff:
    torch.manual_seed(0)
    return tvdiff(
        *SIZE, hidden_channels=6, dropout=0.0, num_timesteps=1, entropy_type="nll"
    ).double()


@pytest.fixture
def adjacency(model: TVDiff) -> BipartiteAdjacency:
    return model.adjacency(PAIRS)


def change(model: TVDiff, by: float) -> None:
    """Move the users' embeddings on, as steps would."""
    table = model.denoiser.user_embedding
    assert table is not None
    with torch.no_grad():
        table.weight.add_(by * torch.randn_like(table.weight))


def sampled(adjacency: BipartiteAdjacency, cap: int, pool: int) -> TrainingBatch:
    loader = neighbor_loader(adjacency, USERS, cap, pool, batch_size=SIZE[0])
    return TrainingBatch.sampled(adjacency, next(iter(loader)), "symmetric", True)


def exact_sums(model: TVDiff, adjacency: BipartiteAdjacency) -> Tensor:
    return model.denoiser.gather(adjacency.item_rows, adjacency.item_rows.value)


def estimates(
    model: TVDiff, adjacency: BipartiteAdjacency, by: float
) -> tuple[Tensor, Tensor]:
    """Return estimated sums of all items, [draws, items, channels]; and the old way."""
    history = model.historical_sums(adjacency)
    change(model, by)
    both: tuple[list[Tensor], list[Tensor]] = [], []
    for _ in range(DRAWS):
        batch = sampled(adjacency, 3, SIZE[1])
        _, item = batch.ids()
        source, _ = model.denoiser.look_up(batch.n_id)
        plain = model.denoiser.gather(
            batch.item_rows, batch.item_rows.value, batch.n_id, source
        )
        for found, sums in zip(
            both, (history.item_factor(batch, source).atanh(), plain), strict=True
        ):
            found.append(torch.empty_like(sums).index_copy_(0, item, sums))
    return torch.stack(both[0]).detach(), torch.stack(both[1]).detach()


@pytest.mark.parametrize("by", [0.02, 0.5])
def test_corrected_sums_are_unbiased_however_old(
    model: TVDiff, adjacency: BipartiteAdjacency, by: float
) -> None:
    found, plain = estimates(model, adjacency, by)
    expected = exact_sums(model, adjacency).detach()
    error = found.std(0) / DRAWS**0.5
    assert ((found.mean(0) - expected).abs() <= 5 * error + 1e-9).all()
    # No variance but that of what has changed since.
    share = found.var(0).sum() / plain.var(0).sum()
    assert share < (0.05 if by < 0.1 else 4)


def test_fresh_sums_are_exact(model: TVDiff, adjacency: BipartiteAdjacency) -> None:
    found, plain = estimates(model, adjacency, 0.0)
    expected = exact_sums(model, adjacency).detach()
    torch.testing.assert_close(found, expected.expand_as(found))
    assert plain.var(0).sum() > 0.01


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


def test_with_all_neighbors_gradients_are_exact(
    model: TVDiff, adjacency: BipartiteAdjacency
) -> None:
    history = model.historical_sums(adjacency)
    change(model, 0.3)
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
    settings = Settings(
        hidden_channels=8,
        engine="sampled",
        num_neighbors=3,
        num_pool=10,
        batch_size=100,
        max_epochs=2,
        refresh_every=3,
    )
    graph = SyntheticBipartite(60, 40, 600)[0]
    options = FitOptions(progress=False, diagnose=False)
    fit(graph, settings, run=tmp_path / "run", options=options)
    # Five steps an epoch: a pass at the first and at the fourth.
    passes = [given.index(one) for one in given]
    assert passes == [0, 0, 0, 3, 3, 5, 5, 5, 8, 8]


def test_what_has_no_such_sums() -> None:
    mlp = tvdiff(*SIZE, denoiser="mlp", hidden_channels=6)
    with pytest.raises(ValueError, match=r"'denoiser' needs item factors .* \(got MLP"):
        mlp.historical_sums(mlp.adjacency(PAIRS))
    with pytest.raises(ValueError, match=r"'refresh_every' needs to be 0 with this"):
        Settings(denoiser="mlp", refresh_every=3)
    with pytest.raises(ValueError, match=r"'refresh_every' needs to be at least 0"):
        Settings(refresh_every=-1)
