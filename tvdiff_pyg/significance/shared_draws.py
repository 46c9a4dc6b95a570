"""Users drawn anew alike for every model: a few numbers tell how any two differ."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tvdiff_pyg.machine import check_installed
from tvdiff_pyg.ranges import check_integer, check_number
from tvdiff_pyg.significance.bootstrap import as_table, as_tables, counts

# Of the draws of seeds, which are the same in each call.
_SEED = 0


def shared_means(
    user: ArrayLike, values: ArrayLike, draws: int = 400
) -> NDArray[np.float64]:
    r"""Take the mean over users in draws that are the same for every model.

    In each draw, user :math:`u` counts :math:`n_u` times, a number that is drawn from
    Poisson's distribution of mean 1 and depends on the user and the draw alone:

    .. math::
        \bar{x} = \frac{\sum_u n_u x_u}{\sum_u n_u}

    So the means of two models can be compared draw by draw, wherever and whenever each
    was measured: the spread of their difference is that of the paired difference.

    Args:
        user: Indices of the users that have a value, of shape ``[num_users]``.
        values: Their values, finite, of the same shape.
        draws: How many draws, at least 2. (default: ``400``)

    Returns:
        Means, of shape ``[draws]``.

    Raises:
        ValueError: If the shapes differ, a value is not finite, or there are too few
            draws.

    Example:
        >>> means = shared_means(range(100), [0.0, 1.0] * 50)
        >>> means.shape, bool(0.04 < means.std() < 0.06)
        ((400,), True)
    """
    check_integer("draws", draws, low=2)
    index = np.asarray(user, dtype=np.int64)
    [table] = as_table("values", np.asarray(values)[None])
    if index.shape != table.shape or not np.isfinite(table).all():
        raise ValueError(
            f"'values' needs a finite number for each of {index.size} users "
            f"(got {np.isfinite(table).sum()})"
        )
    size, means = int(index.max()) + 1, np.full(draws, np.nan)
    for draw in range(draws):
        # A generator a draw: what a user counts does not depend on how many there are.
        times = np.random.default_rng(draw).poisson(1.0, size)[index]
        if times.any():
            means[draw] = times @ table / times.sum()
    return means


def interval_ahead(
    one: ArrayLike, other: ArrayLike, level: float = 0.95
) -> tuple[float, float]:
    """Compute the interval of the share by which one model is ahead of another.

    It is the normal one, by the spread of the share over the draws; of several seeds,
    these are drawn anew, too.

    Args:
        one: Means of :func:`shared_means`, of shape ``[num_seeds, draws]``.
        other: Those of the model to compare with, of the same shape.
        level: Level of the interval, in (0, 1). (default: ``0.95``)

    Returns:
        Its ends.

    Raises:
        ValueError: If the shapes differ, or the level is out of range.
        ImportError: If scipy is not installed.

    Example:
        >>> users = range(100)
        >>> ours, theirs = (shared_means(users, [x, 1.0] * 50) for x in (0.6, 0.5))
        >>> low, high = interval_ahead([ours], [theirs])
        >>> round(low, 3), round(high, 3)
        (0.051, 0.086)
    """
    check_number("level", level, 0, 1, above=True, below=True)
    first, second = as_tables(one, other)
    shares = first / second - 1
    num_seeds, draws = shares.shape
    times = counts(np.random.default_rng(_SEED), num_seeds, draws)
    drawn = (times.T * shares).sum(axis=0) / num_seeds
    check_installed(("scipy",), "the interval of a share", "significance")
    from scipy import stats

    mean, reach = shares.mean(), stats.norm.ppf((1 + level) / 2) * np.nanstd(drawn)
    return float(mean - reach), float(mean + reach)
