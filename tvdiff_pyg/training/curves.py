"""The curves of a training run, and how often one turns back."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Curves:
    """What a run has measured so far.

    Args:
        epoch: Epochs that have ended. (default: ``0``)
        start: Loss of the untrained model; ``None`` if unknown. (default: ``None``)
        loss: Free energy of each epoch. (default: empty)
        energy: Energy of each epoch. (default: empty)
        entropy: Entropy of each epoch. (default: empty)
        recall: Recall at each check. (default: empty)
        rank: Effective rank of a sample of scores at each check, at least 1; ``nan``
            where it is not defined. (default: empty)
        cut: The cut-off of the recall. (default: ``20``)
    """

    epoch: int = 0
    start: float | None = None
    loss: list[float] = field(default_factory=list)
    energy: list[float] = field(default_factory=list)
    entropy: list[float] = field(default_factory=list)
    recall: list[float] = field(default_factory=list)
    rank: list[float] = field(default_factory=list)
    cut: int = 20


def count_turns(values: Sequence[float], swing: float) -> int:
    """Count how often a curve turns back by a factor, up or down.

    Args:
        values: Values of at least 0.
        swing: The factor, above 1. Smaller movements are passed over.

    Returns:
        The number of turns; the first movement is none.

    Example:
        >>> count_turns([1.0, 2.0, 1.9, 1.0, 2.0], swing=1.5)
        2
    """
    turns, rising = 0, 0
    low = high = values[0] if values else 0.0
    for value in values:
        low, high = min(low, value), max(high, value)
        if rising >= 0 and value * swing < high:
            turns, rising, low = turns + rising, -1, value
        elif rising <= 0 and value > low * swing:
            turns, rising, high = turns - rising, 1, value
    return turns
