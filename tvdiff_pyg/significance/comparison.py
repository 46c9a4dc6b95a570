"""Two models, or several and one, over users and seeds."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tvdiff_pyg.machine import check_installed
from tvdiff_pyg.ranges import check_number
from tvdiff_pyg.significance.bootstrap import as_tables, resampled_means
from tvdiff_pyg.significance.correction import holm
from tvdiff_pyg.significance.wording import Word, word


@dataclass(frozen=True)
class Comparison:
    """How much better one model ranks than another.

    Args:
        difference: The mean difference, over all users and seeds that both have.
        low: The lower end of its interval, of users and seeds drawn anew.
        high: The upper end.
        error: The standard error of the difference: its standard deviation over these
            draws.
        effect: The mean of the users' differences in their standard deviations;
            ``nan`` where all differ alike.
        t_test: P-value of the paired t-test over users, each the mean of its seeds.
        wilcoxon: P-value of the signed-rank test over users, likewise.
        adjusted: The latter, corrected by Holm for the comparisons beside it.
        num_users: Users.
        num_seeds: Seeds.
    """

    difference: float
    low: float
    high: float
    error: float
    effect: float
    t_test: float
    wilcoxon: float
    adjusted: float
    num_users: int
    num_seeds: int

    def word(self, margin: float) -> Word:
        """Say what the interval comes to; see :func:`~tvdiff_pyg.significance.word`.

        Args:
            margin: What makes no difference to anybody, at least 0.
        """
        return word(self.low, self.high, margin)


def compare(
    one: ArrayLike,
    other: ArrayLike,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> Comparison:
    """Compare two models on the users and seeds that both have.

    The tests are over users, each with the mean of its seeds, as a user's values with
    several seeds are not independent; what seeds add is in the interval.

    Args:
        one: Values of a metric, of shape ``[num_seeds, num_users]``; ``nan`` where a
            user has none. As from :func:`~tvdiff_pyg.significance.user_values`.
        other: Those of the model to compare with, of the same shape.
        level: Level of the interval, in (0, 1). (default: ``0.95``)
        resamples: How often users and seeds are drawn anew. (default: ``2000``)
        seed: Seed of these draws. (default: ``0``)

    Raises:
        ValueError: If the shapes differ, fewer than two users are common, or an
            argument is out of range.
        ImportError: If scipy is not installed.

    Example:
        >>> found = compare([[0.5, 0.6, 0.9, 0.4]], [[0.4, 0.4, 0.6, 0.4]])
        >>> round(found.difference, 3), found.low >= 0, found.word(margin=0.001)
        (0.15, True, 'better')
    """
    check_number("level", level, 0, 1, above=True, below=True)
    first, second = as_tables(one, other)
    table = first - second
    by_user = _means_of_users(table)
    means = resampled_means(table, resamples, seed)
    low, high = np.nanquantile(means, [(1 - level) / 2, (1 + level) / 2])
    t_test, wilcoxon = _p_values(by_user)
    alike = _all_alike(by_user)
    return Comparison(
        difference=float(np.nanmean(table)),
        low=float(low),
        high=float(high),
        error=float(np.nanstd(means)),
        effect=math.nan if alike else float(by_user.mean() / by_user.std(ddof=1)),
        t_test=t_test,
        wilcoxon=wilcoxon,
        adjusted=wilcoxon,
        num_users=by_user.size,
        num_seeds=table.shape[0],
    )


def compare_all(
    values: Mapping[str, ArrayLike],
    reference: str,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> dict[str, Comparison]:
    """Compare one model with each of the others, corrected for their number.

    Args:
        values: For each model, what :func:`compare` takes.
        reference: The one; differences are positive where it ranks better.
        level: Level of the intervals, in (0, 1). (default: ``0.95``)
        resamples: How often users and seeds are drawn anew. (default: ``2000``)
        seed: Seed of these draws. (default: ``0``)

    Returns:
        A comparison for each of the others.

    Raises:
        ValueError: If there is no such model, and as :func:`compare`.

    Example:
        >>> a, b = [[0.5, 0.6, 0.9]], [[0.4, 0.4, 0.6]]
        >>> found = compare_all({"a": a, "b": b, "c": a}, "a")
        >>> {name: one.word(margin=0.01) for name, one in found.items()}
        {'b': 'better', 'c': 'indistinguishable'}
    """
    if reference not in values:
        raise ValueError(
            f"'reference' needs to be one of {list(values)} (got {reference!r})"
        )
    found = {
        name: compare(values[reference], other, level, resamples, seed)
        for name, other in values.items()
        if name != reference
    }
    adjusted = holm([one.wilcoxon for one in found.values()])
    return {
        name: replace(one, adjusted=value)
        for (name, one), value in zip(found.items(), adjusted, strict=True)
    }


def _means_of_users(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean over the seeds of each user that has a value."""
    known = np.isfinite(table)
    is_common = known.any(axis=0)
    if is_common.sum() < 2:
        raise ValueError(
            f"'other' needs two users in common with 'one' (got {is_common.sum()})"
        )
    table, known = table[:, is_common], known[:, is_common]
    means: NDArray[np.float64] = np.where(known, table, 0).sum(0) / known.sum(0)
    return means


def _p_values(by_user: NDArray[np.float64]) -> tuple[float, float]:
    """Return those of the t-test and of the signed-rank test."""
    check_installed(("scipy",), "comparing models", "significance")
    from scipy import stats

    if not by_user.any():  # No difference at all.
        return 1.0, 1.0
    alike = _all_alike(by_user)
    t_test = 0.0 if alike else float(stats.ttest_1samp(by_user, 0.0).pvalue)
    # Users who are served alike count, as half of them on either side.
    signed = stats.wilcoxon(by_user, zero_method="zsplit")
    return t_test, float(signed.pvalue)


def _all_alike(by_user: NDArray[np.float64]) -> bool:
    """Whether differences are the same but for rounding."""
    return bool(np.ptp(by_user) <= 1e-9 * abs(by_user).max())
