"""The best items of each row, in any order."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tvdiff_pyg.negatives.best_items import best_items


@given(
    st.integers(0, 6),
    st.integers(1, 30),
    st.floats(0, 1),
    st.sampled_from([torch.float, torch.double]),
    st.integers(0, 10**6),
)
def test_no_other_item_scores_higher(
    num_rows: int, num_items: int, share: float, dtype: torch.dtype, seed: int
) -> None:
    count = max(int(share * num_items), 1)
    generator = torch.Generator().manual_seed(seed)
    # Few values, so that there are ties, and some that are not to be drawn.
    score = torch.randint(-1, 5, (num_rows, num_items), generator=generator).to(dtype)
    score = score.masked_fill(score < 0, -math.inf)
    item = best_items(score, count)
    assert item.shape == (num_rows, count)
    assert (item.diff(dim=1) > 0).all()
    best = score.gather(1, item).sort(dim=1, descending=True).values
    assert torch.equal(best, score.topk(count, dim=1).values)


@pytest.mark.parametrize("entries", [1, 35, 2**18])
def test_blocks_of_rows_change_nothing(
    entries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tvdiff_pyg.negatives.best_items.PARTITION_ENTRIES", entries)
    score = torch.rand(20, 11, generator=torch.manual_seed(0))
    expected = score.topk(4, dim=1).indices.sort(dim=1).values
    assert torch.equal(best_items(score, 4), expected)
