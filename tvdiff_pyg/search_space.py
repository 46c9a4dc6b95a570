"""What tuning searches of a setting: a range of numbers, or a choice.

A model's config says its own as ``search_space``, by the flat names of settings.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Range:
    """Numbers between two ends, both included; whole ones between whole ends.

    Args:
        low: The lowest.
        high: The highest, above ``low``.
        log: Whether the logarithm is searched evenly; ``low`` is then above 0.
            (default: ``False``)

    Raises:
        ValueError: If the ends do not fit.

    Example:
        >>> Range(1, 3).at(0.5), Range(1, 100, log=True).at(0.5)
        (2, 7)
    """

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        """Check the ends."""
        if not self.low < self.high or (self.log and self.low <= 0):
            least = "0 < low < high" if self.log else "low < high"
            raise ValueError(
                f"'low' and 'high' need to be {least} (got {self.low} and {self.high})"
            )

    @property
    def whole(self) -> bool:
        """Whether all are integers."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    def at(self, fraction: float) -> float:
        """Return what stands at a fraction of the way; evenly drawn, all come alike.

        Args:
            fraction: In [0, 1).
        """
        margin = 0.5 if self.whole else 0.0
        ends = (self.low - margin, self.high + margin)
        if self.log:
            low, high = map(math.log, ends)
            value = math.exp(low + fraction * (high - low))
        else:
            value = ends[0] + fraction * (ends[1] - ends[0])
        return self.nearest(round(value) if self.whole else value)

    def holding(self, value: float) -> "Range":
        """Return a range that holds a value as well, if its logarithm is defined.

        Args:
            value: The value.

        Example:
            >>> Range(1, 3).holding(5)
            Range(low=1, high=5, log=False)
        """
        if self.log and value <= 0:
            return self
        return Range(min(self.low, value), max(self.high, value), self.log)

    def nearest(self, value: float) -> float:
        """Return the number of the range that is nearest to a value.

        Args:
            value: The value.
        """
        return min(max(value, self.low), self.high)


@dataclass(frozen=True, init=False)
class Choice:
    """Values to choose from.

    Args:
        *values: Numbers, words or truth values, at least one.

    Raises:
        ValueError: If there is none.

    Example:
        >>> Choice("cosine", "jaccard").at(0.7)
        'jaccard'
    """

    values: tuple[Any, ...]

    def __init__(self, *values: Any) -> None:
        if not values:
            raise ValueError("'values' needs at least one (got none)")
        object.__setattr__(self, "values", values)

    def at(self, fraction: float) -> Any:
        """Return what stands at a fraction of the way; evenly drawn, all come alike.

        Args:
            fraction: In [0, 1).
        """
        return self.values[int(fraction * len(self.values))]

    def holding(self, value: Any) -> "Choice":
        """Return a choice that has a value as well.

        Args:
            value: The value.
        """
        return self if value in self.values else Choice(*self.values, value)

    def nearest(self, value: Any) -> Any:
        """Return a value, if it is one of these, else the first.

        Args:
            value: The value.
        """
        return value if value in self.values else self.values[0]


def log(low: float, high: float) -> Range:
    """Return a range of which the logarithm is searched evenly.

    Args:
        low: The lowest, above 0.
        high: The highest.

    Example:
        >>> log(1, 1000).at(0.0)
        1
    """
    return Range(low, high, log=True)


#: What is searched, by the names of settings.
Space = Mapping[str, Range | Choice]
#: Widths that every machine has time for.
WIDTHS = Choice(64, 128, 256)
