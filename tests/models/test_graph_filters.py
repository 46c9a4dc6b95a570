"""GF-CF, BSPM and Turbo-CF against their equations, dense and in float64."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.models.graphs import graph_of
from tests.oracle import CORNERS, normalise, random_matrix
from tvdiff_pyg.models import BSPM, GFCF, Model, TurboCF
from tvdiff_pyg.sparse import BipartiteAdjacency

assert_close = partial(torch.testing.assert_close, atol=1e-5, rtol=1e-5)
MATRIX = random_matrix(30, 20, density=0.3)
PAIRS_AT_ONCE = "tvdiff_pyg.models.baselines.neighbors.PAIRS_AT_ONCE"
POLYNOMIALS = {
    1: lambda p: p,
    2: lambda p: 2 * p - p @ p,
    3: lambda p: p + 0.01 * (-p @ p @ p + 10 * p @ p - 29 * p),
}


def scores(model: Model, graph: BipartiteAdjacency) -> Tensor:
    """The score of every item for every user."""
    users = torch.arange(graph.user_rows.num_rows)
    score, item = model.scorer(graph).rank(users, graph.user_rows.num_cols)
    return torch.zeros_like(score).scatter_(1, item, score).double()


def linear(matrix: Tensor) -> Tensor:
    """The linear filter."""
    weighed = normalise(matrix, "symmetric")
    return weighed.t() @ weighed


def band(matrix: Tensor, rank: int) -> Tensor:
    """The ideal filter."""
    root = matrix.sum(dim=0).clamp(min=1).sqrt()
    vector = torch.linalg.svd(normalise(matrix, "symmetric")).Vh[:rank].t()
    return vector @ vector.t() / root[:, None] * root


def ideal(matrix: Tensor, rank: int, alpha: float) -> Tensor:
    """The sum of both filters."""
    return linear(matrix) + alpha * band(matrix, rank)


@pytest.mark.parametrize(("rank", "alpha"), [(1, 0.3), (4, 1.0), (20, 0.5), (3, 0.0)])
def test_both_filters_follow_the_equation(rank: int, alpha: float) -> None:
    graph = graph_of(MATRIX)
    model = GFCF(rank, alpha).fit(graph)
    assert_close(scores(model, graph), MATRIX @ ideal(MATRIX, rank, alpha))


def test_fewer_vectors_than_asked_for_and_users_without_items() -> None:
    matrix = torch.tensor([[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0.0]]).double()
    graph = graph_of(matrix)
    assert_close(scores(GFCF(2).fit(graph), graph), matrix @ ideal(matrix, 2, 0.3))
    for corner in CORNERS.values():
        graph = graph_of(torch.tensor(corner))
        assert scores(GFCF().fit(graph), graph).isfinite().all()


def test_an_ideal_filter_of_the_whole_graph_is_named(
    caplog: pytest.LogCaptureFixture,
) -> None:
    graph = graph_of(MATRIX)
    GFCF(min(MATRIX.shape) - 1).fit(graph)
    assert not caplog.text
    GFCF(min(MATRIX.shape)).fit(graph)
    assert f"'rank' needs to be below {min(MATRIX.shape)}" in caplog.text


def test_a_seed_repeats_the_vectors_and_leaves_the_generator_alone() -> None:
    before = torch.get_rng_state()
    first, second = (GFCF(4).fit(graph_of(MATRIX), seed=3) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), before)
    assert first.item_vector is not None and second.item_vector is not None
    assert torch.equal(first.item_vector, second.item_vector)


def euler(slope: Callable[[Tensor], Tensor], state: Tensor, length: float) -> Tensor:
    """One step of Euler."""
    return state + length * slope(state)


def rk4(slope: Callable[[Tensor], Tensor], state: Tensor, length: float) -> Tensor:
    """One step of Runge and Kutta."""
    first = slope(state)
    second = slope(state + length / 2 * first)
    third = slope(state + length / 2 * second)
    last = slope(state + length * third)
    return state + length / 6 * (first + 2 * second + 2 * third + last)


SOLVERS = {"euler": euler, "rk4": rk4}


def sharpened(matrix: Tensor, model: BSPM, history: Tensor) -> Tensor:
    """Blurred and sharpened histories, point by point as the process is published."""
    config, graph = model.config, linear(matrix)
    passed = config.alpha * history @ band(matrix, config.rank)
    blurred = euler(lambda state: state @ graph - state, history, 1.0)
    points = [blurred + passed if config.merge == "early" else blurred]
    for _ in range(config.sharpening_steps):
        length = config.sharpening_time / config.sharpening_steps
        step = SOLVERS[config.solver]
        points.append(step(lambda state: -state @ graph, points[-1], length))
    kept = torch.stack([blurred, *points[1:]])
    score = kept.mean(dim=0) if config.average else points[-1]
    return score if config.merge == "early" else score + passed


@pytest.mark.parametrize("average", [False, True])
@pytest.mark.parametrize("merge", ["early", "late"])
@pytest.mark.parametrize(
    ("solver", "time", "steps"),
    [("euler", 1.2, 1), ("rk4", 2.5, 1), ("rk4", 2.2, 2), ("euler", 1.0, 3)],
)
def test_blurring_and_sharpening_follow_the_equation(
    solver: Any, time: float, steps: int, merge: Any, average: bool
) -> None:
    graph = graph_of(MATRIX)
    model = BSPM(4, 0.3, time, steps, solver, merge, average).fit(graph)
    assert_close(scores(model, graph), sharpened(MATRIX, model, MATRIX))


def test_many_steps_of_sharpening_are_the_exponential() -> None:
    graph, options = graph_of(MATRIX), {"merge": "late", "average": False}
    model = BSPM(1, 0.0, 2.0, 20, solver="rk4", **options).fit(graph)
    blur = linear(MATRIX)
    expected = MATRIX @ blur @ torch.linalg.matrix_exp(-2.0 * blur)
    assert_close(scores(model, graph), expected)


@pytest.mark.parametrize("corner", CORNERS)
def test_blurring_and_sharpening_on_hard_graphs(corner: str) -> None:
    matrix = torch.tensor(CORNERS[corner]).double()
    graph, model = graph_of(matrix), BSPM(1, 0.0)
    found = scores(model.fit(graph), graph)
    assert_close(found, sharpened(matrix, model, matrix))
    assert scores(BSPM().fit(graph), graph).isfinite().all()


def polynomial(matrix: Tensor, model: TurboCF) -> Tensor:
    """The filter between items."""
    config = model.config
    user, item = (matrix.sum(dim=one).clamp(min=1) for one in (1, 0))
    weighed = user[:, None] ** -config.alpha * matrix * item ** (config.alpha - 1)
    return POLYNOMIALS[config.order]((weighed.t() @ weighed) ** config.power)


@pytest.mark.parametrize("block", [1, 45, 2**21])
@pytest.mark.parametrize("power", [1.0, 0.7, 1.4])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_polynomials_follow_the_equation(
    order: int, power: float, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PAIRS_AT_ONCE, block)
    model, graph = TurboCF(0.6, power, order), graph_of(MATRIX)
    assert_close(scores(model, graph), MATRIX @ polynomial(MATRIX, model))


@pytest.mark.parametrize("power", [1.0, 0.7])
@pytest.mark.parametrize("corner", CORNERS)
def test_polynomials_on_hard_graphs(corner: str, power: float) -> None:
    matrix = torch.tensor(CORNERS[corner]).double()
    model, graph = TurboCF(0.3, power, 2), graph_of(matrix)
    assert_close(scores(model, graph), matrix @ polynomial(matrix, model))


def filter_of(model: Model) -> Tensor:
    """The matrix that histories are multiplied by."""
    if isinstance(model, GFCF):
        return ideal(MATRIX, 3, 0.3)
    if isinstance(model, TurboCF):
        return polynomial(MATRIX, model)
    assert isinstance(model, BSPM)
    return sharpened(MATRIX, model, torch.eye(MATRIX.size(1)).double())


@pytest.mark.parametrize("model", [GFCF(3), TurboCF(0.6, 0.7, 2), BSPM(3)], ids=repr)
def test_blocks_do_not_matter_and_weights_are_those_of_the_filter(
    model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = graph_of(MATRIX)
    expected = filter_of(model)
    scorer = model.fit(graph).scorer(graph)
    whole = scores(model, graph)
    monkeypatch.setattr("tvdiff_pyg.models.baselines.graph_filter.BLOCK_ENTRIES", 90)
    assert_close(scores(model, graph), whole)
    item = torch.tensor([7, 0, 11])
    found = scorer.contributions(graph.user_rows.select(torch.tensor([4])), item)
    history = MATRIX[4].nonzero().flatten()
    assert_close(found.double(), expected[history][:, item])


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (GFCF, {"rank": 0}, r"'rank' needs to be at least 1 \(got 0\)"),
        (GFCF, {"alpha": -1.0}, r"'alpha' needs to be at least 0 \(got -1.0\)"),
        (BSPM, {"rank": 0}, r"'rank' needs to be at least 1 \(got 0\)"),
        (
            BSPM,
            {"sharpening_time": 0.0},
            r"'sharpening_time' needs to be positive \(got 0.0\)",
        ),
        (
            BSPM,
            {"sharpening_steps": 0},
            r"'sharpening_steps' needs to be at least 1 \(got 0\)",
        ),
        (BSPM, {"solver": "heun"}, r"'solver' needs to be .* \(got 'heun'\)"),
        (BSPM, {"merge": "never"}, r"'merge' needs to be .* \(got 'never'\)"),
        (TurboCF, {"alpha": 1.5}, r"'alpha' needs to be in \[0, 1\] \(got 1.5\)"),
        (TurboCF, {"power": 0.0}, r"'power' needs to be positive \(got 0.0\)"),
        (TurboCF, {"order": 4}, r"'order' needs to be .* \(got 4\)"),
    ],
)
def test_arguments_are_checked(kind: Any, options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind(**options)


@pytest.mark.parametrize("kind", [GFCF, BSPM])
def test_what_cannot_be_scored_is_refused(kind: type[GFCF | BSPM]) -> None:
    graph, name = graph_of(MATRIX), kind.__name__
    with pytest.raises(ValueError, match=f"{name} needs to be fitted before it scores"):
        kind().scorer(graph)
    message = rf"'adjacency' needs 20 items, as {name} was fitted to \(got 4\)"
    with pytest.raises(ValueError, match=message):
        kind().fit(graph).scorer(graph_of([[0, 1, 1, 0]]))
