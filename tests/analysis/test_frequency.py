"""Energy by graph frequency: exact, estimated, and as a response."""

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
from tests.oracle import random_matrix
from tvdiff_pyg.analysis import (
    band_edges,
    bands,
    dirichlet_energy,
    frequency_energy,
    frequency_response,
    frequency_share,
)

each_graph = pytest.mark.parametrize("matrix", GRAPHS.values(), ids=GRAPHS)
each_dtype = pytest.mark.parametrize("dtype", TOLERANCE)

# How far shares may be from the exact ones at the default degree, on a random graph.
ESTIMATE = 0.03


def dense_energy(matrix: Tensor, x: Tensor, num_bands: int) -> Tensor:
    """Project on each eigenvector, one at a time."""
    value, vector = torch.linalg.eigh(adjacency(matrix))
    out = torch.zeros(num_bands, dtype=torch.float64)
    for eigenvalue, direction in zip(value, vector.t(), strict=True):
        # Rounding must not move what lies on an edge.
        frequency = round(1 - float(eigenvalue), 9)
        band = min(int(frequency / (2 / num_bands)), num_bands - 1)
        out[band] += (direction @ x).square().sum()
    return out


@each_dtype
@each_graph
@pytest.mark.parametrize("num_bands", [1, 5, 9])
def test_exact_energy(matrix: Tensor, num_bands: int, dtype: torch.dtype) -> None:
    user_x, item_x = sides(matrix)
    x = torch.cat([user_x, item_x]) * torch.cat(with_edge(matrix))
    expected = dense_energy(matrix, x, num_bands)
    arguments = user_x.to(dtype), item_x.to(dtype), as_csr(matrix), num_bands, "exact"
    assert_equal(frequency_energy(*arguments), expected, dtype)
    assert_equal(frequency_share(*arguments), expected / expected.sum(), dtype)


def test_the_estimate_is_near_the_exact_one() -> None:
    """At each edge, only what lies within three blurs of it may be misplaced."""
    matrix = random_matrix(40, 60, density=0.1)
    arguments = *sides(matrix), as_csr(matrix)
    exact = frequency_share(*arguments, method="exact")
    error = frequency_share(*arguments).cumsum(0) - exact.cumsum(0)
    fine = frequency_share(*arguments, num_bands=2001, method="exact")
    middle = (torch.arange(2001).double() + 0.5) * (2 / 2001)
    for edge, gap in zip(band_edges()[1:-1].tolist(), error, strict=False):
        blur = 3 * math.pi * math.sqrt(edge * (2 - edge)) / 128
        assert abs(gap) < fine[(middle - edge).abs() < blur].sum() + 1e-3
    assert error.abs().max() < ESTIMATE


def test_a_higher_degree_is_nearer() -> None:
    matrix = random_matrix(40, 60, density=0.1)
    arguments = *sides(matrix), as_csr(matrix)
    exact = frequency_share(*arguments, method="exact")
    error = [
        (frequency_share(*arguments, degree=degree) - exact).abs().max().item()
        for degree in (8, 64, 512)
    ]
    assert error[0] > 2 * error[1] > 4 * error[2]
    assert error[2] < 0.01


@pytest.mark.parametrize("method", ["exact", "chebyshev"])
def test_a_complete_graph_has_three_frequencies(method: str) -> None:
    """0 and 2 once each, all others 1."""
    matrix = torch.ones(3, 4)
    rows, (user, item) = as_csr(matrix), smooth(matrix)
    cases = [
        ((user, item), [1, 0, 0]),
        ((user, -item), [0, 0, 1]),
        ((user - user.flip(0) + torch.tensor([[1.0], [-1], [0]]), 0 * item), [0, 1, 0]),
        ((user, 0 * item), [0.5, 0, 0.5]),
    ]
    for signal, expected in cases:
        found = frequency_share(*signal, rows, num_bands=3, method=method)
        assert found.tolist() == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("method", ["exact", "chebyshev"])
def test_a_missing_side_is_zero(method: str) -> None:
    matrix = GRAPHS["random"]
    user_x, item_x = sides(matrix)
    rows = as_csr(matrix)
    for given, filled in (
        ((user_x, None), (user_x, torch.zeros_like(item_x))),
        ((None, item_x), (torch.zeros_like(user_x), item_x)),
    ):
        found = frequency_energy(*given, rows, method=method)
        assert torch.equal(found, frequency_energy(*filled, rows, method=method))
        torch.testing.assert_close(found, found.flip(0))


def test_the_mean_frequency_is_the_rayleigh_quotient() -> None:
    matrix = GRAPHS["random with corners"]
    arguments = *sides(matrix), as_csr(matrix)
    share = frequency_share(*arguments, num_bands=2001, method="exact")
    edge = band_edges(2001).double()
    quotient = dirichlet_energy(*arguments, normalize=True)
    assert edge[:-1] @ share - 1e-6 <= quotient <= edge[1:] @ share + 1e-6


@pytest.mark.parametrize("method", ["exact", "chebyshev"])
def test_the_response_to_a_gain_is_its_square(method: str) -> None:
    matrix = random_matrix(12, 15, density=0.2)
    signal = sides(matrix)
    # Factors of another width with the same energies.
    rotated = tuple(3 * torch.cat([x, x], dim=1) / math.sqrt(2) for x in signal)
    found = frequency_response(signal, rotated, as_csr(matrix), method=method)
    torch.testing.assert_close(found, torch.full_like(found, 9))


def test_the_response_of_a_filter() -> None:
    """One hop multiplies a frequency by 1 - frequency, so energy by its square."""
    matrix = random_matrix(12, 15, density=0.2)
    user_x, item_x = sides(matrix)
    hop = adjacency(matrix) @ torch.cat([user_x, item_x])
    result = hop[:12], hop[12:]
    found = frequency_response(
        (user_x, item_x), result, as_csr(matrix), num_bands=25, method="exact"
    )
    edge = band_edges(25).double()
    gain = torch.stack([(1 - edge[:-1]).square(), (1 - edge[1:]).square()])
    low, high = gain.min(dim=0).values, gain.max(dim=0).values
    low[12] = 0
    empty = found.isnan()
    assert not empty.all()
    assert (found >= low - 1e-6)[~empty].all()
    assert (found <= high + 1e-6)[~empty].all()


def test_bands_with_little_energy_have_no_response() -> None:
    matrix = torch.ones(2, 2)
    user, item = smooth(matrix)
    source = user + 1e-2 * torch.tensor([[1.0], [-1.0]]), item
    arguments = source, source, as_csr(matrix), 3, "exact"
    assert frequency_response(*arguments)[:2].tolist() == pytest.approx([1, 1])
    found = frequency_response(*arguments, min_share=1e-2)
    assert found.isnan().tolist() == [False, True, True]


def test_edges_of_bands() -> None:
    assert band_edges(3).tolist() == pytest.approx([0, 2 / 3, 4 / 3, 2])
    assert band_edges().numel() == 10


def test_large_graphs_are_refused_by_the_exact_method(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bands, "MAX_EXACT_NODES", 4)
    signal = torch.ones(2, 1), torch.ones(3, 1)
    wrong = r"'method' needs to be 'chebyshev' for more than 4 nodes \(got 'exact' for"
    with pytest.raises(ValueError, match=wrong):
        frequency_energy(*signal, as_csr(torch.ones(2, 3)), method="exact")
    monkeypatch.setattr(bands, "MAX_EXACT_NODES", 5)
    frequency_energy(*signal, as_csr(torch.ones(2, 3)), method="exact")


@pytest.mark.parametrize(
    ("option", "wrong"),
    [
        ({"num_bands": 4}, r"'num_bands' needs to be a positive odd number \(got 4\)"),
        ({"num_bands": -1}, r"'num_bands' needs .* \(got -1\)"),
        ({"method": "fast"}, r"'method' needs to be one of \[.*\] \(got 'fast'\)"),
        ({"degree": 0}, r"'degree' needs to be at least 1 \(got 0\)"),
    ],
)
def test_options_are_checked(option: dict, wrong: str) -> None:
    x, rows = draw(2, 1), as_csr(torch.ones(2, 2))
    with pytest.raises(ValueError, match=wrong):
        frequency_energy(x, x, rows, **option)
    with pytest.raises(ValueError, match=wrong):
        frequency_share(x, x, rows, **option)
    with pytest.raises(ValueError, match=wrong):
        frequency_response((x, x), (x, x), rows, **option)


def test_shapes_are_checked() -> None:
    rows = as_csr(torch.ones(2, 3))
    with pytest.raises(ValueError, match=r"'user_x' needs to be of shape \[2, chan"):
        frequency_energy(torch.ones(3, 1), None, rows)
    with pytest.raises(ValueError, match=r"'item_x' needs to be of shape \[3, chan"):
        frequency_energy(None, torch.ones(2, 1), rows)
    with pytest.raises(ValueError, match=r"'item_x' needs to be of shape \[3, chan"):
        frequency_energy(torch.ones(2, 1), torch.ones(2, 1), rows)
    with pytest.raises(ValueError, match=r"'item_x' needs to be of shape \[\*, 1\]"):
        frequency_energy(torch.ones(2, 1), torch.ones(3, 2), rows)
    with pytest.raises(ValueError, match=r"'user_x' needs to be given without"):
        frequency_energy(None, None, rows)
