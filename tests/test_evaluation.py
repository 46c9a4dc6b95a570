"""Evaluation tasks, and what is ranked for them."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.builders import tvdiff
from tests.oracle import pairs_of
from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.evaluation import EvaluationTask, evaluate, evaluate_users
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
    users = set(held_out[0].tolist())
    if name == "validation":
        users &= set(graph.train_index[0].tolist())
    assert task.user.tolist() == sorted(users)
    assert task.popularity.tolist() == [
        int((graph.train_index[1] == item).sum()) for item in range(10)
    ]


def test_validation_is_of_users_that_training_knows() -> None:
    train, unknown = torch.tensor([[0, 2], [0, 1]]), torch.tensor([[1, 3], [1, 0]])
    known = torch.tensor([[2], [0]])

    def users(name: str, held_out: Tensor, features: Tensor | None = None) -> list[int]:
        part = {f"{name}_index": held_out}
        graph = BipartiteGraph.from_edge_index(train, 4, 3, **part)
        graph["user"].x = features
        return EvaluationTask.from_graph(graph, name).user.tolist()

    both = torch.cat([unknown, known], dim=1)
    assert users("validation", both) == [2]
    assert users("validation", both, torch.rand(4, 2)) == [1, 2, 3]
    assert users("validation", unknown) == [1, 3]
    assert users("test", both) == [1, 2, 3]


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


@pytest.mark.parametrize(
    ("batch_size", "needed"),
    [(0, "at least 1"), (-1, "at least 1"), (2.5, "an integer")],
)
def test_no_users_at_once(batch_size: Any, needed: str) -> None:
    graph = make_graph()
    model = tvdiff(8, 10)
    scorer = model.scorer(model.adjacency(graph.train_index))
    message = rf"'batch_size' needs to be {needed} \(got {batch_size}\)"
    with pytest.raises(ValueError, match=message):
        evaluate(scorer, EvaluationTask.from_graph(graph, "test"), (5,), batch_size)


def test_what_each_user_counts_is_the_mean_of_them() -> None:
    graph = make_graph()
    model = tvdiff(8, 10, hidden_channels=4)
    scorer = model.scorer(model.adjacency_of(graph))
    task = EvaluationTask.from_graph(graph, "test")
    whole = evaluate(scorer, task, ks=(2, 5))
    users = evaluate_users(scorer, task, ks=(2, 5), batch_size=3)
    assert users.pop("user").equal(task.user)
    assert {"recall@2", "ndcg@5"} <= users.keys() <= whole.keys() - {"coverage@5"}
    for name, values in users.items():
        assert values.shape == task.user.shape
        assert values.mean().item() == pytest.approx(whole[name]), name
    # A user's recall, counted by hand.
    _, item = scorer.rank(task.user, 5, task.seen.select(task.user))
    for place, user in enumerate(task.user.tolist()):
        held_out = set(graph.test_index[1][graph.test_index[0] == user].tolist())
        hits = len(held_out & set(item[place].tolist()))
        assert users["recall@5"][place].item() == pytest.approx(hits / len(held_out))


def test_metrics_of_all_users_together_have_no_values_of_each() -> None:
    graph = make_graph()
    model = tvdiff(8, 10, hidden_channels=4)
    with pytest.raises(ValueError, match="'metrics' needs one that each user has"):
        evaluate_users(model, graph, ks=(2,), metrics=["coverage"])
