"""Metrics by name, and PyG's of where a user's held-out items are ranked."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from torch import Tensor
from torch.nn import Module
from torch_geometric.metrics import (
    LinkPredHitRatio,
    LinkPredMAP,
    LinkPredMetric,
    LinkPredMRR,
    LinkPredNDCG,
    LinkPredPrecision,
    LinkPredRecall,
)

from tvdiff_pyg.registry import Registry

MetricType = TypeVar("MetricType", bound=Callable[..., Any])

#: The metrics that evaluations find by name.
METRICS: Registry[Callable[..., Any]] = Registry("metric")


def register_metric(name: str) -> Callable[[MetricType], MetricType]:
    """Return a decorator that makes a metric of PyG's kind part of all evaluations.

    A subclass of :class:`~torch_geometric.metrics.LinkPredMetric` is called with ``k``;
    it is the mean of what its ``_compute`` returns over the users with a held-out item.
    Any other metric of torchmetrics is called with ``k`` and the :class:`Catalogue`;
    its ``update`` gets the items that each user is shown, of shape ``[num_users, k]``,
    where ``num_items`` pads, the held-out pairs and, of a class with
    ``reads_seen = True``, what each user had chosen as a CSR. A class with
    ``optional = True`` takes part only where it is asked for by name; one that is not
    optional, with ``higher_is_better = True``, may choose epochs and settings.

    Args:
        name: The name, before the ``@``.

    Raises:
        ValueError: If another metric has it.
    """
    return METRICS.register(name)


@dataclass(frozen=True, eq=False)
class Catalogue:
    """What is known of the items that are ranked.

    Args:
        popularity: Training interactions of each item, of shape ``[num_items]``.
        category: A category of each item, of the same shape. (default: ``None``)
    """

    popularity: Tensor
    category: Tensor | None = None

    @property
    def num_items(self) -> int:
        """The number of items."""
        return self.popularity.numel()


def add_sum(metric: Any, name: str, zero: Tensor) -> None:
    """Give a metric something to add up, over batches and over processes.

    Args:
        metric: The metric; without torchmetrics it needs a ``_reset`` of its own.
        name: What it is called.
        zero: Where it begins.
    """
    if hasattr(metric, "add_state"):
        metric.add_state(name, zero, dist_reduce_fx="sum")
    else:
        metric.register_buffer(name, zero, persistent=False)


def default_metrics() -> list[str]:
    """Return the names of the metrics that are no optional ones.

    Example:
        >>> default_metrics()[:2]
        ['recall', 'ndcg']
    """
    return [one.name for one in METRICS if not getattr(one.part, "optional", False)]


def build_metric(name: str, k: int, catalogue: Catalogue) -> Any:
    """Return a new metric.

    Args:
        name: Its name.
        k: The cut-off.
        catalogue: The items.

    Raises:
        ValueError: If there is no such metric, or it needs to know more of the items.
    """
    metric = METRICS.find(name, "metrics").part
    if isinstance(metric, type) and issubclass(metric, LinkPredMetric):
        return metric(k)
    built = metric(k, catalogue)
    if not isinstance(built, Module):
        raise ValueError(
            f"metric {name!r} needs to return one as PyG has them, of a catalogue "
            f"(got {type(built).__name__})"
        )
    return built


register_metric("recall")(LinkPredRecall)
register_metric("ndcg")(LinkPredNDCG)
register_metric("precision")(LinkPredPrecision)
register_metric("hit_ratio")(LinkPredHitRatio)
register_metric("map")(LinkPredMAP)
register_metric("mrr")(LinkPredMRR)
