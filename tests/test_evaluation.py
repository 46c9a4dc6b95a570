"""Evaluation tasks, and what is ranked for them."""

import math

import pytest
import torch
from torch import Tensor

from tests.builders import tvdiff
from tests.oracle import pairs_of
from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.evaluation import EvaluationTask, evaluate
from tvdiff_pyg.sparse import CSR


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
    model = tvdiff(8, 10, hidden_channels=4)
    adjacency = model.adjacency(graph.train_index)
    task = EvaluationTask.from_graph(graph, name)
    scorer = model.scorer(adjacency)
    out = evaluate(scorer, task, ks=(1, 4), batch_size=batch_size)

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


def test_metrics_are_chosen_by_name() -> None:
    graph = make_graph()
    graph["item"].category = torch.arange(10) % 3
    model = tvdiff(8, 10, hidden_channels=4)
    adjacency = model.adjacency(graph.train_index)
    task, scorer = EvaluationTask.from_graph(graph, "test"), model.scorer(adjacency)
    out = evaluate(scorer, task, (1, 4), metrics=["diversity", "recall"])
    assert set(out) == {"diversity@1", "diversity@4", "recall@1", "recall@4"}
    assert out["recall@4"] == evaluate(scorer, task, (4,))["recall@4"]
    message = r"'metrics' needs to be one of \['recall', .*\] \(got 'speed'\)"
    with pytest.raises(ValueError, match=message):
        evaluate(scorer, task, metrics=["speed"])
    task = EvaluationTask.from_graph(make_graph(), "test")
    with pytest.raises(ValueError, match="'diversity' needs a category of each item"):
        evaluate(scorer, task, metrics=["diversity"])


@pytest.mark.parametrize("training", [True, False])
def test_evaluate_scores_without_dropout_and_restores_the_mode(training: bool) -> None:
    graph = make_graph()
    model = tvdiff(8, 10, hidden_channels=4, dropout=0.9).train(training)
    scorer = model.scorer(model.adjacency(graph.train_index))
    task = EvaluationTask.from_graph(graph, "test")
    assert evaluate(scorer, task) == evaluate(scorer, task)
    assert model.training is training


def test_a_task_moves() -> None:
    task = EvaluationTask.from_graph(make_graph(), "test").to("meta")
    assert task.name == "test" and task.category is None
    assert task.user.is_meta and task.label.col.is_meta
    assert task.seen.col.is_meta and task.popularity.is_meta
    graph = make_graph()
    graph["item"].category = torch.arange(10)
    category = EvaluationTask.from_graph(graph, "test").to("meta").category
    assert category is not None and category.is_meta
