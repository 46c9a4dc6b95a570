"""All metrics of a ranking, at several cut-offs, in one pass."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import torch
from torch import Tensor
from torch.nn import ModuleDict
from torch_geometric.metrics import LinkPredMetric, LinkPredMetricCollection

from tvdiff_pyg.metrics.metric import Catalogue, build_metric, default_metrics
from tvdiff_pyg.sparse import CSR

#: The cut-offs of all that is reported.
DEFAULT_KS = (10, 20)


class RankingMetrics(torch.nn.Module):
    """Metrics of a ranking at several cut-offs, updated batch by batch.

    Recall, NDCG, precision, hit ratio, MAP and MRR over the users that have a
    held-out item; catalogue coverage and average popularity of what is recommended;
    and whatever else :func:`register_metric` has registered.

    Args:
        popularity: Training interactions of each item, of shape ``[num_items]``.
        ks: Cut-offs. (default: ``(10, 20)``)
        category: A category of each item, for the metrics that read one, of shape
            ``[num_items]``. (default: ``None``)
        metrics: Names of metrics; if not given, all that are not optional.
            (default: ``None``)

    Raises:
        ValueError: If there is no such metric, or one needs categories.

    Example:
        >>> metrics = RankingMetrics(popularity=torch.tensor([3, 1]), ks=(1,))
        >>> label = CSR.from_edge_index(torch.tensor([[0], [1]]), (1, 2))
        >>> metrics.update(torch.tensor([[1]]), label)
        >>> metrics.compute()["recall@1"]
        1.0
    """

    def __init__(
        self,
        popularity: Tensor,
        ks: Sequence[int] = DEFAULT_KS,
        category: Tensor | None = None,
        metrics: Sequence[str] | None = None,
    ) -> None:
        super().__init__()
        self.ks = tuple(ks)
        catalogue = Catalogue(popularity, category)
        self.num_items = catalogue.num_items
        built = {
            f"{name}@{k}": build_metric(name, k, catalogue)
            for name in (default_metrics() if metrics is None else metrics)
            for k in self.ks
        }
        ranking = {k: v for k, v in built.items() if isinstance(v, LinkPredMetric)}
        shown = {k: v for k, v in built.items() if k not in ranking}
        # PyG's collection finds the hits once for all; it cannot be empty.
        self.ranking: Any = LinkPredMetricCollection(ranking) if ranking else {}
        self.shown: Any = ModuleDict(shown)

    def update(self, item: Tensor, label: CSR) -> None:
        """Add a batch of rankings.

        Args:
            item: Ranked items, of shape ``[num_users, max(ks)]``; ``-1`` pads.
            label: Held-out items, of shape ``[num_users, num_items]``.
        """
        label_index = torch.stack([label.row(), label.col])
        # PyG reads a pad of -1 as the last item of the user before; an index that
        # no label has is a miss everywhere.
        item = item.masked_fill(item < 0, self.num_items)
        if self.ranking:
            self.ranking.update(item, label_index)
        for name, metric in self.shown.items():
            metric.update(item[:, : int(name.rpartition("@")[2])], label_index)

    def compute(self) -> dict[str, float]:
        """Return the value of each metric, by names such as ``"ndcg@20"``."""
        metrics = chain(self.ranking.items(), self.shown.items())
        return {name: float(metric.compute()) for name, metric in metrics}

    def reset(self) -> None:
        """Forget all batches."""
        for metric in chain(self.ranking.values(), self.shown.values()):
            metric.reset()
