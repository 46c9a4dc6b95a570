"""The metric that chooses: an epoch, the share of a linear model, settings."""

import re
from collections.abc import Sequence

from tvdiff_pyg.metrics.metric import METRICS
from tvdiff_pyg.metrics.ranking_metrics import check_ks

#: What chooses where nothing else is said.
MONITOR = "ndcg@20"

_WRITTEN = re.compile(r"(\w+)@([1-9][0-9]*)")
_SHORT = {"ndcg", "map", "mrr"}


def check_monitored(ks: Sequence[int], monitor: str) -> tuple[int, ...]:
    """Raise unless a metric is one that may choose, and is measured.

    Args:
        ks: The cut-offs that are measured.
        monitor: The metric, at a cut-off.

    Returns:
        The cut-offs, as a tuple.

    Raises:
        ValueError: If a cut-off is no integer from 1 on, there is no such metric, it is
            an optional one or one of which less is better, or its cut-off is not among
            those that are measured.

    Example:
        >>> check_monitored([10, 50], "recall@50")
        (10, 50)
        >>> check_monitored([10, 50], "recall@20")
        Traceback (most recent call last):
            ...
        ValueError: 'monitor' needs a cut-off among 'ks', [10, 50] (got 'recall@20')
    """
    cuts = check_ks(ks)
    written = _WRITTEN.fullmatch(monitor) if isinstance(monitor, str) else None
    if written is None:
        raise ValueError(
            f"'monitor' needs to be a metric at a cut-off, such as {MONITOR!r} "
            f"(got {monitor!r})"
        )
    metric = METRICS.find(written[1], "monitor").part
    if getattr(metric, "optional", False):
        raise ValueError(
            f"'monitor' needs a metric that is always measured "
            f"(got {monitor!r}, which is optional)"
        )
    if getattr(metric, "higher_is_better", None) is not True:
        raise ValueError(
            f"'monitor' needs a metric of which more is better (got {monitor!r})"
        )
    if int(written[2]) not in cuts:
        raise ValueError(
            f"'monitor' needs a cut-off among 'ks', {list(cuts)} (got {monitor!r})"
        )
    return cuts


def cut_off(monitor: str) -> int:
    """Return the cut-off of a metric.

    Args:
        monitor: The metric, at a cut-off.

    Example:
        >>> cut_off("ndcg@20")
        20
    """
    return int(monitor.rpartition("@")[2])


def in_print(monitor: str) -> str:
    """Return a metric as it is printed.

    Args:
        monitor: The metric, at a cut-off.

    Example:
        >>> in_print("ndcg@20"), in_print("hit_ratio@5")
        ('NDCG@20', 'Hit ratio@5')
    """
    name, _, cut = monitor.rpartition("@")
    words = name.upper() if name in _SHORT else name.replace("_", " ").capitalize()
    return f"{words}@{cut}"
