"""Metrics of rankings, PyG's ``LinkPred*`` and those that others register."""

from tvdiff_pyg.metrics.catalogue import (
    AveragePopularity,
    Coverage,
    Diversity,
    Personalization,
)
from tvdiff_pyg.metrics.metric import (
    METRICS,
    Catalogue,
    default_metrics,
    register_metric,
)
from tvdiff_pyg.metrics.ranking_metrics import DEFAULT_KS, RankingMetrics

__all__ = [
    "DEFAULT_KS",
    "METRICS",
    "AveragePopularity",
    "Catalogue",
    "Coverage",
    "Diversity",
    "Personalization",
    "RankingMetrics",
    "default_metrics",
    "register_metric",
]
