"""L-DiffRec against its equations, on dense histories and in float64."""

import math
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.oracle import CORNERS, pairs_of, random_matrix, sinusoid
from tvdiff_pyg.data import SyntheticBipartite
from tvdiff_pyg.diffusion import LinearVarianceSchedule
from tvdiff_pyg.models import LDiffRec
from tvdiff_pyg.models.baselines.item_clusters import cluster_items, k_means
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency
from tvdiff_pyg.training import FitOptions, Settings, fit

SIZE = (12, 9)
MATRIX = random_matrix(*SIZE, density=0.4)
USERS = torch.tensor([4, 0, 4, 11])
CLUSTER = torch.tensor([0, 1, 1, 0, 1, 1, 0, 1, 1])
# Of 5 channels, 1 + 3 * 3 / 9 and 1 + 3 * 6 / 9.
PARTS = ((0, 2), (2, 5))
assert_close = partial(torch.testing.assert_close, rtol=1e-5, atol=1e-5)
SMALL = {"num_timesteps": 4, "latent_channels": 5, "hidden_channels": 6}


def make(**arguments: float) -> tuple[LDiffRec, BipartiteAdjacency]:
    torch.manual_seed(0)
    options = {**SMALL, "dropout": 0.0, "history_dropout": 0.0, **arguments}
    # Enough noise for its coefficients to be told from rounding.
    schedule = LinearVarianceSchedule(1.0, noise_min=0.1, noise_max=0.6)
    model = LDiffRec(*SIZE, schedule=schedule, **options).double()  # type: ignore[arg-type]
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter)
    if model.config.num_clusters == 2:
        model.encoder.cluster.copy_(CLUSTER)
    return model, model.adjacency(pairs_of(MATRIX))


def dense_code(model: LDiffRec, history: Tensor) -> tuple[Tensor, Tensor]:
    """An encoder of its own for each cluster, side by side."""
    hidden = torch.zeros(history.size(0), 10).double()
    for number, (begin, end) in enumerate(PARTS):
        item = CLUSTER.eq(number).nonzero().flatten()
        for columns in (slice(begin, end), slice(5 + begin, 5 + end)):
            weight = model.encoder.item_embedding.weight[item, columns]
            bias = model.encoder.bias[columns]
            hidden[:, columns] = torch.tanh(history[:, item] @ weight + bias)
    return hidden[:, :5], hidden[:, 5:]


def dense_denoise(model: LDiffRec, state: Tensor, timestep: Tensor) -> Tensor:
    time = model.to_time(sinusoid(timestep, 10)).expand(state.size(0), -1)
    hidden = torch.tanh(model.inner(torch.cat([state, time], dim=1)))
    found: Tensor = model.outer(hidden)
    return found


def test_the_loss_is_that_of_diffusion_and_autoencoder() -> None:
    model, graph = make(vae_weight=0.4, beta=0.6, anneal_steps=4)
    model.num_steps.fill_(3)
    history, generator = MATRIX[USERS], torch.manual_seed(5)
    mean, log_variance = dense_code(model, history)
    noise = torch.randn(4, 5, dtype=torch.double, generator=generator)
    code = mean + torch.exp(log_variance / 2) * noise
    timestep = torch.randint(4, (4,), generator=generator)
    noise = torch.randn(4, 5, dtype=torch.double, generator=generator)
    parts = model.diffusion
    kept, added = parts.sqrt_alphas_cumprod, parts.sqrt_one_minus_alphas_cumprod
    state = kept[timestep][:, None] * code + added[timestep][:, None] * noise
    found = dense_denoise(model, state, timestep)
    likelihood = (history * model.decoder(found).log_softmax(dim=1)).sum(dim=1)
    prior, own = (
        torch.distributions.Normal(*moments)
        for moments in ((0.0, 1.0), (mean, torch.exp(log_variance / 2)))
    )
    divergence = torch.distributions.kl_divergence(own, prior).sum(dim=1)
    energy = (code - found).square().mean()
    of_code = (-likelihood + 0.6 * 3 / 4 * divergence).mean()
    expected = energy + 0.4 * of_code
    loss = model.training_loss(graph, USERS, generator=torch.manual_seed(5))
    assert_close(loss.free_energy, expected)
    assert_close(loss.energy, energy.detach())
    assert_close(loss.entropy, -of_code.detach())
    parameters = list(model.parameters())
    assert_close(
        torch.autograd.grad(loss.free_energy, parameters),
        torch.autograd.grad(expected, parameters),
    )


@torch.no_grad()
def test_it_ranks_by_the_mean_of_the_code_taken_back() -> None:
    model, graph = make(dropout=0.5, history_dropout=0.5)
    scorer = model.train().scorer(graph)
    found = scorer.known(torch.arange(12)) @ scorer.item_factor.t()
    assert model.training
    state, _ = dense_code(model, MATRIX)
    parts = model.diffusion
    for step in (3, 2, 1):
        clean = dense_denoise(model, state, torch.tensor([step]))
        state = parts.posterior_mean_coef1[step] * clean + (
            parts.posterior_mean_coef2[step] * state
        )
    score = model.decoder(dense_denoise(model, state, torch.tensor([0])))
    assert_close(found, score)


def test_both_dropouts_are_of_training_alone() -> None:
    model, graph = make(history_dropout=0.5)
    rows = graph.user_rows.with_value(None)
    assert not torch.equal(model.encoder(rows)[0], model.encoder(rows)[0])
    model, graph = make(dropout=0.5)
    state, step = torch.ones(3, 5).double(), torch.tensor([1])
    assert torch.equal(model.encoder(rows)[0], model.encoder(rows)[0])
    assert not torch.equal(model.denoise(state, step), model.denoise(state, step))
    model.eval()
    assert torch.equal(model.denoise(state, step), model.denoise(state, step))


def test_a_code_is_parted_by_the_sizes_of_clusters() -> None:
    model, _ = make(num_clusters=4, latent_channels=6)
    encoder = model.encoder
    assert encoder.widths().tolist() == [3, 1, 1, 1]  # all items are in the first
    encoder.cluster.copy_(torch.tensor([1, 1, 1, 1, 1, 1, 3, 3, 0]))
    assert encoder.widths().tolist() == [1, 3, 1, 1]
    assert make(num_clusters=9, latent_channels=9)[0].encoder.widths().sum() == 9


def test_preparing_clusters_items_and_its_state_keeps_them() -> None:
    graph = SyntheticBipartite(150, 60, 1500, num_communities=2, mixing=0.0)[0]
    model = LDiffRec(150, 60, **SMALL).prepare(graph)  # type: ignore[arg-type]
    cluster, community = model.encoder.cluster, graph["item"].community
    degree = graph.train_index[1].bincount(minlength=60)
    agree = (cluster == community)[degree > 0].double().mean()
    assert max(agree, 1 - agree) > 0.95
    again = model.config.build(150, 60)
    again.load_state_dict(model.state_dict())
    assert torch.equal(dict(again.named_buffers())["encoder.cluster"], cluster)


def test_clusters_are_of_what_is_near() -> None:
    generator = torch.manual_seed(0)
    center = torch.tensor([[0.0, 9], [9, 0], [-9, -9]]).repeat(20, 1)
    cluster = k_means(center + torch.randn(60, 2, generator=generator), 3)
    own = cluster[:3].repeat(20)
    assert torch.equal(cluster, own) and cluster.unique().numel() == 3
    # More clusters than there are points.
    assert k_means(torch.ones(2, 2), 4).shape == (2,)
    rows = CSR.from_edge_index(pairs_of(MATRIX), SIZE)
    state = torch.get_rng_state()
    assert torch.equal(cluster_items(rows, 3, seed=1), cluster_items(rows, 3, seed=1))
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("matrix", CORNERS.values(), ids=CORNERS)
def test_corners_have_finite_losses_and_scores(matrix: list[list[int]]) -> None:
    dense = torch.tensor(matrix)
    num_users, num_items = dense.shape
    model = LDiffRec(num_users, num_items, latent_channels=4, hidden_channels=3)
    adjacency = model.adjacency(pairs_of(dense))
    loss = model.prepare(adjacency).training_loss(adjacency, torch.arange(num_users))
    scorer = model.scorer(adjacency)
    score = scorer.known(torch.arange(num_users)) @ scorer.item_factor.t()
    assert bool(loss.free_energy.isfinite() and score.isfinite().all())


def test_the_divergence_grows_by_the_steps_of_training() -> None:
    model, graph = make(beta=0.4, anneal_steps=2)
    weights = []
    for _ in range(4):
        weights.append(float(model.beta))
        model.training_loss(graph, USERS)
    assert weights == pytest.approx([0, 0.2, 0.4, 0.4])
    model.eval().training_loss(graph, USERS)
    assert int(model.num_steps) == 4


def test_it_learns_communities_beyond_popularity(tmp_path: Path) -> None:
    graph = SyntheticBipartite(150, 100, 2500, num_communities=5, seed=2)[0]
    learning = {"batch_size": 50, "learning_rate": 0.01, "max_epochs": 25}
    found: dict[str, float] = {}
    for settings in (
        Settings(model="popularity"),
        Settings(model="l-diffrec", latent_channels=64, hidden_channels=64, **learning),
    ):
        options = FitOptions(device="cpu", progress=False)
        metrics = fit(
            graph, settings, run=tmp_path / settings["model"], options=options
        )
        found[settings["model"]] = metrics["test"]["ndcg@20"]
    assert found["l-diffrec"] > 2 * found["popularity"]


def test_single_items_are_refused() -> None:
    model, graph = make()
    with pytest.raises(ValueError, match=r"'item' needs to be left out.*\(got 4\)"):
        model.training_loss(graph, USERS, USERS)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hidden_channels", 0),
        ("latent_channels", 1),
        ("num_clusters", 0),
        ("num_timesteps", 0),
        ("anneal_steps", 0),
        ("dropout", 1.0),
        ("history_dropout", -0.1),
        ("vae_weight", 0.0),
        ("beta", math.nan),
    ],
)
def test_settings_out_of_range_are_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"'{name}'"):
        make(**{name: value})
