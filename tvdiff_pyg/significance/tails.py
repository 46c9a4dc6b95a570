"""How surprising an estimate would be: p-values that go with its interval."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tvdiff_pyg.machine import check_installed


@dataclass(frozen=True)
class Tails:
    r"""One-sided p-values of an estimated difference, by Student's t.

    With :math:`F` the distribution of the estimate's error in standard errors, and a
    margin from :math:`a` to :math:`b`,

    .. math::
        p_{above} = F(-\hat{d} / s), \quad p_{below} = F(\hat{d} / s), \quad
        p_{within} = \max \big( F((a - \hat{d}) / s), F((\hat{d} - b) / s) \big)

    Twice one of them is below 0.05 where the 95% interval lies above zero, below it, or
    within the margin.

    Args:
        above: Of an estimate as high as this one, if nothing is above zero.
        below: Of one as low, if nothing is below zero.
        within: Of one so near to zero, if it were outside of the margin.

    Example:
        >>> found = Tails.of(2.0, 1.0, math.inf, -0.1, 0.1)
        >>> round(found.differs, 3), round(found.alike, 3)
        (0.046, 1.0)
    """

    above: float
    below: float
    within: float

    @staticmethod
    def of(
        mean: float, error: float, degrees: float, low: float, high: float
    ) -> "Tails | None":
        """Compute them of an estimate.

        Args:
            mean: The estimate.
            error: Its standard error; ``nan`` where there is none.
            degrees: Degrees of freedom; ``inf`` for the normal distribution.
            low: The lower end of the margin.
            high: The upper end.

        Returns:
            The p-values; ``None`` without a standard error.

        Raises:
            ImportError: If scipy is not installed.
        """
        if math.isnan(error):
            return None
        if error == 0:
            is_outside = not low <= mean <= high
            return Tails(float(mean <= 0), float(mean >= 0), float(is_outside))
        check_installed(("scipy",), "p-values", "significance")
        from scipy import stats

        scores = [-mean, mean, low - mean, mean - high]
        above, below, *ends = (
            float(stats.t.cdf(score / error, degrees)) for score in scores
        )
        return Tails(above, below, max(ends))

    @staticmethod
    def of_all(each: Sequence["Tails"]) -> "Tails":
        """Join those of several differences that are claimed together.

        All are shown only if the least certain is.

        Args:
            each: Theirs, at least one.
        """
        return Tails(
            max(one.above for one in each),
            max(one.below for one in each),
            max(one.within for one in each),
        )

    @property
    def flipped(self) -> "Tails":
        """Those of the opposite difference."""
        return Tails(self.below, self.above, self.within)

    @property
    def differs(self) -> float:
        """The two-sided p-value of a difference."""
        return min(1.0, 2 * min(self.above, self.below))

    @property
    def alike(self) -> float:
        """That of a difference within the margin."""
        return min(1.0, 2 * self.within)
