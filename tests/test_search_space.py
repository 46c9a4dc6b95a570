"""What tuning searches: ranges and choices, and what each model says."""

import math
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tvdiff_pyg.models import MODELS
from tvdiff_pyg.search_space import Choice, Range, log
from tvdiff_pyg.training import Settings, preset_names, read_preset

RANGES = [Range(1, 7), Range(0.1, 0.7), log(1, 200), log(1e-6, 10.0), Range(-3, 3)]


@pytest.mark.parametrize("values", RANGES, ids=str)
@given(fraction=st.floats(0, 1, exclude_max=True))
def test_what_stands_at_a_fraction_is_in_the_range(
    values: Range, fraction: float
) -> None:
    found = values.at(fraction)
    assert values.low <= found <= values.high
    assert isinstance(found, int) == values.whole


def test_whole_numbers_come_alike_their_ends_too() -> None:
    drawn = Counter(Range(2, 5).at(k / 4000) for k in range(4000))
    assert set(drawn) == {2, 3, 4, 5}
    assert max(drawn.values()) - min(drawn.values()) <= 2
    # Of a logarithm, each has the share of its own decade.
    drawn = Counter(log(1, 100).at(k / 4000) for k in range(4000))
    tens = sum(count for value, count in drawn.items() if value >= 10)
    whole = math.log(100.5) - math.log(0.5)
    assert tens / 4000 == pytest.approx((math.log(100.5) - math.log(9.5)) / whole, 0.01)
    assert drawn[100] > 0 and drawn[1] / 4000 == pytest.approx(
        math.log(3) / whole, 0.01
    )


def test_a_fraction_of_a_range_is_where_it_is_said_to_be() -> None:
    assert Range(2.0, 4.0).at(0.25) == 2.5
    assert log(0.01, 1.0).at(0.5) == pytest.approx(0.1)
    assert [Choice("a", "b", "c").at(k / 6) for k in range(6)] == [*"aabbcc"]


def test_a_range_is_widened_to_hold_a_value() -> None:
    assert Range(1, 3).holding(2) == Range(1, 3)
    assert log(1.0, 3.0).holding(0.5) == log(0.5, 3.0)
    # There is no logarithm of 0: the lowest stands for it.
    assert log(1e-8, 1e-2).holding(0.0) == log(1e-8, 1e-2)
    assert log(1e-8, 1e-2).nearest(0.0) == 1e-8
    assert Choice(1, 2).holding(9) == Choice(1, 2, 9) and Choice(1, 2).nearest(3) == 1


@pytest.mark.parametrize(
    ("low", "high", "logarithm"),
    [(1, 1, False), (2, 1, False), (math.nan, 1, False), (0, 1, True), (-1.0, 1, True)],
)
def test_ends_that_do_not_fit(low: float, high: float, logarithm: bool) -> None:
    with pytest.raises(ValueError, match="'low' and 'high' need to be"):
        Range(low, high, logarithm)
    with pytest.raises(ValueError, match="'values' needs at least one"):
        Choice()


CHOSEN: list[dict[str, Any]] = [{"model": name} for name in MODELS.names()]
CHOSEN += [{"entropy_type": "bce"}, {"denoiser": "gcn"}, {"linear_share": 0.3}]
CHOSEN += [read_preset(name) for name in preset_names()]


@pytest.mark.parametrize("chosen", CHOSEN, ids=str)
def test_every_model_takes_all_that_its_space_holds(chosen: dict[str, Any]) -> None:
    settings = Settings(**chosen)
    space = settings.search_space
    assert space or settings["model"] == "popularity"
    for fraction in (0.0, 0.5, 1 - 1e-12):
        values = {name: one.at(fraction) for name, one in space.items()}
        assert settings.but(**values).flat().items() >= values.items()
    for name, one in space.items():
        begun = settings[name]
        assert one.holding(begun).nearest(begun) == begun or begun == 0


def test_the_temperature_is_of_the_scale_of_the_entropy() -> None:
    assert Settings().search_space["temperature"].nearest(1e-2) == 1e-2
    assert Settings(entropy_type="nll").search_space["temperature"].nearest(50) == 50


def test_a_blend_is_searched_with_its_linear_model() -> None:
    chosen = Settings(linear_share=0.3, choose_linear_share=True).search_space
    assert "linear_l2" in chosen and "linear_share" not in chosen
    given_share = Settings(linear_share=0.3).search_space
    assert set(given_share) - set(chosen) == {"linear_share"}
    assert "linear_l2" not in Settings().search_space
