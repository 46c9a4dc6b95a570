"""Uniform negatives: never observed, equally frequent."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.oracle import CORNERS, assert_frequencies, pairs_of, random_matrix
from tvdiff_pyg.negatives import UniformNegativeSampler
from tvdiff_pyg.negatives.sampler import NegativeSampler
from tvdiff_pyg.sparse import CSR


def observe(matrix: object) -> CSR:
    matrix = torch.as_tensor(matrix)
    return CSR.from_edge_index(pairs_of(matrix), tuple(matrix.shape))


@given(
    st.integers(1, 6),
    st.integers(1, 8),
    st.floats(0, 1),
    st.integers(0, 10**6),
    st.lists(st.integers(0, 12), min_size=6, max_size=6),
)
def test_never_an_observed_item(
    num_users: int, num_items: int, density: float, seed: int, wanted: list[int]
) -> None:
    matrix = random_matrix(num_users, num_items, density, seed)
    num_samples = torch.tensor(wanted[:num_users])
    generator = torch.Generator().manual_seed(seed)
    negative = UniformNegativeSampler()(
        observe(matrix), num_samples, generator=generator
    )
    assert not matrix[negative.row(), negative.col].any()
    assert ((negative.col >= 0) & (negative.col < num_items)).all()
    # With replacement, only a row without any candidate gets fewer.
    has_candidate = (matrix == 0).any(dim=1)
    assert torch.equal(negative.degree(), num_samples * has_candidate)


@pytest.mark.parametrize("corner", CORNERS)
def test_every_unobserved_item_is_equally_frequent(corner: str) -> None:
    matrix = torch.tensor(CORNERS[corner])
    num_samples = torch.full((matrix.size(0),), 4000)
    negative = UniformNegativeSampler()(
        observe(matrix), num_samples, generator=torch.Generator().manual_seed(0)
    )
    for row in range(matrix.size(0)):
        free = (matrix[row] == 0).double()
        counts = negative.col[negative.row() == row].bincount(minlength=4)
        assert_frequencies(counts, free / free.sum().clamp(min=1))


def test_the_only_unobserved_item_is_always_drawn() -> None:
    matrix = 1 - torch.eye(5)
    negative = UniformNegativeSampler()(observe(matrix), torch.full((5,), 30))
    assert torch.equal(negative.col, torch.arange(5).repeat_interleave(30))


def test_nothing_is_drawn_where_all_is_observed() -> None:
    negative = UniformNegativeSampler()(
        observe([[1, 1], [1, 0], [1, 1]]), torch.tensor([3, 2, 1])
    )
    assert negative.degree().tolist() == [0, 2, 0]


def test_rows_may_repeat() -> None:
    observed = observe([[1, 0, 0], [0, 1, 1]]).select(torch.tensor([1, 0, 1]))
    negative = UniformNegativeSampler()(observed, torch.tensor([2, 50, 1]))
    assert negative.col[:2].tolist() == [0, 0]
    assert set(negative.col[2:52].tolist()) == {1, 2}
    assert negative.col[52:].tolist() == [0]


def test_draws_are_seeded() -> None:
    observed, wanted = observe(random_matrix(5, 50)), torch.full((5,), 20)
    draws = [
        UniformNegativeSampler()(
            observed, wanted, generator=torch.Generator().manual_seed(seed)
        ).col
        for seed in (0, 0, 1)
    ]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


def test_repr() -> None:
    assert str(UniformNegativeSampler()) == "UniformNegativeSampler()"
    assert not UniformNegativeSampler().needs_factors


def test_the_base_class_draws_nothing() -> None:
    with pytest.raises(NotImplementedError):
        NegativeSampler()(observe([[1, 0]]), torch.tensor([1]))


@pytest.mark.parametrize("col", [[4, 0, 2], [0, 2, 2]])
def test_rows_whose_columns_do_not_ascend(col: list[int]) -> None:
    # The search for what is not observed would draw what is.
    observed = CSR.from_sorted_rows(torch.zeros(3).long(), torch.tensor(col), (1, 6))
    with pytest.raises(ValueError, match="'observed' needs distinct columns"):
        UniformNegativeSampler()(observed, 3)


@pytest.mark.parametrize("wanted", [True, 1.0, None, "2", [1, 1], -1])
def test_numbers_of_samples(wanted: object) -> None:
    with pytest.raises(ValueError, match="'num_samples' needs to be"):
        UniformNegativeSampler()(observe([[1, 0], [0, 1]]), wanted)
