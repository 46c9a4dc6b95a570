"""Where runs differ: users whose lists share least, items that only some offer."""

from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import Any

SHOWN = 10


def differences(lists: Sequence[Sequence[Sequence[int]]]) -> dict[str, Any]:
    """Compare what runs recommend to the same users.

    Args:
        lists: Items of each user, of each run, by their places on the page.

    Returns:
        The mean ``overlap`` of each two runs; the ``users`` with the least overlap of
        all runs, by their position, with it; and the ``items`` that one run offers to
        most users more than another, by their place, with the number of users of each
        run.

    Example:
        >>> differences([[[3, 4]], [[4, 5]]])["overlap"]
        [[1.0, 0.3333], [0.3333, 1.0]]
    """
    by_user = [[set(row) for row in rows] for rows in zip(*lists, strict=True)]
    together = sorted((overlap(sets), user) for user, sets in enumerate(by_user))
    runs = range(len(lists))
    counts = [Counter(chain.from_iterable(one)) for one in lists]
    offered = [
        [item, *(one[item] for one in counts)] for item in sorted(set().union(*counts))
    ]
    return {
        "overlap": [
            [_mean([overlap([sets[a], sets[b]]) for sets in by_user]) for b in runs]
            for a in runs
        ],
        "users": [[user, round(share, 4)] for share, user in together[:SHOWN]],
        "items": sorted(offered, key=_apart)[:SHOWN],
    }


def overlap(sets: Sequence[set[int]]) -> float:
    """Return what share of all that sets hold is in each of them; 1 if they hold
    nothing.

    Args:
        sets: The sets, at least one.

    Example:
        >>> overlap([{1, 2, 3}, {2, 3, 4}])
        0.5
    """
    union = set().union(*sets)
    return len(set.intersection(*sets)) / len(union) if union else 1.0


def _apart(offered: Sequence[int]) -> tuple[int, int]:
    """Sort by how differently often runs offer an item, then by how often."""
    _, *counts = offered
    return min(counts) - max(counts), -sum(counts)


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 4)
