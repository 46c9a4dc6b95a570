"""Holm's correction: p-values of several tests at once."""

from collections.abc import Sequence

from tvdiff_pyg.ranges import check_number


def holm(p_values: Sequence[float]) -> list[float]:
    r"""Adjust p-values so that all together err no more often than one would.

    Of :math:`m` p-values in ascending order (`"A Simple Sequentially Rejective Multiple
    Test Procedure" <https://www.jstor.org/stable/4615733>`_),

    .. math::
        \tilde{p}_{(k)} = \max_{j \le k} \, \min \big( 1, (m - j + 1) \, p_{(j)} \big)

    Args:
        p_values: P-values, in [0, 1].

    Returns:
        Adjusted ones, in the same order.

    Raises:
        ValueError: If one is out of range.

    Example:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    for value in p_values:
        check_number("p_values", value, 0, 1)
    adjusted, highest = [0.0] * len(p_values), 0.0
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = highest
    return adjusted
