"""P-values that go with an interval, against scipy's tests."""

import math

import numpy as np
import pytest

from tvdiff_pyg.significance import Tails

stats = pytest.importorskip("scipy.stats", reason="p-values need scipy")


def of(values: np.ndarray, low: float, high: float) -> Tails:
    error = float(values.std(ddof=1)) / math.sqrt(values.size)
    found = Tails.of(float(values.mean()), error, values.size - 1, low, high)
    assert found is not None
    return found


def test_they_are_those_of_one_sided_t_tests() -> None:
    values = np.random.default_rng(0).normal(0.1, 0.2, 5)
    found = of(values, -0.3, 0.5)
    for name, side in (("above", "greater"), ("below", "less")):
        test = stats.ttest_1samp(values, 0.0, alternative=side)
        assert getattr(found, name) == pytest.approx(test.pvalue)
    ends = [
        stats.ttest_1samp(values, end, alternative=side).pvalue
        for end, side in ((-0.3, "greater"), (0.5, "less"))
    ]
    assert found.within == pytest.approx(max(ends))
    both = stats.ttest_1samp(values, 0.0).pvalue
    assert found.differs == pytest.approx(both) == found.flipped.differs
    assert found.flipped.above == found.below


@pytest.mark.parametrize("mean", [0.05, 0.2, 0.36, 0.5])
def test_they_say_what_the_interval_says(mean: float) -> None:
    values = mean + np.asarray([-0.1, 0.0, 0.1, 0.05])
    low, high = stats.ttest_1samp(values, 0.0).confidence_interval()
    found = of(values, -0.5, 0.5)
    assert (found.differs < 0.05) == (low > 0 or high < 0)
    assert (found.alike < 0.05) == (low > -0.5 and high < 0.5)


def test_without_spread_all_is_sure_and_without_error_nothing() -> None:
    sure = Tails.of(0.3, 0.0, 2, -0.1, 0.1)
    assert sure is not None and sure.differs == 0.0 and sure.alike == 1.0
    none = Tails.of(0.0, 0.0, 2, 0.0, 0.0)
    assert none is not None and none.differs == 1.0 and none.alike == 0.0
    assert Tails.of(0.3, math.nan, 0, -0.1, 0.1) is None


def test_all_together_are_as_sure_as_the_least() -> None:
    found = Tails.of_all([Tails(0.01, 0.99, 1.0), Tails(0.02, 0.98, 0.5)])
    assert found == Tails(0.02, 0.99, 1.0)
    # Shown on either side, they show nothing together.
    assert Tails.of_all([found, found.flipped]).differs == 1.0
