"""ScaledIALS against its equations, dense and in float64."""

from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.models.graphs import graph_of
from tests.oracle import CORNERS, random_matrix
from tvdiff_pyg.models import ScaledIALS
from tvdiff_pyg.models.baselines.scaled_ials import ScaledIALSConfig
from tvdiff_pyg.models.baselines.weighted_squares import WeightedSquares

assert_close = partial(torch.testing.assert_close, atol=1e-4, rtol=1e-4)
MATRIX = random_matrix(30, 20, density=0.3)
BLOCK_ENTRIES = "tvdiff_pyg.models.baselines.weighted_squares.BLOCK_ENTRIES"
OPTIONS = [(0.01, 1.0, 0.3), (0.5, 0.0, 0.06), (0.1, 0.5, 3.0)]


def weight_of(matrix: Tensor, config: ScaledIALSConfig) -> float:
    """What all pairs are to weigh, spread over them."""
    return config.unobserved_ratio * max(matrix.sum().item(), 1) / matrix.numel()


def penalties(matrix: Tensor, config: ScaledIALSConfig) -> Tensor:
    frequency = matrix.sum(dim=1) + weight_of(matrix, config) * matrix.size(1)
    return config.regularization * frequency**config.frequency_power


def dense(matrix: Tensor, item: Tensor, config: ScaledIALSConfig) -> Tensor:
    """Each user's solution, by itself."""
    solved = []
    for row, penalty in zip(matrix, penalties(matrix, config), strict=True):
        weight = row + weight_of(matrix, config)
        system = item.t() @ (weight[:, None] * item) + penalty * torch.eye(item.size(1))
        solved.append(torch.linalg.solve(system, item.t() @ row))
    return torch.stack(solved)


@pytest.mark.parametrize("block", [1, 64, 2**24])
@pytest.mark.parametrize("channels", [1, 5, 12])
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("corner", [*CORNERS, "random"])
def test_one_side_is_the_solution_of_its_systems(
    corner: str,
    options: Any,
    channels: int,
    block: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(BLOCK_ENTRIES, block)
    matrix = MATRIX if corner == "random" else torch.tensor(CORNERS[corner])
    matrix, config = matrix.double(), ScaledIALSConfig(channels, *options)
    item = torch.rand(matrix.size(1), channels, dtype=torch.double)
    rows = graph_of(matrix).user_rows
    weight = config.weight(rows)
    squares = WeightedSquares(item, weight)
    found = squares.solve(rows, config.penalty(rows, weight))
    assert_close(found, dense(matrix, item, config))


@pytest.mark.parametrize("regularization", [1e-3, 1e-6, 1e-8])
def test_no_penalty_is_so_small_that_zeros_were_better(regularization: float) -> None:
    matrix = random_matrix(60, 45, density=0.12)
    graph, options = graph_of(matrix), (64, regularization, 1.0, 0.5)
    model = ScaledIALS(*options).fit(graph)
    scorer = model.scorer(graph)
    scores = scorer.known(torch.arange(60)) @ scorer.item_factor.t()
    weight = weight_of(matrix, model.config)
    loss = matrix * (1 - scores) ** 2 + weight * scores**2
    assert bool((loss.sum(dim=1) <= matrix.sum(dim=1) + 1e-3).all())


@pytest.mark.parametrize("options", OPTIONS)
def test_users_minimise_the_loss_and_passes_lower_it(options: Any) -> None:
    graph, matrix = graph_of(MATRIX), MATRIX.double()

    def loss(user: Tensor, item: Tensor, config: ScaledIALSConfig) -> Tensor:
        score = user @ item.t()
        observed = (matrix * (1 - score) ** 2).sum()
        penalty = (penalties(matrix, config)[:, None] * user**2).sum()
        penalty = penalty + (penalties(matrix.t(), config)[:, None] * item**2).sum()
        every = weight_of(matrix, config) * (score**2).sum()
        return observed + every + penalty

    losses = []
    for iterations in (1, 2, 8):
        model = ScaledIALS(4, *options, iterations).fit(graph)
        scorer = model.scorer(graph)
        user = scorer.known(torch.arange(30)).double().requires_grad_()
        lost = loss(user, scorer.item_factor.double(), model.config)
        [gradient] = torch.autograd.grad(lost, user)
        assert_close(gradient, torch.zeros_like(gradient), atol=1e-3)
        losses.append(lost.item())
    assert losses == sorted(losses, reverse=True) and losses[-1] < losses[0]


def test_a_held_out_item_of_a_block_ranks_first() -> None:
    matrix = torch.block_diag(*[torch.ones(6, 6) - torch.eye(6)] * 2)
    graph = graph_of(matrix)
    scorer = ScaledIALS(factors=2).fit(graph).scorer(graph)
    users = torch.arange(12)
    _, item = scorer.rank(users, k=1, seen=graph.user_rows)
    assert torch.equal(item.flatten(), users)


def test_a_new_history_is_ranked_as_a_user_with_the_same() -> None:
    graph = graph_of(MATRIX)
    scorer = ScaledIALS(factors=4).fit(graph).scorer(graph)
    history = graph_of(MATRIX[3:5]).user_rows
    assert_close(scorer.query(history), scorer.known(torch.tensor([3, 4])))


def test_users_of_another_graph_are_weighed_as_where_it_was_fitted() -> None:
    model = ScaledIALS(factors=4).fit(graph_of(MATRIX))
    denser = torch.cat([MATRIX[3:5], torch.ones(3, MATRIX.size(1))])
    there = model.scorer(graph_of(denser)).known(torch.arange(2))
    here = model.scorer(graph_of(MATRIX)).known(torch.tensor([3, 4]))
    assert_close(there, here)


def test_a_seed_repeats_the_vectors_and_leaves_the_generator_alone() -> None:
    before, graph = torch.get_rng_state(), graph_of(MATRIX)
    first, second = (ScaledIALS(4).fit(graph, seed=3).item_factor for _ in range(2))
    other = ScaledIALS(4).fit(graph, seed=4).item_factor
    assert torch.equal(torch.get_rng_state(), before)
    assert first is not None and second is not None and other is not None
    assert torch.equal(first, second) and not torch.equal(first, other)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"factors": 0}, r"'factors' needs to be at least 1 \(got 0\)"),
        ({"iterations": 0}, r"'iterations' needs to be at least 1 \(got 0\)"),
        ({"regularization": 0.0}, r"'regularization' needs to be positive \(got 0.0\)"),
        (
            {"unobserved_ratio": 0.0},
            r"'unobserved_ratio' needs to be positive \(got 0.0\)",
        ),
        (
            {"frequency_power": -1.0},
            r"'frequency_power' needs to be at least 0 \(got -1.0\)",
        ),
    ],
)
def test_arguments_are_checked(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ScaledIALS(**options)


def test_what_cannot_be_solved_or_scored_is_refused() -> None:
    graph = graph_of(torch.ones(6, 6))
    with pytest.raises(ValueError, match="ScaledIALS needs to be fitted before"):
        ScaledIALS().scorer(graph)
    message = r"'adjacency' needs 6 items, as ScaledIALS was fitted to \(got 20\)"
    with pytest.raises(ValueError, match=message):
        ScaledIALS(2).fit(graph).scorer(graph_of(MATRIX))
    message = r"'regularization' needs to be larger for an inverse .* \(got 1e-30\)"
    with pytest.raises(ValueError, match=message):
        ScaledIALS(4, regularization=1e-30).fit(graph)
