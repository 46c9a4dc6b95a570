"""Metrics of rankings by hand, with pads, and against trec_eval."""

import math
import re
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.oracle import pairs_of, random_matrix
from tvdiff_pyg.metrics import RankingMetrics
from tvdiff_pyg.sparse import CSR


def as_csr(matrix: object) -> CSR:
    matrix = torch.as_tensor(matrix)
    return CSR.from_edge_index(pairs_of(matrix), tuple(matrix.shape))


# Three users and five items. Hits of the top 3, by rank:
#   user 0, held out {1, 4}: 3 1 4 -> . x x
#   user 1, held out {0}:    0 2 3 -> x . .
#   user 2, held out {2}:    4 3 1 -> . . .
LABEL = [[0, 1, 0, 0, 1], [1, 0, 0, 0, 0], [0, 0, 1, 0, 0]]
ITEM = [[3, 1, 4], [0, 2, 3], [4, 3, 1]]
POPULARITY = torch.tensor([7, 1, 0, 2, 5])
LOG3 = math.log2(3)
BY_HAND = {
    "recall@2": (1 / 2 + 1 + 0) / 3,
    "recall@3": (2 / 2 + 1 + 0) / 3,
    "precision@2": (1 / 2 + 1 / 2 + 0) / 3,
    "precision@3": (2 / 3 + 1 / 3 + 0) / 3,
    "hit_ratio@2": 2 / 3,
    "hit_ratio@3": 2 / 3,
    "mrr@2": (1 / 2 + 1 + 0) / 3,
    "mrr@3": (1 / 2 + 1 + 0) / 3,
    # Gains 1 / log2(rank + 1): the ideal order of two items gains 1 + 1 / log2(3).
    "ndcg@2": ((1 / LOG3) / (1 + 1 / LOG3) + 1 + 0) / 3,
    "ndcg@3": ((1 / LOG3 + 1 / 2) / (1 + 1 / LOG3) + 1 + 0) / 3,
    # Precision at each hit, over as many hits as there can be.
    "map@2": ((1 / 2) / 2 + 1 + 0) / 3,
    "map@3": ((1 / 2 + 2 / 3) / 2 + 1 + 0) / 3,
    "coverage@2": 5 / 5,
    "coverage@3": 5 / 5,
    "popularity@2": (2 + 1 + 7 + 0 + 5 + 2) / 6,
    "popularity@3": (2 + 1 + 5 + 7 + 0 + 2 + 5 + 2 + 1) / 9,
}


@pytest.mark.parametrize("batch_size", [1, 2, 3])
def test_metrics_by_hand(batch_size: int) -> None:
    metrics = RankingMetrics(POPULARITY, ks=(2, 3))
    for users in torch.arange(3).split(batch_size):
        metrics.update(torch.tensor(ITEM)[users], as_csr(LABEL).select(users))
    assert metrics.compute() == pytest.approx(BY_HAND)
    metrics.reset()
    metrics.update(torch.tensor(ITEM[1:2]), as_csr(LABEL[1:2]))
    assert metrics.compute()["recall@2"] == 1
    assert metrics.compute()["coverage@3"] == pytest.approx(3 / 5)
    assert metrics.compute()["popularity@3"] == pytest.approx(9 / 3)


def test_users_without_held_out_items_do_not_count() -> None:
    metrics = RankingMetrics(torch.ones(3), ks=(1,))
    metrics.update(torch.tensor([[0], [1]]), as_csr([[1, 0, 0], [0, 0, 0]]))
    assert metrics.compute()["recall@1"] == 1


def test_pads_are_misses() -> None:
    # Read as an offset, the pad of user 1 would be the last item of user 0, a hit.
    label = as_csr([[0, 0, 1], [0, 1, 0]])
    metrics = RankingMetrics(torch.tensor([4, 2, 1]), ks=(1, 2))
    metrics.update(torch.tensor([[0, -1], [-1, -1]]), label)
    assert metrics.compute() == pytest.approx(
        {
            **dict.fromkeys(metrics.ranking, 0),
            "coverage@1": 1 / 3,
            "coverage@2": 1 / 3,
            "popularity@1": 4,
            "popularity@2": 4,
        }
    )


def test_pads_do_not_hide_hits() -> None:
    metrics = RankingMetrics(torch.ones(3), ks=(2,))
    metrics.update(torch.tensor([[2, -1], [1, -1]]), as_csr([[0, 0, 1], [0, 1, 1]]))
    out = metrics.compute()
    assert out["recall@2"] == pytest.approx((1 + 1 / 2) / 2)
    assert out["precision@2"] == pytest.approx(1 / 2)
    assert out["coverage@2"] == pytest.approx(2 / 3)


def test_pads_alone() -> None:
    metrics = RankingMetrics(torch.ones(3), ks=(2,))
    metrics.update(torch.full((1, 2), -1), as_csr([[0, 0, 1]]))
    assert set(metrics.compute().values()) == {0.0}


@given(st.integers(1, 8), st.integers(3, 12), st.integers(0, 10**6))
def test_metrics_agree_with_trec_eval(
    num_users: int, num_items: int, seed: int
) -> None:
    pytrec_eval = pytest.importorskip("pytrec_eval")
    ks = (1, 3)
    label = random_matrix(num_users, num_items, 0.3, seed)
    label[:, 0] = 1  # trec_eval leaves out users without a relevant item too.
    generator = torch.Generator().manual_seed(seed)
    score = torch.rand(num_users, num_items, generator=generator)
    item = score.topk(max(ks)).indices
    metrics = RankingMetrics(torch.ones(num_items), ks)
    metrics.update(item, as_csr(label))

    qrel = {
        str(u): {str(i): 1 for i in row.nonzero().flatten().tolist()}
        for u, row in enumerate(label)
    }
    run = {
        str(u): {str(i): float(score[u, i]) for i in row.tolist()}
        for u, row in enumerate(item)
    }
    cuts = ",".join(map(str, ks))
    names = ("recall", "ndcg_cut", "P", "map_cut", "success")
    measures = {f"{name}.{cuts}" for name in names} | {"recip_rank"}
    by_user = pytrec_eval.RelevanceEvaluator(qrel, measures).evaluate(run)

    def mean(name: str, k: int) -> float:
        total = 0.0
        for user, values in by_user.items():
            # trec_eval divides average precision by all relevant items; PyG by those
            # that fit into the cut-off.
            num_relevant = len(qrel[user])
            scale = num_relevant / min(num_relevant, k) if name == "map_cut" else 1
            total += scale * values[f"{name}_{k}"]
        return total / num_users

    out = metrics.compute()
    for k in ks:
        assert out[f"recall@{k}"] == pytest.approx(mean("recall", k), abs=1e-6)
        assert out[f"ndcg@{k}"] == pytest.approx(mean("ndcg_cut", k), abs=1e-6)
        assert out[f"precision@{k}"] == pytest.approx(mean("P", k), abs=1e-6)
        assert out[f"map@{k}"] == pytest.approx(mean("map_cut", k), abs=1e-6)
        assert out[f"hit_ratio@{k}"] == pytest.approx(mean("success", k), abs=1e-6)
    # trec_eval knows no cut-off here, so it is the length of the run.
    rank = sum(values["recip_rank"] for values in by_user.values()) / num_users
    assert out[f"mrr@{max(ks)}"] == pytest.approx(rank, abs=1e-6)


@pytest.mark.parametrize("ks", [(), (0,), (5, -1), (21,), (2.0,), (True,), 20, "20"])
def test_cut_offs_out_of_range(ks: Any) -> None:
    message = f"'ks' needs to be integers in [1, 20] (got {ks!r})"
    with pytest.raises(ValueError, match=re.escape(message)):
        RankingMetrics(POPULARITY, ks)


def test_no_metric() -> None:
    with pytest.raises(ValueError, match=r"'metrics' needs at least one name \(got no"):
        RankingMetrics(POPULARITY, metrics=[])
