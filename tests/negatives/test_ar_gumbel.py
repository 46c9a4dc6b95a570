"""AR-GSP: accepted items only, drawn as the formula says."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from tests.oracle import NUM_SIGMAS, pairs_of, random_matrix
from tvdiff_pyg.negatives import ARGumbelSampler
from tvdiff_pyg.sparse import CSR

NUM_TIMESTEPS = 5


def observe(matrix: object) -> CSR:
    matrix = torch.as_tensor(matrix)
    return CSR.from_edge_index(pairs_of(matrix), tuple(matrix.shape))


def draw(
    sampler: ARGumbelSampler,
    matrix: Tensor,
    score: Tensor,
    num_samples: Tensor,
    timestep: Tensor | None = None,
    seed: int = 0,
) -> CSR:
    """Draw with any scores: the items' factors are their columns."""
    if timestep is None:
        timestep = torch.full((matrix.size(0),), 2)
    identity = torch.eye(matrix.size(1), dtype=score.dtype)
    generator = torch.Generator().manual_seed(seed)
    return sampler(observe(matrix), num_samples, score, identity, timestep, generator)


@given(
    st.integers(1, 5),
    st.integers(1, 8),
    st.floats(0, 1),
    st.floats(0.01, 1),
    st.integers(0, 10**6),
    st.lists(st.integers(0, 12), min_size=5, max_size=5),
)
def test_only_accepted_items_without_replacement(
    num_users: int,
    num_items: int,
    density: float,
    accept_ratio: float,
    seed: int,
    wanted: list[int],
) -> None:
    matrix = random_matrix(num_users, num_items, density, seed)
    score = torch.randn(matrix.shape, generator=torch.Generator().manual_seed(seed))
    num_samples = torch.tensor(wanted[:num_users])
    sampler = ARGumbelSampler(NUM_TIMESTEPS, accept_ratio)
    negative = draw(sampler, matrix, score, num_samples, seed=seed)

    # Rounded first: a share such as 0.3 of 10 items may be a little less than 3.
    num_accepted = max(int(round(accept_ratio * num_items, 9)), 1)
    for row in range(num_users):
        ranked = score[row].masked_fill(matrix[row] > 0, -math.inf).argsort().flip(0)
        num_free = int((matrix[row] == 0).sum())
        accepted = ranked[: min(num_accepted, num_free)].tolist()
        drawn = negative.col[negative.row() == row].tolist()
        assert set(drawn) <= set(accepted)
        assert len(set(drawn)) == len(drawn) == min(wanted[row], len(accepted))


@pytest.mark.parametrize("block_entries", [1, 12, 2**24])
def test_blocks_of_rows_change_nothing_but_the_draws(
    block_entries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tvdiff_pyg.negatives.ar_gumbel.BLOCK_ENTRIES", block_entries)
    matrix = random_matrix(9, 6, density=0.3)
    score = torch.randn(9, 6, generator=torch.manual_seed(0))
    sampler = ARGumbelSampler(NUM_TIMESTEPS, accept_ratio=0.5)
    negative = draw(sampler, matrix, score, torch.full((9,), 3))
    best = score.masked_fill(matrix > 0, -math.inf).topk(3).indices
    for row in range(9):
        num_free = min(3, int((matrix[row] == 0).sum()))
        drawn = negative.col[negative.row() == row].tolist()
        assert set(drawn) == set(best[row, :num_free].tolist())


def ordered_pairs_by_the_formula(
    score: np.ndarray, softness: float, num_draws: int
) -> np.ndarray:
    """How often item i is drawn first and j second, one row a draw."""
    rng = np.random.default_rng(0)
    counts = np.zeros((len(score), len(score)))
    for _ in range(num_draws):
        gumbel = -np.log(-np.log(rng.random(len(score))))
        log_weight = (np.log(np.maximum(score, 1e-10)) + gumbel) / softness
        weight = np.exp(log_weight - log_weight.max())
        first = rng.choice(len(score), p=weight / weight.sum())
        # Of the others; in logarithms, as sharp weights underflow.
        rest = np.delete(np.arange(len(score)), first)
        weight = np.exp(log_weight[rest] - log_weight[rest].max())
        second = rest[rng.choice(len(rest), p=weight / weight.sum())]
        counts[first, second] += 1
    return counts


@pytest.mark.parametrize("timestep", [0, 3, 4], ids=["sharp", "medium", "soft"])
def test_draws_follow_the_formula(timestep: int) -> None:
    score, num_draws = torch.tensor([0.1, 1.0, 0.3, 3.0]), 8000
    softness = math.exp(-3 * (1 - timestep / NUM_TIMESTEPS))
    expected = ordered_pairs_by_the_formula(score.double().numpy(), softness, num_draws)

    negative = draw(
        ARGumbelSampler(NUM_TIMESTEPS, accept_ratio=1.0),
        torch.zeros(num_draws, 4),
        score.expand(num_draws, 4),
        torch.full((num_draws,), 2),
        torch.full((num_draws,), timestep),
    )
    first, second = negative.col.view(-1, 2).t()
    counts = (first * 4 + second).bincount(minlength=16).view(4, 4)
    p = (counts + torch.from_numpy(expected)) / (2 * num_draws)
    error = (p * (1 - p) * 2 * num_draws).sqrt()
    assert ((counts - torch.from_numpy(expected)).abs() <= NUM_SIGMAS * error).all()


def test_softness_rises_with_the_noise() -> None:
    sampler = ARGumbelSampler(4, gumbel_decay=2.0)
    softness = sampler.softness(torch.arange(4))
    expected = [math.exp(-2), math.exp(-1.5), math.exp(-1), math.exp(-0.5)]
    assert softness.tolist() == pytest.approx(expected)


@pytest.mark.parametrize("timestep", [0, 4])
def test_hard_items_come_before_easy_ones(timestep: int) -> None:
    num_users = 3000
    score = torch.linspace(0.01, 1, 20)
    negative = draw(
        ARGumbelSampler(NUM_TIMESTEPS, accept_ratio=1.0),
        torch.zeros(num_users, 20),
        score.expand(num_users, 20),
        torch.ones(num_users, dtype=torch.long),
        torch.full((num_users,), timestep),
    )
    # Uniform draws would have the mean of all, 0.505, up to 0.005.
    assert score[negative.col].mean() > 0.55


@pytest.mark.parametrize("gumbel_decay", [3.0, 80.0, 200.0])
@pytest.mark.parametrize("dtype", [torch.float, torch.bfloat16, torch.half], ids=str)
@pytest.mark.parametrize("sign", [1, -1])
def test_never_observed_at_any_precision(
    sign: int, dtype: torch.dtype, gumbel_decay: float
) -> None:
    matrix = torch.tensor([[1, 1, 0, 0]]).expand(64, 4)
    score = sign * torch.tensor([[9.0, 5.0, 0.1, 0.2]], dtype=dtype).expand(64, 4)
    sampler = ARGumbelSampler(
        NUM_TIMESTEPS, accept_ratio=1.0, gumbel_decay=gumbel_decay
    )
    timestep, wanted = torch.zeros(64, dtype=torch.long), torch.full((64,), 2)
    negative = draw(sampler, matrix, score, wanted, timestep)
    assert negative.nnz == 128
    assert (negative.col >= 2).all()


def test_nothing_is_drawn_where_all_is_observed() -> None:
    negative = draw(
        ARGumbelSampler(NUM_TIMESTEPS, accept_ratio=1.0),
        torch.tensor([[1, 1, 1], [1, 0, 1]]),
        torch.rand(2, 3),
        torch.tensor([2, 2]),
    )
    assert negative.degree().tolist() == [0, 1]
    assert negative.col.tolist() == [1]


def test_an_empty_batch_draws_nothing() -> None:
    negative = draw(
        ARGumbelSampler(NUM_TIMESTEPS),
        torch.zeros(0, 3),
        torch.zeros(0, 3),
        torch.zeros(0, dtype=torch.long),
    )
    assert (negative.num_rows, negative.num_cols, negative.nnz) == (0, 3, 0)


@pytest.mark.parametrize(
    ("accept_ratio", "num_items"), [(0.29, 100), (0.57, 100), (0.5, 7)]
)
def test_the_accepted_share_is_rounded_down(
    accept_ratio: float, num_items: int
) -> None:
    # 0.29 * 100 is 28.999... in floating point, and 29 items.
    expected = {0.29: 29, 0.57: 57, 0.5: 3}[accept_ratio]
    negative = draw(
        ARGumbelSampler(NUM_TIMESTEPS, accept_ratio),
        torch.zeros(1, num_items),
        torch.rand(1, num_items),
        torch.tensor([num_items]),
    )
    assert negative.nnz == expected


def test_draws_are_seeded() -> None:
    matrix, score = random_matrix(5, 50), torch.rand(5, 50)
    sampler, wanted = ARGumbelSampler(NUM_TIMESTEPS, 0.5), torch.full((5,), 5)
    draws = [draw(sampler, matrix, score, wanted, seed=seed).col for seed in (0, 0, 1)]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


def test_factors_are_left_as_they_are_and_get_no_gradient() -> None:
    matrix = random_matrix(3, 6)
    score = torch.rand(3, 6, requires_grad=True)
    before = score.detach().clone()
    draw(ARGumbelSampler(NUM_TIMESTEPS), matrix, score, torch.ones(3, dtype=torch.long))
    assert score.grad is None
    assert torch.equal(score, before)


def test_repr() -> None:
    expected = "ARGumbelSampler(accept_ratio=0.2, gumbel_decay=3.0)"
    assert str(ARGumbelSampler(5, 0.2)) == expected
    assert ARGumbelSampler(5).needs_factors


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_timesteps": 0}, r"'num_timesteps' needs to be at least 1 \(got 0\)"),
        ({"accept_ratio": 0.0}, r"'accept_ratio' needs to be in \(0, 1\] \(got 0.0\)"),
        ({"accept_ratio": 1.1}, r"'accept_ratio' needs to be in \(0, 1\] \(got 1.1\)"),
        ({"accept_ratio": math.nan}, r"'accept_ratio' needs to be in .* \(got nan\)"),
        ({"gumbel_decay": -1.0}, r"'gumbel_decay' needs to be at least 0 \(got -1.0\)"),
        ({"gumbel_decay": math.nan}, r"'gumbel_decay' needs to be .* \(got nan\)"),
    ],
)
def test_errors(arguments: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ARGumbelSampler(**{"num_timesteps": 5, **arguments})


@pytest.mark.parametrize("timestep", [-1, NUM_TIMESTEPS])
def test_timesteps_are_those_of_the_diffusion(timestep: int) -> None:
    message = rf"'timestep' needs to be in \[0, 5\) \(got {timestep}\)"
    with pytest.raises(ValueError, match=message):
        draw(
            ARGumbelSampler(NUM_TIMESTEPS),
            torch.zeros(1, 2),
            torch.ones(1, 2),
            torch.ones(1, dtype=torch.long),
            torch.tensor([timestep]),
        )


@pytest.mark.parametrize("missing", ["user_factor", "item_factor", "timestep"])
def test_factors_and_timesteps_are_needed(missing: str) -> None:
    given = {
        "user_factor": torch.ones(1, 1),
        "item_factor": torch.ones(2, 1),
        "timestep": torch.zeros(1, dtype=torch.long),
    }
    with pytest.raises(ValueError, match=r"need to be given to ARGumbelSampler"):
        ARGumbelSampler(5)(
            observe([[1, 0]]), torch.tensor([1]), **{**given, missing: None}
        )
