"""Metrics of rankings, PyG's ``LinkPred*`` and those that others register."""

from tvdiff_pyg.metrics.calibration import Calibration, popularity_groups
from tvdiff_pyg.metrics.catalogue import (
    AveragePopularity,
    Coverage,
    Diversity,
    Personalization,
)
from tvdiff_pyg.metrics.degree_groups import DegreeGroup, degree_groups
from tvdiff_pyg.metrics.exposure import Gini, Novelty
from tvdiff_pyg.metrics.metric import (
    METRICS,
    Catalogue,
    add_sum,
    default_metrics,
    register_metric,
)
from tvdiff_pyg.metrics.monitor import MONITOR
from tvdiff_pyg.metrics.ranking_metrics import DEFAULT_KS, RankingMetrics

__all__ = [
    "DEFAULT_KS",
    "METRICS",
    "MONITOR",
    "AveragePopularity",
    "Calibration",
    "Catalogue",
    "Coverage",
    "DegreeGroup",
    "Diversity",
    "Gini",
    "Novelty",
    "Personalization",
    "RankingMetrics",
    "add_sum",
    "default_metrics",
    "degree_groups",
    "popularity_groups",
    "register_metric",
]
