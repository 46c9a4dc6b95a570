"""Gini, novelty, calibration and groups of users, against a few dense lines."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.spatial.distance import jensenshannon
from torch import Tensor

from tests.oracle import random_matrix
from tvdiff_pyg.data import SyntheticBipartite
from tvdiff_pyg.evaluation import EvaluationTask, evaluate, evaluate_users
from tvdiff_pyg.metrics import (
    RankingMetrics,
    degree_groups,
    metric,
    popularity_groups,
)
from tvdiff_pyg.models import Popularity
from tvdiff_pyg.sparse import CSR

NAMES = ["gini", "novelty", "calibration"]
NUM_USERS, NUM_ITEMS = 12, 9


def as_csr(matrix: Tensor) -> CSR:
    return CSR.from_edge_index(matrix.nonzero().t(), tuple(matrix.shape))


def draw(seed: int) -> tuple[Tensor, Tensor]:
    """Draw histories, one of them empty, and padded lists, one of them too."""
    history = random_matrix(NUM_USERS, NUM_ITEMS, 0.3, seed)
    history[0], history[:, 4] = 0, 0  # Nobody knows item 4.
    generator = torch.Generator().manual_seed(seed)
    item = torch.rand(NUM_USERS, NUM_ITEMS, generator=generator).topk(5).indices
    item[1], item[2, 2:] = -1, -1
    return history, item


def expected(history: Tensor, item: Tensor, k: int) -> dict[str, float]:
    popularity = history.sum(dim=0).numpy()
    lists = [[one for one in row[:k].tolist() if one >= 0] for row in item]
    flat = [one for mine in lists for one in mine]
    shown = np.bincount(flat, minlength=NUM_ITEMS).astype(float)
    gaps = np.abs(shown[:, None] - shown).mean() / (2 * shown.mean())
    bits = -np.log2(np.maximum(popularity, 1) / popularity.sum())
    group, before = np.zeros(NUM_ITEMS, int), 0.0
    for one in sorted(range(NUM_ITEMS), key=lambda place: -popularity[place]):
        group[one] = min(int(3 * before / popularity.sum()), 2)
        before += popularity[one]
    distances = []
    for row, mine in zip(history, lists, strict=True):
        p = np.bincount(group[row.nonzero().view(-1).numpy()], minlength=3)
        q = (
            np.bincount(group[np.array(mine, int)], minlength=3)
            if mine
            else np.zeros(3)
        )
        if p.any() and q.any():
            distances.append(jensenshannon(p, q, base=2) ** 2)
    return {
        "gini": float(gaps),
        "novelty": float(bits[flat].mean()),
        "calibration": float(np.nan_to_num(distances).mean()),
    }


@pytest.mark.parametrize("batch_size", [1, 5, NUM_USERS])
@pytest.mark.parametrize("seed", range(3))
def test_by_hand(seed: int, batch_size: int) -> None:
    history, item = draw(seed)
    metrics = RankingMetrics(history.sum(dim=0).long(), (2, 5), metrics=NAMES)
    for _ in range(2):
        for users in torch.arange(NUM_USERS).split(batch_size):
            no_label = as_csr(torch.zeros(len(users), NUM_ITEMS))
            metrics.update(item[users], no_label, as_csr(history[users]))
        found = metrics.compute()
        for k in (2, 5):
            for name, value in expected(history, item, k).items():
                assert found[f"{name}@{k}"] == pytest.approx(value, rel=1e-5), name
        metrics.reset()


def test_ends() -> None:
    """All alike, only one, and nothing shown."""
    popularity, no_label = torch.tensor([4, 2, 2, 0]), as_csr(torch.zeros(4, 4))
    metrics = RankingMetrics(popularity, (1,), metrics=["gini", "novelty"])
    for item, gini, novelty in (
        (torch.arange(4)[:, None], 0.0, (1 + 2 + 2 + 3) / 4),
        (torch.zeros(4, 1, dtype=torch.long), 3 / 4, 1.0),
        (torch.full((4, 1), -1), 0.0, 0.0),
    ):
        metrics.update(item, no_label)
        found = metrics.compute()
        assert found == pytest.approx({"gini@1": gini, "novelty@1": novelty})
        metrics.reset()


def test_history_is_asked_for() -> None:
    metrics = RankingMetrics(torch.ones(3), (1,), metrics=["calibration"])
    with pytest.raises(
        ValueError, match="'seen' needs to be given for 'calibration@1'"
    ):
        metrics.update(torch.zeros(1, 1).long(), as_csr(torch.zeros(1, 3)))


def test_groups_of_items_have_as_many_interactions() -> None:
    popularity = torch.randint(1, 9, (300,), generator=torch.Generator().manual_seed(0))
    group = popularity_groups(popularity, 4)
    sizes = torch.zeros(4).long().scatter_add_(0, group, popularity)
    assert (sizes - popularity.sum() / 4).abs().max() <= 8
    least = [popularity[group == number].min() for number in range(3)]
    most = [popularity[group == number].max() for number in range(1, 4)]
    assert all(low >= high for low, high in zip(least, most, strict=True))
    assert popularity_groups(torch.zeros(3).long()).tolist() == [0, 0, 0]
    with pytest.raises(ValueError, match="'num_groups' needs to be"):
        popularity_groups(popularity, 0)


def test_evaluation_knows_the_history() -> None:
    graph = SyntheticBipartite(80, 60, 1200)[0]
    model = Popularity()
    adjacency = model.adjacency_of(graph)
    scorer = model.fit(adjacency).scorer(adjacency)
    task = EvaluationTask.from_graph(graph, "test")
    found = evaluate(scorer, task, (5,), batch_size=7, metrics=NAMES)
    whole = evaluate(scorer, task, (5,), metrics=NAMES)
    assert found == pytest.approx(whole, rel=1e-5)
    assert 0.5 < found["gini@5"] < 1 and 0 < found["calibration@5"] < 1


@pytest.mark.parametrize("num_groups", [1, 3, 4, 50])
def test_groups_of_users(num_groups: int) -> None:
    graph = SyntheticBipartite(80, 60, 1200)[0]
    model = Popularity()
    adjacency = model.adjacency_of(graph)
    task = EvaluationTask.from_graph(graph, "test")
    scorer = model.fit(adjacency).scorer(adjacency)
    found = evaluate_users(scorer, task, (5,), metrics=["ndcg", "recall"])
    degree = task.seen.degree()
    groups = degree_groups(found, degree, num_groups)
    assert sum(group.num_users for group in groups) == task.user.numel()
    assert 1 <= len(groups) <= num_groups
    for group in groups:
        known = degree[task.user]
        mine = (known >= group.low) & (known <= group.high)
        assert int(mine.sum()) == group.num_users
        for name in ("ndcg@5", "recall@5"):
            assert group.metrics[name] == pytest.approx(float(found[name][mine].mean()))
    assert all(a.high < b.low for a, b in pairwise(groups))


def test_sums_without_torchmetrics() -> None:
    plain = torch.nn.Module()
    metric.add_sum(plain, "count", torch.zeros(3))
    assert plain.count.tolist() == [0, 0, 0] and not plain.state_dict()
