"""How far one model is ahead of another, in records of the same data set."""

from collections.abc import Mapping
from statistics import fmean

from tvdiff_pyg.grid import Record
from tvdiff_pyg.grid.tables import MISSING
from tvdiff_pyg.significance import interval_ahead
from tvdiff_pyg.study.trained_cell import DRAWN

#: Records of a model by seed.
BySeed = Mapping[int, Record]


def share_ahead(one: BySeed, other: BySeed, part: str) -> str:
    """Print by what share a model's NDCG@20 is above another's.

    Args:
        one: The model.
        other: The model to compare with.
        part: The held-out part.

    Returns:
        The mean over the seeds that both have; "–" where there are none.
    """
    shares = [
        one[seed]["metrics"][part][DRAWN] / other[seed]["metrics"][part][DRAWN] - 1
        for seed in one
        if seed in other
    ]
    return f"{fmean(shares):+.1%}" if shares else MISSING


def interval_of_share(one: BySeed, other: BySeed) -> str:
    """Print the 95% interval of that share on the test part, over users and seeds.

    Args:
        one: The model.
        other: The model to compare with.

    Returns:
        The interval over the seeds that both kept means over draws of; "–" where there
        are none, or both are the same.
    """
    kept = [
        (one[seed]["draws"][DRAWN], other[seed]["draws"][DRAWN])
        for seed in one
        if "draws" in one[seed] and "draws" in other.get(seed, {})
    ]
    if not kept or one == other:
        return MISSING
    low, high = interval_ahead(*zip(*kept, strict=True))
    return f"{low:+.1%} to {high:+.1%}"
