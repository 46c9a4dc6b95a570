"""Full-ranking evaluation: every item ranked, seen ones left out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.metrics import DEFAULT_KS, RankingMetrics
from tvdiff_pyg.models.scorer import Scorer
from tvdiff_pyg.sparse import CSR

TaskName = Literal["validation", "test"]


@dataclass(frozen=True, eq=False)
class EvaluationTask:
    """Who is evaluated, on what, and what is hidden from their rankings.

    Args:
        name: ``"validation"`` or ``"test"``.
        user: Users with a held-out item, long, of shape ``[num_evaluated]``.
        label: Held-out items of all users, of shape ``[num_users, num_items]``.
        seen: Items known before, of the same shape: the training items, and for the
            test also the validation items.
        popularity: Training interactions of each item, of shape ``[num_items]``.
        category: A category of each item, of the same shape, if the graph has any: in
            ``graph["item"].category``. (default: ``None``)
    """

    name: TaskName
    user: Tensor
    label: CSR
    seen: CSR
    popularity: Tensor
    category: Tensor | None = None

    @staticmethod
    def from_graph(graph: BipartiteGraph, name: TaskName) -> "EvaluationTask":
        """Build the task of one held-out part.

        Args:
            graph: The interactions.
            name: ``"validation"`` or ``"test"``.

        Raises:
            ValueError: If there is no such part, or it is empty.
        """
        if name not in get_args(TaskName):
            raise ValueError(
                f"'name' needs to be one of {list(get_args(TaskName))} (got {name!r})"
            )
        held_out = graph.validation_index if name == "validation" else graph.test_index
        if held_out.size(1) == 0:
            raise ValueError(f"'graph' needs held-out {name} interactions (got none)")
        size = (graph.num_users, graph.num_items)
        return EvaluationTask(
            name=name,
            user=held_out[0].unique(),
            label=CSR.from_edge_index(held_out, size),
            seen=CSR.from_edge_index(graph.seen_index(name), size),
            popularity=torch.bincount(graph.train_index[1], minlength=size[1]),
            category=graph["item"].get("category"),
        )

    def metrics(
        self, ks: Sequence[int] = DEFAULT_KS, metrics: Sequence[str] | None = None
    ) -> RankingMetrics:
        """Start to measure rankings of this task.

        Args:
            ks: Cut-offs. (default: ``(10, 20)``)
            metrics: Names of metrics; if not given, all that are not optional.
                (default: ``None``)

        Raises:
            ValueError: If there is no such metric, or one needs categories.
        """
        measured = RankingMetrics(self.popularity, ks, self.category, metrics)
        return measured.to(self.user.device)

    def to(self, device: torch.device | str) -> "EvaluationTask":
        """Move to a device."""
        return EvaluationTask(
            self.name,
            self.user.to(device),
            self.label.to(device),
            self.seen.to(device),
            self.popularity.to(device),
            None if self.category is None else self.category.to(device),
        )


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
    _, item = scorer.rank(user, max(measured.ks), task.seen.select(user))
    measured.update(item, task.label.select(user))


def evaluate(
    scorer: Scorer[Any],
    task: EvaluationTask,
    ks: Sequence[int] = DEFAULT_KS,
    batch_size: int = 2048,
    metrics: Sequence[str] | None = None,
) -> dict[str, float]:
    """Rank all items for all users of a task.

    Args:
        scorer: A model prepared on the training graph, ``model.scorer(adjacency)``.
        task: What to evaluate.
        ks: Cut-offs. (default: ``(10, 20)``)
        batch_size: Users ranked at once. (default: ``2048``)
        metrics: Names of metrics; if not given, all that are not optional.
            (default: ``None``)

    Returns:
        Metrics by names such as ``"recall@20"``.

    Raises:
        ValueError: If there is no such metric, or one needs categories.
    """
    measured = task.metrics(ks, metrics)
    for user in task.user.split(batch_size):
        rank_batch(scorer, task, user, measured)
    return measured.compute()
