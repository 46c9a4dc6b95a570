"""Mean ranks of models over data sets, and how far apart they have to be to differ."""

import math
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np

from tvdiff_pyg.files import replacing

LEVEL = 0.05
# A metric by data set and model.
Values = Mapping[str, Mapping[str, float]]


def ranks(values: Values) -> dict[str, dict[str, float]]:
    """Rank the models on each data set, 1 for the highest value.

    Args:
        values: The metric of all models on each data set.

    Returns:
        The ranks by model and data set, the model of the best mean rank first.
    """
    from scipy.stats import rankdata

    found: dict[str, dict[str, float]] = {}
    for data, row in values.items():
        for model, rank in zip(row, rankdata([-x for x in row.values()]), strict=True):
            found.setdefault(model, {})[data] = float(rank)
    order = sorted(found, key=lambda model: sum(found[model].values()))
    return {model: found[model] for model in order}


def critical_difference(num_models: int, num_data: int) -> float:
    r"""Compute by how much mean ranks have to differ, by Nemenyi's test.

    With :math:`q` the quantile of the studentized range (`"Statistical Comparisons of
    Classifiers over Multiple Data Sets"
    <https://www.jmlr.org/papers/v7/demsar06a.html>`_),

    .. math::
        CD = \frac{q_{0.05, k}}{\sqrt{2}} \sqrt{\frac{k (k + 1)}{6 N}}

    Args:
        num_models: Models, :math:`k`.
        num_data: Data sets, :math:`N`.
    """
    from scipy.stats import studentized_range

    quantile = float(studentized_range.ppf(1 - LEVEL, num_models, math.inf))
    return quantile / 2 * math.sqrt(num_models * (num_models + 1) / (3 * num_data))


def draw_ranks(means: Mapping[str, float], difference: float, file: Path) -> None:
    """Draw models along their mean ranks, with a bar over those that do not differ.

    Args:
        means: The mean rank of each model, the best first.
        difference: By how much they have to differ.
        file: Where the figure goes, a PNG.
    """
    from matplotlib.figure import Figure  # Draws with Agg: needs no display.

    groups = _groups(list(means.values()), difference)
    height = 0.5 * len(means) + 0.35 * len(groups) + 0.9
    figure = Figure(figsize=(7, height), layout="constrained")
    panel = figure.subplots()
    for place, mean in enumerate(means.values()):
        panel.plot([1, mean], [place, place], color="#d9d9d9", zorder=1)
        panel.plot(mean, place, "o", color="#0067a3", zorder=2, clip_on=False)
        panel.annotate(
            f"{mean:.1f}",
            (mean, place),
            (8, 0),
            textcoords="offset points",
            va="center",
        )
    for row, (low, high) in enumerate(groups):
        y = len(means) - 0.4 + 0.6 * row
        panel.plot([low, high], [y, y], color="#a84300", linewidth=4)
    panel.set_yticks(np.arange(len(means)), list(means))
    panel.set_xlim(1, len(means) + 0.4)
    panel.set_ylim(len(means) + 0.6 * len(groups) - 0.4, -0.6)
    panel.set_xlabel(
        "Mean rank; a bar spans models that cannot be told apart\n"
        f"(critical difference {difference:.1f})"
    )
    panel.spines[["top", "right", "left"]].set_visible(False)
    panel.tick_params(axis="y", length=0)
    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file) as partial:
        figure.savefig(partial, format="png", dpi=150)


def _groups(means: list[float], difference: float) -> list[tuple[float, float]]:
    """Return the ends of the longest rows of ranks that lie within the difference."""
    ends = [max(x for x in means if x <= low + difference) for low in means]
    spans = [(low, high) for low, high in zip(means, ends, strict=True) if high > low]
    # One that ends where the one before it does is a part of that.
    return spans[:1] + [two for one, two in pairwise(spans) if two[1] > one[1]]
