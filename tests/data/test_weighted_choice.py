"""Numbers drawn by their weights, against a search."""

import numpy as np
import pytest

from tvdiff_pyg.data.weighted_choice import WeightedChoice


@pytest.mark.parametrize("size", [1, 2, 63, 64, 65, 20_000])
@pytest.mark.parametrize("power", [0.0, -0.5, -3.0])
def test_places_are_found_where_a_search_finds_them(size: int, power: float) -> None:
    rng = np.random.default_rng(size)
    choice = WeightedChoice(rng.permutation(np.arange(1.0, size + 1) ** power))
    ends = choice.ends
    place = np.concatenate(
        [rng.random(1000) * ends[-1], ends, np.nextafter(ends, 0), [0.0]]
    )
    expected = np.searchsorted(ends, place, "right").clip(max=size - 1)
    found = choice.at(place)
    assert found.dtype == np.int64
    np.testing.assert_array_equal(found, expected)
