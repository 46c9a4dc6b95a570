"""GiffCF against its equations, dense and in float64."""

import math
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from tests.oracle import CORNERS, normalise, pairs_of, random_matrix, sinusoid
from tvdiff_pyg.data import SyntheticBipartite
from tvdiff_pyg.models import GiffCF
from tvdiff_pyg.models.baselines import giff_cf_scorer
from tvdiff_pyg.models.baselines.giff_cf_denoiser import Mixer
from tvdiff_pyg.models.baselines.heat_filter import HeatFilter
from tvdiff_pyg.sparse import BipartiteAdjacency
from tvdiff_pyg.training import FitOptions, Settings, fit

SIZE = (12, 9)
MATRIX = random_matrix(*SIZE, density=0.4)
USERS = torch.tensor([4, 0, 4, 11])
STEPS, ALPHA, GAMMA = 4, 1.3, 0.7


def make(**arguments: float) -> tuple[GiffCF, BipartiteAdjacency]:
    torch.manual_seed(0)
    options = {"hidden_channels": 5, "smoothing_steps": STEPS, "smoothing": ALPHA}
    options |= {"noise_decay": GAMMA, **arguments}
    model = GiffCF(*SIZE, **options).double()  # type: ignore[arg-type]
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter)
    return model, model.adjacency(pairs_of(MATRIX))


def smoother(matrix: Tensor, ideal_weight: float = 0.0, rank: int = 1) -> Tensor:
    """The graph between items, whose largest eigenvalue is 1."""
    weighed = normalise(matrix, "linkprop")
    _, value, vector = torch.linalg.svd(weighed)
    band = vector[:rank].t() @ vector[:rank]
    graph = weighed.t() @ weighed / value[0].square()
    return (graph + ideal_weight * band) / (1 + ideal_weight)


def smoothed(graph: Tensor, step: Tensor) -> Tensor:
    """The filter of each step, ``[batch_size, num_items, num_items]``."""
    one = torch.eye(graph.size(0)).double()
    return one + ALPHA * step.double()[:, None, None] / STEPS * (graph - one)


def mixed(mixer: Mixer, *numbers: Tensor) -> Tensor:
    stacked = torch.stack(torch.broadcast_tensors(*numbers), dim=-1)
    value: Tensor = mixer.outer(F.silu(mixer.inner(stacked))).squeeze(-1)
    return value


def denoise(
    model: GiffCF, graph: Tensor, state: Tensor, known: Tensor, step: Tensor
) -> Tensor:
    """Predict interactions from a signal and from histories, on whole rows."""
    parts, wave = model.denoiser, sinusoid(step, 20)
    vector = parts.item_embedding.weight
    length = known.abs().sum(dim=1, keepdim=True).clamp(min=1)
    signal, condition = state / SIZE[1] @ vector, known / length @ vector
    refined = mixed(parts.refining, parts.refining_time(wave), signal, condition)
    late = parts.sharpening_time(wave)
    return mixed(parts.sharpening, late, refined @ vector.t(), known, known @ graph)


@pytest.mark.parametrize("ideal_weight", [0.0, 0.6])
def test_the_graph_is_smoothed_as_the_equation_says(ideal_weight: float) -> None:
    adjacency = make()[0].adjacency(pairs_of(MATRIX))
    heat = HeatFilter(adjacency, ideal_weight, rank=3)
    found = heat(torch.eye(SIZE[1]).double())
    expected = smoother(MATRIX, ideal_weight, rank=3)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    assert torch.equal(HeatFilter(adjacency, ideal_weight, 3)(found), heat(found))


@pytest.mark.parametrize("dropout", [0.0, 0.5])
@pytest.mark.parametrize("rows", [1, 3, 100])
def test_the_loss_is_that_of_whole_rows(
    dropout: float, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(giff_cf_scorer, "ENTRIES_AT_ONCE", rows * max(SIZE))
    model, adjacency = make(dropout=dropout, ideal_weight=0.4, rank=2)
    graph, x_0 = smoother(MATRIX, 0.4, 2), MATRIX[USERS]
    generator = torch.manual_seed(5)
    step = torch.randint(1, STEPS + 1, (4,), generator=generator)
    known = x_0.clone()
    if dropout > 0:
        kept = torch.rand(int(x_0.sum()), generator=generator) >= dropout
        known[x_0 > 0] *= kept / (1 - dropout)
    state = torch.einsum("bi,bij->bj", x_0, smoothed(graph, step))
    found = denoise(model, graph, state, known, step)
    expected = (x_0 - found).square().sum(dim=1).mean()
    loss = model.training_loss(adjacency, USERS, generator=torch.manual_seed(5))
    torch.testing.assert_close(loss.free_energy, expected, rtol=1e-5, atol=1e-6)
    assert loss.energy == loss.free_energy and loss.entropy == 0
    parameters = list(model.parameters())
    torch.testing.assert_close(
        torch.autograd.grad(loss.free_energy, parameters),
        torch.autograd.grad(expected, parameters),
        rtol=1e-4,
        atol=1e-4,
    )


@pytest.mark.parametrize("decay", [0.0, 0.7, 1.0])
@torch.no_grad()
def test_scores_go_back_from_the_smoothest_signal(decay: float) -> None:
    model, adjacency = make(noise_decay=decay, dropout=0.5)
    graph, x_0 = smoother(MATRIX), MATRIX
    filters = smoothed(graph, torch.arange(STEPS + 1))
    state = x_0 @ filters[STEPS]
    for step in range(STEPS, 0, -1):
        found = denoise(model, graph, state, x_0, torch.tensor([step]))
        apart = state - found @ filters[step]
        state = found @ filters[step - 1] + decay * apart
    scorer = model.train().scorer(adjacency)
    torch.testing.assert_close(
        scorer.ranker.scores(adjacency.user_rows), state, rtol=1e-4, atol=1e-4
    )
    score, item = scorer.rank(torch.tensor([3]), k=4)
    torch.testing.assert_close(score, state[3, item], rtol=1e-4, atol=1e-4)
    assert torch.equal(item[0], state[3].argsort(descending=True)[:4])


@pytest.mark.parametrize("matrix", CORNERS.values(), ids=CORNERS)
def test_corners_have_finite_losses_and_scores(matrix: list[list[int]]) -> None:
    dense = torch.tensor(matrix)
    num_users, num_items = dense.shape
    model = GiffCF(num_users, num_items, hidden_channels=4, ideal_weight=0.2)
    adjacency = model.adjacency(pairs_of(dense))
    loss = model.training_loss(adjacency, torch.arange(dense.size(0)))
    loss.free_energy.backward()
    assert all(bool(one.grad.isfinite().all()) for one in model.parameters())  # type: ignore[union-attr]
    score = model.scorer(adjacency).ranker.scores(adjacency.user_rows)
    assert bool(loss.free_energy.isfinite() and score.isfinite().all())


def test_a_graph_is_read_once() -> None:
    model, adjacency = make()
    assert model.heat(adjacency) is model.heat(adjacency)
    other = model.adjacency(pairs_of(MATRIX))
    assert model.heat(other) is not model.heat(adjacency)


def test_it_learns_communities_beyond_popularity(tmp_path: Path) -> None:
    graph = SyntheticBipartite(150, 100, 2500, num_communities=5, seed=2)[0]
    found: dict[str, float] = {}
    for settings in (
        Settings(model="popularity"),
        Settings(
            model="giffcf",
            hidden_channels=16,
            batch_size=30,
            learning_rate=0.01,
            max_epochs=15,
        ),
    ):
        run = tmp_path / settings["model"]
        options = FitOptions(device="cpu", progress=False)
        metrics = fit(graph, settings, run=run, options=options)
        found[settings["model"]] = metrics["test"]["ndcg@20"]
    assert found["giffcf"] > 2 * found["popularity"]


def test_single_items_are_refused() -> None:
    model, graph = make()
    with pytest.raises(ValueError, match=r"'item' needs to be left out.*\(got 4\)"):
        model.training_loss(graph, USERS, USERS)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hidden_channels", 0),
        ("smoothing_steps", 0),
        ("rank", 0),
        ("dropout", 1.0),
        ("smoothing", 0.0),
        ("smoothing", math.nan),
        ("noise_decay", 1.1),
        ("ideal_weight", -0.1),
    ],
)
def test_settings_out_of_range_are_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"'{name}'"):
        make(**{name: value})
