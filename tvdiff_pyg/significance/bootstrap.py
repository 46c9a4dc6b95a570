"""Means over users and seeds that are drawn anew."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tvdiff_pyg.ranges import check_integer

# What is drawn at once: 32 MiB.
_ENTRIES = 2**22


def resampled_means(
    values: ArrayLike, resamples: int = 2000, seed: int = 0
) -> NDArray[np.float64]:
    r"""Draw users with replacement, and seeds likewise, and take the mean of each draw.

    With :math:`n_u` and :math:`m_s` how often user :math:`u` and seed :math:`s` are
    drawn, and the sums over those pairs that have a value,

    .. math::
        \bar{x} = \frac{\sum_{su} m_s n_u x_{su}}{\sum_{su} m_s n_u}

    so that the spread is that of other users *and* of other seeds. Of few seeds, it
    tells little of theirs; of one, nothing.

    Args:
        values: Values, of shape ``[num_seeds, num_users]``; ``nan`` where there is
            none.
        resamples: How many draws, at least 1. (default: ``2000``)
        seed: Seed of the draws. (default: ``0``)

    Returns:
        Means, of shape ``[resamples]``.

    Raises:
        ValueError: If there is no value, or an argument is out of range.

    Example:
        >>> means = resampled_means([[0.0, 1.0, 0.0, 1.0]], resamples=500)
        >>> bool(0.4 < means.mean() < 0.6), means.shape
        (True, (500,))
    """
    check_integer("resamples", resamples, low=1)
    check_integer("seed", seed, low=0)
    table = as_table("values", values)
    known = np.isfinite(table)
    filled, present = np.where(known, table, 0.0), known.astype(np.float64)
    num_seeds, num_users = table.shape
    generator = np.random.default_rng(seed)
    size = max(_ENTRIES // num_users, 1)
    means = []
    for start in range(0, resamples, size):
        draws = min(size, resamples - start)
        seeds = counts(generator, num_seeds, draws)
        users = counts(generator, num_users, draws)
        total = ((seeds @ filled) * users).sum(axis=1)
        count = ((seeds @ present) * users).sum(axis=1)
        # Users of other seeds only may be drawn: such a draw has no mean.
        means.append(
            np.divide(total, count, out=np.full(draws, np.nan), where=count > 0)
        )
    return np.concatenate(means)


def as_table(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Return values as an array of seeds and users, or raise.

    Args:
        name: The argument.
        values: What was given for it.
    """
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or not np.isfinite(table).any():
        raise ValueError(
            f"'{name}' needs values of shape [num_seeds, num_users] "
            f"(got shape {list(table.shape)})"
        )
    if np.isinf(table).any():
        raise ValueError(f"'{name}' needs finite values, or NaN for none (got others)")
    return table


def as_tables(
    one: ArrayLike, other: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what ``one`` and ``other`` were given as tables of one shape, or raise.

    Args:
        one: As for :func:`as_table`.
        other: What to compare with.
    """
    first, second = as_table("one", one), as_table("other", other)
    if first.shape != second.shape:
        raise ValueError(
            f"'other' needs the shape of 'one', {list(first.shape)} "
            f"(got {list(second.shape)})"
        )
    return first, second


def counts(
    generator: np.random.Generator, number: int, draws: int
) -> NDArray[np.float64]:
    """Draw as many as there are with replacement, and return how often each came.

    Args:
        generator: Where the draws come from.
        number: How many there are.
        draws: How often they are drawn.

    Returns:
        Counts, of shape ``[draws, number]``.
    """
    return generator.multinomial(number, [1 / number] * number, draws).astype(float)
