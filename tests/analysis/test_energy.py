"""Energy that a reconstruction keeps, and the change against the data."""

import math

import pytest
import torch
from torch import Tensor

from tests.analysis.dense import (
    GRAPHS,
    TOLERANCE,
    as_csr,
    assert_equal,
    dense_probability,
    sides,
)
from tvdiff_pyg.analysis import (
    energy_change,
    observed_energy,
    occupied_energy,
    probability,
)

each_graph = pytest.mark.parametrize("matrix", GRAPHS.values(), ids=GRAPHS)
each_dtype = pytest.mark.parametrize("dtype", TOLERANCE)
OPTIONS = [
    {},
    {"temperature": 0.3},
    {"normalization": "clipped"},
    {"normalization": "clipped", "floor": 0.2},
]
each_option = pytest.mark.parametrize("option", OPTIONS)


def dense_observed(matrix: Tensor, score: Tensor, option: dict) -> float:
    found = []
    for row, values in zip(matrix, score, strict=True):
        share = dense_probability(values, **option)
        found += [float(row.sum()) * share[item] for item in row.nonzero().flatten()]
    return sum(found) / len(found) if found else math.nan


def dense_occupied(matrix: Tensor, score: Tensor, option: dict) -> float:
    total = 0.0
    for row, values in zip(matrix, score, strict=True):
        degree = float(row.sum())
        level = [
            1.0 if p * degree >= 1 else p * p * degree
            for p in dense_probability(values, **option)
        ]
        total += min(sum(level), degree)
    return total / float(matrix.sum()) if matrix.sum() > 0 else math.nan


@each_option
@each_dtype
@each_graph
def test_both_measures(matrix: Tensor, dtype: torch.dtype, option: dict) -> None:
    user_factor, item_factor = sides(matrix)
    score = user_factor @ item_factor.t()
    arguments = user_factor.to(dtype), item_factor.to(dtype), as_csr(matrix)
    for measure, compute, dense in (
        ("observed", observed_energy, dense_observed),
        ("occupied", occupied_energy, dense_occupied),
    ):
        expected = dense(matrix, score, option)
        assert_equal(compute(*arguments, **option), expected, dtype)
        change = energy_change(*arguments, measure, **option)
        assert_equal(change.reconstructed, expected, dtype)
        assert_equal(change.data, 1, dtype)
        assert_equal(change.relative, expected - 1, dtype)
        assert_equal(change.total, (expected - 1) * matrix.sum(), dtype)


@each_dtype
@each_graph
def test_scores_as_they_are(matrix: Tensor, dtype: torch.dtype) -> None:
    user_factor, item_factor = sides(matrix)
    observed = (user_factor @ item_factor.t())[matrix > 0]
    expected = observed.clamp(0, 1).mean()
    found = observed_energy(
        user_factor.to(dtype), item_factor.to(dtype), as_csr(matrix), "none"
    )
    assert_equal(found, expected, dtype)


@pytest.mark.parametrize("option", OPTIONS[1:3])
@pytest.mark.parametrize("at_once", [1, 18])
@pytest.mark.parametrize("compute", [observed_energy, occupied_energy])
def test_blocks_of_users(
    compute: object, at_once: int, option: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    matrix = GRAPHS["random"]
    arguments = *sides(matrix), as_csr(matrix)
    whole = compute(*arguments, **option)
    monkeypatch.setattr(probability, "SCORES_AT_ONCE", at_once)
    blocks = compute(*arguments, **option)
    torch.testing.assert_close(blocks, whole, rtol=1e-13, atol=0)


@each_dtype
@pytest.mark.parametrize("measure", ["observed", "occupied"])
def test_a_perfect_reconstruction_keeps_all(measure: str, dtype: torch.dtype) -> None:
    """Scores of 0.9 and 0: a third of the mass each, up to rounding."""
    matrix = torch.tensor([[1, 1, 1, 0], [0, 0, 0, 0], [1, 0, 0, 0]]).to(dtype)
    item_factor = 0.9 * torch.eye(4, dtype=dtype)
    found = energy_change(
        matrix, item_factor, as_csr(matrix), measure, normalization="clipped"
    )
    assert found.total.item() == pytest.approx(0, abs=1e-5)
    assert observed_energy(
        matrix, item_factor, as_csr(matrix), "none"
    ) == pytest.approx(0.9)


def test_a_flat_reconstruction_keeps_the_density() -> None:
    """p = 1/4: two items of mass 1/4 for one user, one for the other."""
    matrix = torch.tensor([[1, 1, 0, 0], [0, 0, 0, 1.0]])
    arguments = torch.zeros(2, 1), torch.zeros(4, 1), as_csr(matrix)
    expected = (2 * 2 / 4 + 1 / 4) / 3
    assert observed_energy(*arguments).item() == pytest.approx(expected)
    expected = (4 * 2 / 16 + 4 * 1 / 16) / 3
    assert occupied_energy(*arguments).item() == pytest.approx(expected)


def test_what_is_observed_matters_to_one_measure_only() -> None:
    matrix = torch.tensor([[1, 1, 0, 0.0]])
    elsewhere = torch.tensor([[0, 0, 1, 1.0]])
    arguments = elsewhere, torch.eye(4), as_csr(matrix), "clipped"
    assert observed_energy(*arguments) == 0
    assert occupied_energy(*arguments) == 1


@pytest.mark.parametrize(
    ("option", "wrong"),
    [
        (
            {"measure": "inner"},
            r"'measure' needs to be one of \['observed', 'occupied'\] \(got 'inner'\)",
        ),
        ({"normalization": "max"}, r"'normalization' needs .* \(got 'max'\)"),
        ({"temperature": -1}, r"'temperature' needs to be positive \(got -1\)"),
        ({"floor": -1}, r"'floor' needs to be at least 0 \(got -1\)"),
    ],
)
def test_options_are_checked(option: dict, wrong: str) -> None:
    arguments = torch.ones(2, 1), torch.ones(3, 1), as_csr(torch.ones(2, 3))
    with pytest.raises(ValueError, match=wrong):
        energy_change(*arguments, **option)
    if "measure" not in option:
        for compute in (observed_energy, occupied_energy):
            with pytest.raises(ValueError, match=wrong):
                compute(*arguments, **option)


@pytest.mark.parametrize("compute", [observed_energy, occupied_energy, energy_change])
def test_shapes_are_checked(compute: object) -> None:
    wrong = r"'item_factor' needs to be of shape \[3, channels\] \(got \[2, 1\]\)"
    with pytest.raises(ValueError, match=wrong):
        compute(torch.ones(2, 1), torch.ones(2, 1), as_csr(torch.ones(2, 3)))
