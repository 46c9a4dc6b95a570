"""Exact top-k: by brute force, in blocks, and through bounds in half precision."""

import math

import pytest
import torch
from torch import Tensor

from tests.oracle import pairs_of, random_matrix
from tvdiff_pyg.ranking import ExactRanker, exact, rank_scores, top_k
from tvdiff_pyg.sparse import CSR


def as_csr(matrix: object) -> CSR:
    matrix = torch.as_tensor(matrix)
    return CSR.from_edge_index(pairs_of(matrix), tuple(matrix.shape))


def brute_force(score: Tensor, k: int, seen: Tensor | None) -> list[list[int]]:
    """Unseen items by falling score, for each user."""
    ranked = score.argsort(dim=1, descending=True).tolist()
    if seen is not None:
        ranked = [
            [item for item in row if not mask[item]]
            for row, mask in zip(ranked, seen, strict=True)
        ]
    return [row[:k] for row in ranked]


@pytest.mark.parametrize("half", [True, False])
@pytest.mark.parametrize("block", [1, 4, 4096])
@pytest.mark.parametrize("with_seen", [True, False])
@pytest.mark.parametrize("k", [1, 3, 9, 12])
def test_a_search_is_exact(
    k: int, with_seen: bool, block: int, half: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exact.ExactRanker, "user_block", block)
    monkeypatch.setattr(exact, "ITEM_BLOCK_BYTES", 4 * block)
    monkeypatch.setattr(exact, "MIN_CANDIDATES", 1)
    generator = torch.Generator().manual_seed(0)
    user, item = (torch.randn(n, 4, generator=generator) for n in (11, 9))
    seen = random_matrix(11, 9, density=0.6)
    seen[0], seen[1] = 0, 1
    ranker = ExactRanker(item, half)
    found = ranker.search(user, k, as_csr(seen) if with_seen else None)
    score = user @ item.t()

    expected = brute_force(score, k, seen if with_seen else None)
    for row, (values, items) in enumerate(zip(*found, strict=True)):
        num_found = len(expected[row])
        pads = k - num_found
        assert items.tolist() == expected[row] + [-1] * pads
        best = score[row, expected[row]].tolist() + [-math.inf] * pads
        # Processors round differently, and what nearly cancels keeps that rounding.
        assert values.tolist() == pytest.approx(best, abs=1e-6)


def test_half_precision_never_decides() -> None:
    """Items that bfloat16 cannot tell apart are ranked in full precision."""
    generator = torch.Generator().manual_seed(0)
    step = torch.randperm(500, generator=generator).float()
    item = torch.stack([torch.full((500,), 3.0), step * 1e-5], dim=1)
    user = torch.tensor([[1.0, 1.0], [2.0, -1.0]])
    assert (item @ user[0]).bfloat16().unique().numel() == 1
    _, found = ExactRanker(item, half=True).search(user, 20)
    assert found[0].tolist() == step.argsort(descending=True)[:20].tolist()
    assert found[1].tolist() == step.argsort()[:20].tolist()


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_bounds_are_never_below_the_scores(scale: float) -> None:
    generator = torch.Generator().manual_seed(0)
    user, item = (scale * torch.randn(300, 70, generator=generator) for _ in range(2))
    bound = exact._bounds_of_users(user) @ exact._bounds_of_items(item).t()
    # What the search allows for the rounding of the bound itself.
    bound = bound.double() * (1 + exact.HALF_ROUNDING * bound.sign())
    score = user.double() @ item.double().t()
    assert (bound >= score).all()
    assert ((bound - score) / score.abs().mean()).mean() < 0.05


def test_few_users_are_ranked_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    ranked = []
    best = exact._best

    def count(user: Tensor, *args: object) -> tuple[Tensor, Tensor]:
        ranked.append(user.size(0))
        return best(user, *args)

    monkeypatch.setattr(exact, "_best", count)
    generator = torch.Generator().manual_seed(0)
    user, item = (torch.randn(n, 256, generator=generator) for n in (200, 3000))
    ExactRanker(item, half=True).search(user, 20)
    assert ranked[0] == 200
    assert sum(ranked[1:]) < 10


def test_top_k_of_no_user() -> None:
    score, item = top_k(torch.empty(0, 2), torch.rand(3, 2), k=4)
    assert score.shape == item.shape == (0, 4)
    assert item.dtype == torch.long


def test_top_k_leaves_its_arguments_alone() -> None:
    user, item = torch.rand(2, 3), torch.rand(4, 3)
    before = user.clone(), item.clone()
    top_k(user, item, 2, as_csr([[1, 0, 0, 1], [0, 1, 0, 0]]))
    assert torch.equal(user, before[0])
    assert torch.equal(item, before[1])


def test_a_score_may_be_negative_or_zero() -> None:
    _, item = rank_scores(torch.tensor([[-3.0, 0.0, -1e30]]), 3)
    assert item.tolist() == [[1, 0, 2]]


@pytest.mark.parametrize("k", [0, -1])
def test_k_is_positive(k: int) -> None:
    message = rf"'k' needs to be at least 1 \(got {k}\)"
    with pytest.raises(ValueError, match=message):
        rank_scores(torch.zeros(1, 2), k)
    with pytest.raises(ValueError, match=message):
        top_k(torch.zeros(1, 2), torch.zeros(3, 2), k)
