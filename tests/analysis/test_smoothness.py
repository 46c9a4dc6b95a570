"""Dirichlet energy, mean average distance and smoothness of scores."""

import math

import pytest
import torch
from torch import Tensor

from tests.analysis.dense import (
    GRAPHS,
    TOLERANCE,
    adjacency,
    as_csr,
    assert_equal,
    draw,
    sides,
    smooth,
    with_edge,
)
from tests.oracle import normalise
from tvdiff_pyg.analysis import (
    dirichlet_energy,
    mean_average_distance,
    score_smoothness,
    smoothness,
)

each_graph = pytest.mark.parametrize("matrix", GRAPHS.values(), ids=GRAPHS)
each_dtype = pytest.mark.parametrize("dtype", TOLERANCE)


def dense_mad(matrix: Tensor, user_x: Tensor, item_x: Tensor) -> float:
    """Average each node's cosine distances, then the nodes."""

    def distance(left: Tensor, right: Tensor) -> float:
        length = float(left.norm() * right.norm())
        return 1 - float(left @ right) / length if length > 0 else 1.0

    means = []
    for x, other, rows in ((user_x, item_x, matrix), (item_x, user_x, matrix.t())):
        for node, row in enumerate(rows):
            found = [distance(x[node], other[j]) for j in row.nonzero().flatten()]
            means += [sum(found) / len(found)] if found else []
    return sum(means) / len(means) if means else math.nan


@each_dtype
@each_graph
@pytest.mark.parametrize("normalize", [False, True])
def test_dirichlet_energy_is_the_laplacian_form(
    matrix: Tensor, normalize: bool, dtype: torch.dtype
) -> None:
    user_x, item_x = sides(matrix)
    x = torch.cat([user_x, item_x]) * torch.cat(with_edge(matrix))
    expected = (x * (x - adjacency(matrix) @ x)).sum()
    if normalize:
        expected = expected / x.square().sum()
    found = dirichlet_energy(
        user_x.to(dtype), item_x.to(dtype), as_csr(matrix), normalize
    )
    assert_equal(found, expected, dtype)


def test_dirichlet_energy_by_hand() -> None:
    """(1 - 2 / sqrt 2)^2 and (1 - 2)^2 / 2 at item 0, of degrees 1, 1 and 2."""
    matrix = torch.tensor([[1.0], [1.0]])
    found = dirichlet_energy(
        torch.tensor([[1.0], [0.0]]), torch.tensor([[2.0]]), as_csr(matrix)
    )
    assert found.item() == pytest.approx((1 - math.sqrt(2)) ** 2 + 2)


@pytest.mark.parametrize("matrix", [GRAPHS["plain"], GRAPHS["random with corners"]])
def test_extremes_of_the_rayleigh_quotient(matrix: Tensor) -> None:
    user_x, item_x = smooth(matrix)
    rows = as_csr(matrix)
    assert dirichlet_energy(user_x, item_x, rows, normalize=True) < 1e-28
    rough = dirichlet_energy(user_x, -item_x, rows, normalize=True)
    assert rough.item() == pytest.approx(2)


def test_a_small_energy_survives_single_precision() -> None:
    """A difference of two large norms would lose it."""
    matrix = GRAPHS["random"]
    user_x, item_x = (
        1000 * x + 0.01 * y for x, y in zip(smooth(matrix), sides(matrix), strict=True)
    )
    user_x, item_x = user_x.float(), item_x.float()
    exact = dirichlet_energy(user_x.double(), item_x.double(), as_csr(matrix))
    found = dirichlet_energy(user_x, item_x, as_csr(matrix))
    assert 0 < exact < 1e-8 * user_x.square().sum()
    assert found.item() == pytest.approx(exact.item(), rel=0.05)


@pytest.mark.parametrize("measure", [dirichlet_energy, mean_average_distance])
@pytest.mark.parametrize("at_once", [1, 7, 12])
def test_blocks_of_edges(
    measure: object, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    matrix = GRAPHS["random"]
    arguments = (*sides(matrix), as_csr(matrix))
    whole = measure(*arguments)
    monkeypatch.setattr(smoothness, "EDGE_VALUES_AT_ONCE", at_once)
    torch.testing.assert_close(measure(*arguments), whole, rtol=1e-14, atol=0)


@each_dtype
@each_graph
def test_mad_is_the_mean_over_nodes(matrix: Tensor, dtype: torch.dtype) -> None:
    user_x, item_x = sides(matrix)
    expected = dense_mad(matrix, user_x, item_x)
    found = mean_average_distance(user_x.to(dtype), item_x.to(dtype), as_csr(matrix))
    assert_equal(found, expected, dtype)


def test_mad_counts_zero_vectors_as_distant() -> None:
    matrix = GRAPHS["plain"]
    user_x, item_x = sides(matrix)
    user_x[1], item_x[1] = 0, 0
    found = mean_average_distance(user_x, item_x, as_csr(matrix))
    assert found.item() == pytest.approx(dense_mad(matrix, user_x, item_x))
    user_x[:], item_x[:] = 0, 0
    assert mean_average_distance(user_x, item_x, as_csr(matrix)) == 1


def test_mad_sees_directions_only() -> None:
    matrix = GRAPHS["random"]
    user_x, item_x = (x.float() for x in sides(matrix))
    rows = as_csr(matrix)
    plain = mean_average_distance(user_x, item_x, rows)
    scale = draw(matrix.size(0), 1).exp().float()
    # The squares of these are zero in single precision.
    scaled = mean_average_distance(1e-30 * scale * user_x, item_x, rows)
    torch.testing.assert_close(scaled, plain, rtol=1e-5, atol=0)
    same = torch.ones(1, 3).expand_as(user_x), 2 * torch.ones(1, 3).expand_as(item_x)
    assert mean_average_distance(*same, rows) < 1e-12
    assert mean_average_distance(same[0], -same[1], rows).item() == pytest.approx(2)


def test_a_lost_number_is_not_hidden() -> None:
    matrix = GRAPHS["plain"]
    user_x, item_x = sides(matrix)
    user_x[0, 0] = torch.nan
    assert mean_average_distance(user_x, item_x, as_csr(matrix)).isnan()


@each_dtype
@each_graph
def test_score_smoothness_is_that_of_the_scores(
    matrix: Tensor, dtype: torch.dtype
) -> None:
    user_factor, item_factor = sides(matrix, channels=2)
    weight = normalise(matrix, "symmetric")
    user, item = with_edge(matrix)
    expected = []
    for score, across in (
        (user * user_factor @ item_factor.t(), weight),
        (item * item_factor @ user_factor.t(), weight.t()),
    ):
        smoothed = across @ across.t() @ score
        quotient = (score * (score - smoothed)).sum() / score.square().sum()
        expected.append(quotient)
    found = score_smoothness(
        user_factor.to(dtype), item_factor.to(dtype), as_csr(matrix)
    )
    assert_equal(found.user, expected[0], dtype)
    assert_equal(found.item, expected[1], dtype)


def test_scores_in_proportion_to_degrees_are_smooth() -> None:
    matrix = GRAPHS["random"]
    user_factor, item_factor = smooth(matrix)
    found = score_smoothness(user_factor, draw(9, 1), as_csr(matrix))
    assert abs(found.user) < 1e-12 < 0.1 < found.item
    found = score_smoothness(draw(7, 1), item_factor, as_csr(matrix))
    assert abs(found.item) < 1e-12 < 0.1 < found.user


def test_scores_across_a_complete_graph_are_rough() -> None:
    """Whatever sums to zero over users is lost in one hop."""
    rows = as_csr(torch.ones(2, 3))
    user_factor = torch.tensor([[1.0], [-1.0]])
    found = score_smoothness(user_factor, torch.ones(3, 1), rows)
    assert found.user.item() == pytest.approx(1)
    assert found.item.item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("measure", "names"),
    [
        (dirichlet_energy, ("user_x", "item_x")),
        (mean_average_distance, ("user_x", "item_x")),
        (score_smoothness, ("user_factor", "item_factor")),
    ],
)
def test_shapes_are_checked(measure: object, names: tuple[str, str]) -> None:
    rows = as_csr(torch.ones(2, 3))
    wrong = rf"'{names[0]}' needs to be of shape \[2, channels\] \(got \[3, 4\]\)"
    with pytest.raises(ValueError, match=wrong):
        measure(torch.ones(3, 4), torch.ones(3, 4), rows)
    wrong = rf"'{names[1]}' needs to be of shape \[3, channels\] \(got \[3\]\)"
    with pytest.raises(ValueError, match=wrong):
        measure(torch.ones(2, 4), torch.ones(3), rows)
    wrong = rf"'{names[1]}' needs to be of shape \[\*, 4\] \(got \[3, 5\]\)"
    with pytest.raises(ValueError, match=wrong):
        measure(torch.ones(2, 4), torch.ones(3, 5), rows)
