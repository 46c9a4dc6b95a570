"""Every item ranked for the users of a task, seen ones left out, and measured."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from tvdiff_pyg.data import GraphLike
from tvdiff_pyg.evaluation.task import EvaluationTask
from tvdiff_pyg.metrics import DEFAULT_KS, RankingMetrics
from tvdiff_pyg.models.foreign import checked_scorer
from tvdiff_pyg.models.model import Model
from tvdiff_pyg.models.scorer import Scorer
from tvdiff_pyg.ranges import check_integer


def rank_batch(
    scorer: Scorer[Any], task: EvaluationTask, user: Tensor, measured: RankingMetrics
) -> None:
    """Rank all items for some users of a task, and add them to the metrics.

    Args:
        scorer: What ranks.
        task: What is seen and what is held out.
        user: Users, long, of shape ``[batch_size]``.
        measured: The metrics.
    """
    seen = task.seen.select(user)
    _, item = scorer.rank(user, max(measured.ks), seen)
    measured.update(item, task.label.select(user), seen)


def evaluate(
    scorer: Scorer[Any] | Model,
    task: EvaluationTask | GraphLike,
    ks: Sequence[int] = DEFAULT_KS,
    batch_size: int = 2048,
    metrics: Sequence[str] | None = None,
) -> dict[str, float]:
    """Rank all items for all users of a task.

    Args:
        scorer: A model prepared on the training graph, ``model.scorer(graph)``; or a
            model, which is then prepared on the graph that it is evaluated on.
        task: What to evaluate; a graph stands for its test part.
        ks: Cut-offs, each at least 1. (default: ``(10, 20)``)
        batch_size: Users ranked at once, at least 1. (default: ``2048``)
        metrics: Names of metrics; if not given, all that are not optional.
            (default: ``None``)

    Returns:
        Metrics by names such as ``"recall@20"``.

    Raises:
        ValueError: If a cut-off or ``batch_size`` is out of range, there is no such
            metric, or one needs categories.
    """
    scorer, task = _ready(scorer, task, batch_size)
    measured = task.metrics(ks, metrics)
    for user in task.user.split(batch_size):
        rank_batch(scorer, task, user, measured)
    return measured.compute()


def evaluate_users(
    scorer: Scorer[Any] | Model,
    task: EvaluationTask | GraphLike,
    ks: Sequence[int] = DEFAULT_KS,
    batch_size: int = 2048,
    metrics: Sequence[str] | None = None,
) -> dict[str, Tensor]:
    """Rank all items for all users of a task, and keep what each user counts.

    The mean over the users is what :func:`evaluate` returns. Metrics of what is shown
    to all users together, such as coverage, are left out.

    Args:
        scorer: As for :func:`evaluate`.
        task: As for :func:`evaluate`.
        ks: Cut-offs, each at least 1. (default: ``(10, 20)``)
        batch_size: Users ranked at once, at least 1. (default: ``2048``)
        metrics: Names of metrics; if not given, all that are not optional.
            (default: ``None``)

    Returns:
        ``"user"``, the users of the task, and the values of each metric, by names such
        as ``"recall@20"``, of shape ``[num_evaluated]``.

    Raises:
        ValueError: As :func:`evaluate`, and if no metric is one of each user.
    """
    scorer, task = _ready(scorer, task, batch_size)
    measured = task.metrics(ks, metrics)
    if not measured.ranking:
        raise ValueError(
            f"'metrics' needs one that each user has a value of (got {metrics})"
        )
    batches = []
    for user in task.user.split(batch_size):
        _, item = scorer.rank(user, max(measured.ks), task.seen.select(user))
        batches.append(measured.of_each_user(item, task.label.select(user)))
    values = {name: torch.cat([one[name] for one in batches]) for name in batches[0]}
    return {"user": task.user, **values}


def _ready(
    scorer: Scorer[Any] | Model, task: EvaluationTask | GraphLike, batch_size: int
) -> tuple[Scorer[Any], EvaluationTask]:
    """Prepare what ranks, and what is ranked."""
    check_integer("batch_size", batch_size, low=1)
    if isinstance(scorer, Model):
        scorer = _prepared(scorer, task)
    if not isinstance(task, EvaluationTask):
        task = EvaluationTask.from_graph(task, "test").to(scorer.rows.col.device)
    return scorer, task


def _prepared(model: Model, task: EvaluationTask | GraphLike) -> Scorer[Any]:
    if isinstance(task, EvaluationTask):
        raise ValueError(
            "'scorer' needs to be prepared on a graph, as by 'model.scorer(graph)', to "
            f"be evaluated on a task (got {type(model).__name__})"
        )
    return checked_scorer(model, model.adjacency_of(task).to(model.device))
