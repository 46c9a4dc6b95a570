"""Where the best temperature is, and whether it follows the rule of size."""

import polars as pl

from tvdiff_pyg.study.columns import RANKING, SHAPE, TRAINING
from tvdiff_pyg.study.definition import Overrides, Study, register_study
from tvdiff_pyg.study.published import BEST_TEMPERATURE
from tvdiff_pyg.study.summary import of_variant
from tvdiff_pyg.study.verdict import (
    Outcome,
    Verdict,
    best_variant,
    decide,
    differences,
    quote,
    seeds_of,
    variants_in,
)

# The paper's rule: near 1 for small data, near 10 for large. Its own small data sets
# have up to 160,000 training interactions, its large ones 600,000 and more.
LARGE_INTERACTIONS = 500_000
NEAR = {"small": (0.5, 2.0), "large": (5.0, 20.0)}
USUAL = ("0.1", "0.5", "1", "2", "5", "10", "20")


@register_study("temperature")
def temperature() -> Study:
    """The weight of entropy against energy."""
    return Study(
        axis="temperature",
        variants={value: _temperature(value) for value in USUAL},
        columns=(*RANKING, *TRAINING, *SHAPE),
        figures={"ranking": RANKING, "shape": SHAPE},
        claims=(size_rule, matters),
        make_variant=_temperature,
    )


def size_rule(cells: pl.DataFrame, data: str) -> Verdict | None:
    """Compare the best temperature on validation with the rule of size.

    Args:
        cells: The cells of the study.
        data: The graph.
    """
    best = best_variant(cells, data)
    if best is None:
        return None
    size = cells.filter(data=data)["interactions"].max()
    assert isinstance(size, int)
    kind = "large" if size >= LARGE_INTERACTIONS else "small"
    low, high = NEAR[kind]
    outcome: Outcome = "holds" if low <= float(best) <= high else "fails"
    published = BEST_TEMPERATURE.get(data)
    return Verdict(
        "The best temperature follows the size of the data",
        data,
        outcome,
        f"With {size:,} training interactions the data counts as {kind}, for which the "
        f"rule says {low:g} to {high:g}. The best on validation is {best}, with test "
        f"NDCG@20 {quote(cells, data, best, 'ndcg')}; {_plateau(cells, data, best)}."
        + (f" Published: {published:g}, chosen on test." if published else ""),
    )


def matters(cells: pl.DataFrame, data: str) -> Verdict | None:
    """Compare the best temperature on validation with the lowest.

    Args:
        cells: The cells of the study.
        data: The graph.
    """
    best, lowest = best_variant(cells, data), min(variants_in(cells, data), key=float)
    if best is None:
        return None
    claim = "Entropy improves on energy almost alone"
    if best == lowest:
        sentence = f"The lowest temperature, {lowest}, is the best on validation."
        return Verdict(claim, data, "fails", sentence)
    gap = differences(cells, data, "ndcg", best, lowest)
    return Verdict(
        claim,
        data,
        decide(gap),
        f"Test NDCG@20 is {quote(cells, data, best, 'ndcg')} at {best} and "
        f"{quote(cells, data, lowest, 'ndcg')} at {lowest}, {seeds_of(len(gap))}.",
    )


def _temperature(value: str) -> Overrides:
    return {"temperature": float(value)}


def _plateau(cells: pl.DataFrame, data: str, best: str) -> str:
    """Say which temperatures no seed can tell from the best one, on validation."""
    others = [
        name
        for name in variants_in(cells, data)
        if name != best
        and decide(differences(cells, data, "validation_ndcg", best, name)) != "holds"
    ]
    count = len(of_variant(cells, data, best, "seed"))
    if not others:
        return f"every other is worse in {seeds_of(count)}"
    return f"{', '.join(others)} cannot be told from it ({seeds_of(count)})"
