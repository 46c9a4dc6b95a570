"""Numbers by their weights, many at a time."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_CELLS = 2  # To a weight.


class WeightedChoice:
    """Inverts cumulative weights by a guide table: instead of a search, a few steps
    from where a cell begins (Chen and Asau, "On Generating Random Variates from an
    Empirical Distribution", AIIE Transactions 6(2), 1974).

    Args:
        weight (numpy.ndarray): Positive weights, shape ``[size]``.

    Attributes:
        ends: Their cumulative sums: where the stretch of each number ends.

    Example:
        >>> WeightedChoice(np.array([1.0, 2.0])).at(np.array([0.0, 0.9, 1.0, 3.0]))
        array([0, 0, 1, 1])
    """

    def __init__(self, weight: Floats) -> None:
        self.ends = np.cumsum(weight)
        cells = _CELLS * len(weight)
        self._kind = np.min_scalar_type(-cells)
        self._scale = cells / self.ends[-1]
        # A cell begins where the one before it does, in case a product is rounded up.
        edges = np.arange(-1, cells - 1) / self._scale
        self._first = np.searchsorted(self.ends, edges, "right").astype(self._kind)
        # The last stretch takes whatever is beyond the others.
        self._reach = np.append(self.ends[:-1], np.inf)

    def at(self, place: Floats) -> Ints:
        """Returns the numbers whose stretches some places are in.

        Args:
            place (numpy.ndarray): Places from 0 to the sum of all weights, shape
                ``[num_places]``.
        """
        cell = (place * self._scale).astype(self._kind)
        found = self._first[np.minimum(cell, len(self._first) - 1, out=cell)]
        behind = np.flatnonzero(self._reach[found] <= place)
        while len(behind):
            found[behind] += 1
            behind = behind[self._reach[found[behind]] <= place[behind]]
        return found.astype(np.int64)
