"""What an interval says, in a word."""

from typing import Literal

from tvdiff_pyg.ranges import check_number

#: What a difference comes to.
Word = Literal["better", "worse", "indistinguishable", "undecided"]


def word(low: float, high: float, margin: float) -> Word:
    """Say what the interval of a difference comes to.

    Args:
        low: Its lower end.
        high: Its upper end.
        margin: What makes no difference to anybody, at least 0.

    Returns:
        ``"indistinguishable"`` where all of it lies within the margin; otherwise
        ``"better"`` or ``"worse"`` where it lies on one side of zero, and
        ``"undecided"`` where it holds zero.

    Raises:
        ValueError: If the margin is negative, or the ends are not in order.

    Example:
        >>> word(0.01, 0.02, margin=0.001), word(-0.0005, 0.0002, margin=0.001)
        ('better', 'indistinguishable')
    """
    check_number("margin", margin, 0)
    if not low <= high:
        raise ValueError(f"'low' needs to be at most 'high' (got {low} and {high})")
    if -margin <= low and high <= margin:
        return "indistinguishable"
    if low > 0:
        return "better"
    return "worse" if high < 0 else "undecided"
