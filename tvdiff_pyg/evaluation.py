"""Full-ranking evaluation: seen items masked, PyG's ``LinkPred*`` metrics."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import torch
from torch import Tensor
from torch_geometric.metrics import (
    LinkPredAveragePopularity,
    LinkPredCoverage,
    LinkPredHitRatio,
    LinkPredMAP,
    LinkPredMetricCollection,
    LinkPredMRR,
    LinkPredNDCG,
    LinkPredPrecision,
    LinkPredRecall,
)

from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.models import FactorModel
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency

TaskName = Literal["validation", "test"]

DEFAULT_KS = (10, 20)

RANKING_METRICS = {
    "recall": LinkPredRecall,
    "ndcg": LinkPredNDCG,
    "precision": LinkPredPrecision,
    "hit_ratio": LinkPredHitRatio,
    "map": LinkPredMAP,
    "mrr": LinkPredMRR,
}


class RankingMetrics(torch.nn.Module):
    """All metrics of a ranking at several cut-offs, updated batch by batch.

    Recall, NDCG, precision, hit ratio, MAP and MRR over the users that have a
    held-out item; catalogue coverage and average popularity of what is recommended.

    Args:
        popularity: Training interactions of each item, of shape ``[num_items]``.
        ks: Cut-offs. (default: ``(10, 20)``)

    Example:
        >>> metrics = RankingMetrics(popularity=torch.tensor([3, 1]), ks=(1,))
        >>> label = CSR.from_edge_index(torch.tensor([[0], [1]]), (1, 2))
        >>> metrics.update(torch.tensor([[1]]), label)
        >>> metrics.compute()["recall@1"]
        1.0
    """

    def __init__(self, popularity: Tensor, ks: Sequence[int] = DEFAULT_KS) -> None:
        super().__init__()
        self.ks = tuple(ks)
        self.num_items = popularity.numel()
        self.ranking = LinkPredMetricCollection(
            {
                f"{name}@{k}": metric(k)
                for name, metric in RANKING_METRICS.items()
                for k in self.ks
            }
        )
        # What is shown to all users together has no k of its own: see `update`.
        self.shown = torch.nn.ModuleDict(
            {f"coverage@{k}": LinkPredCoverage(1, self.num_items) for k in self.ks}
            | {
                f"popularity@{k}": LinkPredAveragePopularity(1, popularity)
                for k in self.ks
            }
        )

    def update(self, item: Tensor, label: CSR) -> None:
        """Add a batch of rankings.

        Args:
            item: Ranked items, of shape ``[num_users, max(ks)]``; ``-1`` pads.
            label: Held-out items, of shape ``[num_users, num_items]``.
        """
        label_index = torch.stack([label.row(), label.col])
        # PyG reads a pad of -1 as the last item of the user before; an index that
        # no label has is a miss everywhere.
        self.ranking.update(item.masked_fill(item < 0, self.num_items), label_index)
        for name, metric in self._shown():
            shown = item[:, : int(name.split("@")[1])]
            metric.update(shown[shown >= 0].view(-1, 1), label_index)

    def compute(self) -> dict[str, float]:
        """Return the value of each metric, by names such as ``"ndcg@20"``."""
        out = self.ranking.compute()
        out |= {name: metric.compute() for name, metric in self._shown()}
        return {name: float(value) for name, value in out.items()}

    def reset(self) -> None:
        """Forget all batches."""
        self.ranking.reset()
        for _, metric in self._shown():
            metric.reset()

    def _shown(self) -> Iterable[tuple[str, Any]]:
        return self.shown.items()


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
    """

    name: TaskName
    user: Tensor
    label: CSR
    seen: CSR
    popularity: Tensor

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
        seen = graph.train_index
        if name == "test":
            seen = torch.cat([seen, graph.validation_index], dim=1)
        size = (graph.num_users, graph.num_items)
        return EvaluationTask(
            name=name,
            user=held_out[0].unique(),
            label=CSR.from_edge_index(held_out, size),
            seen=CSR.from_edge_index(seen, size),
            popularity=torch.bincount(graph.train_index[1], minlength=size[1]),
        )

    def to(self, device: torch.device | str) -> "EvaluationTask":
        """Move to a device."""
        return EvaluationTask(
            self.name,
            self.user.to(device),
            self.label.to(device),
            self.seen.to(device),
            self.popularity.to(device),
        )


@torch.no_grad()
def evaluate(
    model: FactorModel,
    adjacency: BipartiteAdjacency,
    task: EvaluationTask,
    ks: Sequence[int] = DEFAULT_KS,
    batch_size: int = 2048,
) -> dict[str, float]:
    """Rank all items for all users of a task.

    Args:
        model: The model; scored in ``eval`` mode.
        adjacency: The training graph.
        task: What to evaluate.
        ks: Cut-offs. (default: ``(10, 20)``)
        batch_size: Users denoised at once. (default: ``2048``)

    Returns:
        Metrics by names such as ``"recall@20"``.
    """
    training = model.training
    model.eval()
    metrics = RankingMetrics(task.popularity, ks).to(task.user.device)
    items = model.encode_items(adjacency)
    ranker = model.ranker(items)
    for user in task.user.split(batch_size):
        factor = model.user_factors(adjacency, user, items)
        _, item = ranker.search(factor, max(ks), task.seen.select(user))
        metrics.update(item, task.label.select(user))
    model.train(training)
    return metrics.compute()
