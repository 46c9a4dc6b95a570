"""All metrics of a ranking, at several cut-offs, in one pass."""

from collections.abc import Sequence
from itertools import chain
from numbers import Integral
from typing import Any

import torch
from torch import Tensor
from torch.nn import ModuleDict
from torch_geometric.metrics import LinkPredMetric, LinkPredMetricCollection
from torch_geometric.metrics.link_pred import LinkPredMetricData

from tvdiff_pyg.metrics.metric import Catalogue, build_metric, default_metrics
from tvdiff_pyg.ranges import MOST
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
        ks: Cut-offs, each at least 1, and no more than there are items or 20.
            (default: ``(10, 20)``)
        category: A category of each item, for the metrics that read one, of shape
            ``[num_items]``. (default: ``None``)
        metrics: Names of metrics; if not given, all that are not optional.
            (default: ``None``)

    Raises:
        ValueError: If a cut-off is out of range, there is no such metric, or one needs
            categories.

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
        catalogue = Catalogue(popularity, category)
        self.num_items = catalogue.num_items
        self.ks = check_ks(ks, self.num_items)
        names = default_metrics() if metrics is None else list(metrics)
        if not names:
            raise ValueError("'metrics' needs at least one name (got none)")
        built = {
            f"{name}@{k}": build_metric(name, k, catalogue)
            for name in names
            for k in self.ks
        }
        ranking = {k: v for k, v in built.items() if isinstance(v, LinkPredMetric)}
        shown = {k: v for k, v in built.items() if k not in ranking}
        # PyG's collection finds the hits once for all; it cannot be empty.
        self.ranking: Any = LinkPredMetricCollection(ranking) if ranking else {}
        self.shown: Any = ModuleDict(shown)

    def update(self, item: Tensor, label: CSR, seen: CSR | None = None) -> None:
        """Add a batch of rankings.

        Args:
            item: Ranked items, of shape ``[num_users, max(ks)]``; ``-1`` pads.
            label: Held-out items, of shape ``[num_users, num_items]``.
            seen: What each user had chosen, of the same shape, for the metrics that
                read it. (default: ``None``)

        Raises:
            ValueError: If a metric reads what users had chosen, and it is not given.
        """
        label_index = torch.stack([label.row(), label.col])
        # PyG reads a pad of -1 as the last item of the user before; an index that
        # no label has is a miss everywhere.
        item = item.masked_fill(item < 0, self.num_items)
        if self.ranking:
            self.ranking.update(item, label_index)
        for name, metric in self.shown.items():
            further: list[Tensor | CSR] = [label_index]
            if getattr(metric, "reads_seen", False):
                if seen is None:
                    raise ValueError(
                        f"'seen' needs to be given for {name!r} (got None)"
                    )
                further.append(seen)
            metric.update(item[:, : int(name.rpartition("@")[2])], *further)

    def of_each_user(self, item: Tensor, label: CSR) -> dict[str, Tensor]:
        """Return what each user of a batch counts in the metrics, without adding it.

        Metrics of what is shown to all users together have no such values.

        Args:
            item: Ranked items, of shape ``[num_users, max(ks)]``; ``-1`` pads.
            label: Held-out items, of shape ``[num_users, num_items]``.

        Returns:
            Values of shape ``[num_users]``, by names such as ``"ndcg@20"``.
        """
        item = item.masked_fill(item < 0, self.num_items)
        data = LinkPredMetricData(item, torch.stack([label.row(), label.col]))
        return {name: metric._compute(data) for name, metric in self.ranking.items()}

    def compute(self) -> dict[str, float]:
        """Return the value of each metric, by names such as ``"ndcg@20"``."""
        metrics = chain(self.ranking.items(), self.shown.items())
        return {name: _number(name, metric.compute()) for name, metric in metrics}

    def reset(self) -> None:
        """Forget all batches."""
        for metric in chain(self.ranking.values(), self.shown.values()):
            metric.reset()


def _number(name: str, value: object) -> float:
    if isinstance(value, int | float) or (
        isinstance(value, Tensor) and value.numel() == 1
    ):
        return float(value)
    got = list(value.shape) if isinstance(value, Tensor) else repr(value)
    raise ValueError(f"metric {name!r} needs to compute a number (got {got})")


def check_ks(ks: Sequence[int], num_items: int | None = None) -> tuple[int, ...]:
    """Raise unless cut-offs are integers from 1 on.

    Args:
        ks: The cut-offs, at least one.
        num_items: How many items are ranked, if that is known; where there are fewer
            than 20, cut-offs up to 20 are good as well. (default: ``None``)

    Returns:
        The cut-offs, as a tuple.

    Raises:
        ValueError: If they are not, or one is too high.

    Example:
        >>> check_ks([10, 0])
        Traceback (most recent call last):
            ...
        ValueError: 'ks' needs to be integers from 1 on (got [10, 0])
    """
    # The default is good for the smallest of catalogues; what is larger takes memory.
    most = MOST if num_items is None else max(num_items, *DEFAULT_KS)
    whole = isinstance(ks, Sequence) and all(
        isinstance(k, Integral) and not isinstance(k, bool) for k in ks
    )
    if not whole or not ks or not 1 <= min(ks) <= max(ks) <= most:
        is_too_high = whole and max(ks, default=1) > most
        wanted = f"in [1, {most}]" if is_too_high or most < MOST else "from 1 on"
        raise ValueError(f"'ks' needs to be integers {wanted} (got {ks!r})")
    return tuple(map(int, ks))
