"""Capped neighbours: uniform, distinct, unbiased once weighted, and all if few."""

import pytest
import torch

from tests.oracle import pairs_of, random_matrix
from tvdiff_pyg.sampled.neighbors import sample_neighbors
from tvdiff_pyg.sparse import CSR

MATRIX = random_matrix(6, 12, density=0.5)
MATRIX[0], MATRIX[1] = 0, 1
ROWS = CSR.from_edge_index(pairs_of(MATRIX), (6, 12))


@pytest.mark.parametrize("num_neighbors", [-1, 12, 40])
def test_few_neighbors_are_all_kept(num_neighbors: int) -> None:
    index = torch.tensor([4, 0, 1, 4])
    found, expected = sample_neighbors(ROWS, index, num_neighbors), ROWS.select(index)
    assert torch.equal(found.rowptr, expected.rowptr)
    assert torch.equal(found.col, expected.col)


@pytest.mark.parametrize("num_neighbors", [1, 3, 11])
def test_a_sample_is_distinct_and_ascending(num_neighbors: int) -> None:
    index = torch.arange(6).repeat(50)
    found = sample_neighbors(ROWS, index, num_neighbors, torch.manual_seed(0))
    assert torch.equal(found.degree(), ROWS.degree()[index].clamp(max=num_neighbors))
    key = found.key()
    assert (key[1:] > key[:-1]).all()
    assert (MATRIX[index[found.row()], found.col] == 1).all()


@pytest.mark.parametrize("num_neighbors", [1, 3, 11])
def test_each_neighbor_is_equally_likely(num_neighbors: int) -> None:
    draws = 20_000
    index = torch.ones(draws, dtype=torch.long)
    found = sample_neighbors(ROWS, index, num_neighbors, torch.manual_seed(0))
    share = found.col.bincount(minlength=12) / draws
    expected = num_neighbors / 12
    deviation = (expected * (1 - expected) / draws) ** 0.5
    assert (share - expected).abs().max() < 5 * deviation


def test_a_generator_repeats_the_sample() -> None:
    index = torch.arange(6)
    first, second = (
        sample_neighbors(ROWS, index, 2, torch.Generator().manual_seed(3)).col
        for _ in range(2)
    )
    assert torch.equal(first, second)


@pytest.mark.parametrize("num_neighbors", [0, -2])
def test_the_cap_is_positive(num_neighbors: int) -> None:
    with pytest.raises(
        ValueError, match=r"'num_neighbors' .*\(got " + f"{num_neighbors}"
    ):
        sample_neighbors(ROWS, torch.tensor([0]), num_neighbors)


def test_each_row_may_have_a_cap_of_its_own() -> None:
    draws, caps = 5_000, torch.tensor([3, 0, 2, 40, 1])
    index = torch.tensor([1, 1, 3, 4, 0]).repeat(draws)
    cap = caps.repeat(draws)
    found = sample_neighbors(ROWS, index, cap, torch.manual_seed(0))
    assert torch.equal(found.degree(), torch.minimum(ROWS.degree()[index], cap))
    key = found.key()
    assert (key[1:] > key[:-1]).all()
    assert (MATRIX[index[found.row()], found.col] == 1).all()
    share = found.col[found.row() % 5 == 0].bincount(minlength=12) / draws
    assert (share - 3 / 12).abs().max() < 5 * (3 / 12 * 9 / 12 / draws) ** 0.5


@pytest.mark.parametrize(
    ("caps", "message"),
    [
        ([1, -1], r"'num_neighbors' needs to be in \[0, .*\(got -1\)"),
        ([1], r"'num_neighbors' needs .*2"),
        ([1.0, 2.0], "'num_neighbors' needs .*integers"),
    ],
    ids=str,
)
def test_caps_fit_the_rows(caps: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sample_neighbors(ROWS, torch.tensor([0, 1]), torch.tensor(caps))
