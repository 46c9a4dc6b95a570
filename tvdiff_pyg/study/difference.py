"""How far two variants differ in a number: the mean, its interval, and the outcome."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tvdiff_pyg.significance import Comparison, Tails, Word, mean_interval, word

#: What becomes of a claim on a graph.
Outcome = Literal["holds", "fails", "indistinguishable", "undecided"]

OUTCOMES: dict[Word, Outcome] = {
    "better": "holds",
    "worse": "fails",
    "indistinguishable": "indistinguishable",
    "undecided": "undecided",
}
OPPOSITE: dict[Outcome, Outcome] = {"holds": "fails", "fails": "holds"}


@dataclass(frozen=True)
class Difference:
    """By what share one variant's number is above another's.

    Args:
        mean: The mean share.
        low: The lower end of its interval; ``nan`` where there is none.
        high: The upper end.
        margin: The share that makes no difference.
        num_seeds: Seeds that both have.
        less: Whether the claim is that it is less. (default: ``False``)
        unconverged: Variants and seeds of the cells that it rests on and that had not
            converged. (default: ``()``)
        num_users: Users that both have, where these were kept. (default: ``None``)
        effect: The users' mean difference in their standard deviations, likewise.
            (default: ``None``)
        tails: P-values that go with the interval; ``None`` where there is none.
            (default: ``None``)
    """

    mean: float
    low: float
    high: float
    margin: float
    num_seeds: int
    less: bool = False
    unconverged: tuple[tuple[str, int], ...] = ()
    num_users: int | None = None
    effect: float | None = None
    tails: Tails | None = None

    @staticmethod
    def of_seeds(
        one: Sequence[float], other: Sequence[float], margin: float
    ) -> "Difference":
        """Compare seed by seed: by ratios where all numbers are positive.

        Args:
            one: A number for each seed, at least one.
            other: Those of the variant to compare with, aligned.
            margin: The share that makes no difference.

        Example:
            >>> found = Difference.of_seeds([0.2, 0.22, 0.21], [0.1, 0.1, 0.1], 0.01)
            >>> found.outcome, found.in_words()
            ('holds', '+109.8% (95% interval +86.4% to +136.2%, 3 seeds)')
            >>> Difference.of_seeds([0.2], [0.1], 0.01).outcome
            'undecided'
        """
        first, second = np.asarray(one, float), np.asarray(other, float)
        if min(*first, *second) > 0:
            gaps, share_of = np.log(first / second), math.expm1
            # A share that is lost is below one.
            ends = math.log1p(-margin) if margin < 1 else -math.inf, math.log1p(margin)
        else:
            scale = max(abs(first.mean()), abs(second.mean())) or 1.0
            gaps, share_of, ends = (first - second) / scale, float, (-margin, margin)
        mean, (low, high) = float(np.mean(gaps)), mean_interval(gaps.tolist())
        count = len(one)
        error = float(gaps.std(ddof=1)) / math.sqrt(count) if count > 1 else math.nan
        tails = Tails.of(mean, error, count - 1, *ends)
        mean, low, high = (share_of(value) for value in (mean, low, high))
        return Difference(mean, low, high, margin, count, tails=tails)

    @staticmethod
    def of_users(found: Comparison, reference: float, margin: float) -> "Difference":
        """Take the interval from what users count with each seed.

        Args:
            found: The comparison of the two variants.
            reference: The mean of the variant to compare with.
            margin: The share that makes no difference.
        """
        scale = abs(reference) or 1.0
        mean, low, high, error = (
            value / scale
            for value in (found.difference, found.low, found.high, found.error)
        )
        return Difference(
            mean,
            low,
            high,
            margin,
            found.num_seeds,
            num_users=found.num_users,
            effect=found.effect,
            tails=Tails.of(mean, error, math.inf, -margin, margin),
        )

    @property
    def outcome(self) -> Outcome:
        """What the interval says; nothing without one, or of unconverged cells."""
        if self.unconverged or not self.low <= self.high:
            return "undecided"
        found = OUTCOMES[word(self.low, self.high, self.margin)]
        return OPPOSITE.get(found, found) if self.less else found

    @property
    def tails_of_claim(self) -> Tails | None:
        """P-values of what is claimed; none of unconverged cells."""
        if self.unconverged or self.tails is None:
            return None
        return self.tails.flipped if self.less else self.tails

    def in_words(self) -> str:
        """Print the mean, the interval and what it is of."""
        seeds = f"{self.num_seeds} seed{'s' if self.num_seeds > 1 else ''}"
        if not self.low <= self.high:
            return f"{self.mean:+.1%} ({seeds}, no interval)"
        users = f", {self.num_users:,} users" if self.num_users else ""
        has_effect = self.effect is not None and math.isfinite(self.effect)
        effect = f", effect size {self.effect:+.2f}" if has_effect else ""
        return (
            f"{self.mean:+.1%} (95% interval {self.low:+.1%} to {self.high:+.1%}, "
            f"{seeds}{users}{effect})"
        )
