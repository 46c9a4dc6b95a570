"""What the views and the entropies add, one after the other."""

from collections.abc import Sequence
from itertools import pairwise

import polars as pl

from tvdiff_pyg.study.claims.published import BEST_LOSS, VIEWS
from tvdiff_pyg.study.verdict import (
    Outcome,
    Verdict,
    best_variant,
    decide,
    decide_all,
    differences,
    quote,
    seeds_of,
)

NO_ENTROPY = "none"


def ladder(cells: pl.DataFrame, data: str) -> Verdict | None:
    """Compare each view with the one before it.

    Args:
        cells: The cells of the study.
        data: The graph.
    """
    names = _variants(cells, data)
    steps = {
        (lower, upper): differences(cells, data, "ndcg", upper, lower)
        for lower, upper in pairwise(names)
    }
    if not steps or not all(steps.values()):
        return None
    outcomes: list[Outcome] = [decide(step) for step in steps.values()]
    said = {"holds": "rises", "fails": "falls", "undecided": "is open"}
    changes = ", ".join(
        f"{lower} to {upper} {said[outcome]}"
        for (lower, upper), outcome in zip(steps, outcomes, strict=True)
    )
    published = VIEWS.get(data, {})
    beside = ", ".join(
        f"{name} {figures[1]:.4f}" for name, figures in published.items()
    )
    return Verdict(
        "Each view adds to the ranking",
        data,
        decide_all(outcomes),
        f"Test NDCG@20: {_values(cells, data, names)}; {changes} "
        f"({seeds_of(len(next(iter(steps.values()))))})."
        + (f" Published, protocol paper: {beside}." if beside else ""),
    )


def entropy_helps(cells: pl.DataFrame, data: str) -> Verdict | None:
    """Compare the entropy that is best on validation with none.

    Args:
        cells: The cells of the study.
        data: The graph.
    """
    names = _variants(cells, data)
    best = best_variant(cells, data, [name for name in names if name != NO_ENTROPY])
    if best is None or NO_ENTROPY not in names:
        return None
    gap = differences(cells, data, "ndcg", best, NO_ENTROPY)
    published = BEST_LOSS.get(data)
    return Verdict(
        "A ranking entropy improves on energy alone",
        data,
        decide(gap),
        f"Test NDCG@20: {_values(cells, data, names)}; the best entropy on validation "
        f"is {best} ({seeds_of(len(gap))})."
        + (f" Published best: {published}." if published else ""),
    )


VIEW_CLAIMS = (ladder,)
LOSS_CLAIMS = (entropy_helps,)


def _variants(cells: pl.DataFrame, data: str) -> list[str]:
    return cells.filter(data=data)["variant"].unique(maintain_order=True).to_list()


def _values(cells: pl.DataFrame, data: str, names: Sequence[str]) -> str:
    return ", ".join(f"{name} {quote(cells, data, name, 'ndcg')}" for name in names)
