"""Diversity and personalization by hand, with pads, and against PyG's own."""

import math
from itertools import combinations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch_geometric.metrics import LinkPredDiversity, LinkPredPersonalization

from tvdiff_pyg.metrics import RankingMetrics
from tvdiff_pyg.sparse import CSR

CATEGORY = torch.tensor([0, 1, 0, 2, 1, 0, 2])


def no_label(num_users: int) -> CSR:
    return CSR.from_edge_index(torch.zeros(2, 0, dtype=torch.long), (num_users, 7))


# Lists of different lengths: the pads of one user are nobody's items.
SHOWN = [[3, 1, 4, 0], [1, 3, 6, -1], [2, 0, -1, -1], [5, -1, -1, -1], [-1] * 4]
SHOWN += [[0, 2, 5, 6]]


def listed(k: int) -> list[list[int]]:
    return [[item for item in row[:k] if item >= 0] for row in SHOWN]


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def measured(name: str, k: int, item: Tensor, batch_size: int) -> float:
    metrics = RankingMetrics(torch.ones(7), (1, k), CATEGORY, [name])
    for users in torch.arange(len(item)).split(batch_size):
        metrics.update(item[users], no_label(len(users)))
    return metrics.compute()[f"{name}@{k}"]


@pytest.mark.parametrize("batch_size", [1, 2, 6])
@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_diversity_by_hand(k: int, batch_size: int) -> None:
    shares = [
        mean([float(CATEGORY[one] != CATEGORY[other]) for one, other in pairs])
        for items in listed(k)
        if (pairs := list(combinations(items, 2)))
    ]
    expected = mean(shares) if shares else 0
    assert measured("diversity", k, torch.tensor(SHOWN), batch_size) == pytest.approx(
        expected
    )


@pytest.mark.parametrize("batch_size", [1, 2, 6])
@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_personalization_by_hand(k: int, batch_size: int) -> None:
    sets = [set(items) for items in listed(k) if items]
    expected = mean(
        [
            1 - len(one & other) / math.sqrt(len(one) * len(other))
            for one, other in combinations(sets, 2)
        ]
    )
    found = measured("personalization", k, torch.tensor(SHOWN), batch_size)
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("num_users", [0, 1])
def test_nobody_to_compare_with(num_users: int) -> None:
    item = torch.full((2, 3), -1)
    item[:num_users] = torch.arange(3)
    assert measured("personalization", 3, item, batch_size=2) == 0
    assert measured("diversity", 3, item[num_users:], batch_size=2) == 0


@given(st.integers(2, 9), st.integers(2, 7), st.integers(0, 10**6))
def test_full_lists_agree_with_pyg(num_users: int, k: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    item = torch.rand(num_users, 7, generator=generator).topk(k).indices
    names = ["diversity", "personalization"]
    metrics = RankingMetrics(torch.ones(7), (k,), CATEGORY, names)
    metrics.update(item, no_label(num_users))
    for name, metric in (
        ("diversity", LinkPredDiversity(k, CATEGORY)),
        ("personalization", LinkPredPersonalization(k)),
    ):
        metric.update(item, torch.zeros(2, 0, dtype=torch.long))
        found, expected = metrics.compute()[f"{name}@{k}"], float(metric.compute())
        assert found == pytest.approx(expected, abs=1e-6)
