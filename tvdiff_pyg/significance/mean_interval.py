"""The interval of a mean of a few values, such as one for each seed."""

import math
from collections.abc import Sequence

import numpy as np

from tvdiff_pyg.machine import check_installed
from tvdiff_pyg.ranges import check_number


def mean_interval(values: Sequence[float], level: float = 0.95) -> tuple[float, float]:
    r"""Compute the interval of a mean by Student's t.

    .. math::
        \bar{x} \pm t_{n-1, (1 + \text{level}) / 2} \, \frac{s}{\sqrt{n}}

    with :math:`s` the sample standard deviation of the :math:`n` values.

    Args:
        values: The values, finite.
        level: Level of the interval, in (0, 1). (default: ``0.95``)

    Returns:
        Its ends; ``nan`` of fewer than two values, which say nothing of their spread.

    Raises:
        ValueError: If a value is not finite, or the level is out of range.
        ImportError: If scipy is not installed.

    Example:
        >>> low, high = mean_interval([0.1, 0.2, 0.3])
        >>> round(low, 3), round(high, 3)
        (-0.048, 0.448)
    """
    check_number("level", level, 0, 1, above=True, below=True)
    if not np.isfinite(values).all():
        raise ValueError(f"'values' needs finite numbers (got {list(values)})")
    if len(values) < 2:
        return math.nan, math.nan
    check_installed(("scipy",), "the interval of a mean", "significance")
    from scipy import stats

    mean, error = np.mean(values), np.std(values, ddof=1) / math.sqrt(len(values))
    reach = stats.t.ppf((1 + level) / 2, len(values) - 1) * error
    return float(mean - reach), float(mean + reach)
