"""Top-k by blocks, ranking metrics by hand and against trec_eval, evaluation tasks."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from tests.oracle import pairs_of, random_matrix
from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.evaluation import EvaluationTask, RankingMetrics, evaluate
from tvdiff_pyg.models import TVDiff
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


def make_graph() -> BipartiteGraph:
    draw = torch.rand(8, 10, generator=torch.Generator().manual_seed(0))
    draw[:, 9] = 1  # The last item has no interaction at all.
    parts = [pairs_of((draw > low) & (draw <= low + 0.2)) for low in (0.2, 0.4)]
    train = pairs_of(draw <= 0.2)
    return BipartiteGraph.from_edge_index(
        train, 8, 10, validation_index=parts[0], test_index=parts[1]
    )


def as_set(csr: CSR) -> set[tuple[int, int]]:
    return set(zip(csr.row().tolist(), csr.col.tolist(), strict=True))


def pair_set(index: Tensor) -> set[tuple[int, ...]]:
    return set(map(tuple, index.t().tolist()))


@pytest.mark.parametrize("name", ["validation", "test"])
def test_a_task_hides_what_is_known_before(name: str) -> None:
    graph = make_graph()
    task = EvaluationTask.from_graph(graph, name)
    held_out = graph.validation_index if name == "validation" else graph.test_index
    known = pair_set(graph.train_index)
    if name == "test":
        known |= pair_set(graph.validation_index)
    assert task.name == name
    assert as_set(task.label) == pair_set(held_out)
    assert as_set(task.seen) == known
    assert task.user.tolist() == sorted(set(held_out[0].tolist()))
    assert task.popularity.tolist() == [
        int((graph.train_index[1] == item).sum()) for item in range(10)
    ]


@pytest.mark.parametrize("name", ["validation", "test"])
def test_an_empty_part_is_refused(name: str) -> None:
    graph = BipartiteGraph.from_edge_index(torch.tensor([[0], [0]]), 1, 2)
    message = rf"'graph' needs held-out {name} interactions \(got none\)"
    with pytest.raises(ValueError, match=message):
        EvaluationTask.from_graph(graph, name)


@pytest.mark.parametrize("name", ["train", "valid"])
def test_an_unknown_part_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="'name' needs to be"):
        EvaluationTask.from_graph(make_graph(), name)


@pytest.mark.parametrize("batch_size", [1, 3, 4096])
@pytest.mark.parametrize("name", ["validation", "test"])
def test_evaluate_ranks_all_unseen_items(name: str, batch_size: int) -> None:
    graph = make_graph()
    torch.manual_seed(0)
    model = TVDiff(8, 10, hidden_channels=4)
    adjacency = model.adjacency(graph.train_index)
    task = EvaluationTask.from_graph(graph, name)
    out = evaluate(model, adjacency, task, ks=(1, 4), batch_size=batch_size)

    user_factor, item_factor = model.eval()(adjacency)
    score = user_factor @ item_factor.t()
    score[task.seen.row(), task.seen.col] = -math.inf
    recall = 0.0
    for user in task.user.tolist():
        label = {item for row, item in as_set(task.label) if row == user}
        recall += len(label & set(score[user].topk(4).indices.tolist())) / len(label)
    assert out["recall@4"] == pytest.approx(recall / len(task.user))
    assert set(out) == {
        f"{name}@{k}"
        for name in (
            *("recall", "ndcg", "precision", "hit_ratio", "map", "mrr"),
            *("coverage", "popularity"),
        )
        for k in (1, 4)
    }


@pytest.mark.parametrize("training", [True, False])
def test_evaluate_scores_without_dropout_and_restores_the_mode(training: bool) -> None:
    graph = make_graph()
    model = TVDiff(8, 10, hidden_channels=4, dropout=0.9).train(training)
    arguments = (
        model,
        model.adjacency(graph.train_index),
        EvaluationTask.from_graph(graph, "test"),
    )
    assert evaluate(*arguments) == evaluate(*arguments)
    assert model.training is training


def test_a_task_moves() -> None:
    task = EvaluationTask.from_graph(make_graph(), "test").to("meta")
    assert task.name == "test"
    assert task.user.is_meta and task.label.col.is_meta
    assert task.seen.col.is_meta and task.popularity.is_meta
