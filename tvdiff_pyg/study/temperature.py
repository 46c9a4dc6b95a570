"""Where the best temperature is, and whether it follows the rule of size."""

from tvdiff_pyg.study.columns import RANKING, SHAPE, TRAINING
from tvdiff_pyg.study.definition import Overrides, Study, register_study
from tvdiff_pyg.study.published import BEST_TEMPERATURE
from tvdiff_pyg.study.results import Results
from tvdiff_pyg.study.verdict import Verdict, decide, seeds_of

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


def size_rule(results: Results) -> Verdict | None:
    """Compare the best temperature that the rule of size allows with the best other.

    Args:
        results: The cells of the study on a graph.
    """
    size = results.cells["interactions"].max()
    assert isinstance(size, int)
    kind = "large" if size >= LARGE_INTERACTIONS else "small"
    low, high = NEAR[kind]
    allowed = [one for one in results.variants if low <= float(one) <= high]
    others = [one for one in results.variants if one not in allowed]
    inside, outside = results.best(allowed), results.best(others)
    if inside is None or outside is None:
        return None
    gap = results.difference("ndcg", inside, outside)
    best, published = results.best(), BEST_TEMPERATURE.get(results.data)
    if gap is None or best is None:
        return None
    return decide(
        results,
        "The best temperature follows the size of the data",
        f"With {size:,} training interactions the data counts as {kind}, for which the "
        f"rule says {low:g} to {high:g}. The best there on validation is {inside}, "
        f"with test NDCG@20 {results.quote(inside, 'ndcg')}; elsewhere {outside}, with "
        f"{results.quote(outside, 'ndcg')}. The best on validation is {best}; "
        f"{_plateau(results, best)}."
        + (f" Published: {published:g}, chosen on test." if published else ""),
        [gap],
        chosen_from=results.variants,
    )


def matters(results: Results) -> Verdict | None:
    """Compare the best temperature on validation with the lowest.

    Args:
        results: The cells of the study on a graph.
    """
    lowest = min(results.variants, key=float)
    others = [one for one in results.variants if one != lowest]
    best = results.best(others)
    gap = None if best is None else results.difference("ndcg", best, lowest)
    if best is None or gap is None:
        return None
    return decide(
        results,
        "Entropy improves on energy almost alone",
        f"Test NDCG@20 is {results.quote(best, 'ndcg')} at {best}, the best of the "
        f"others on validation, and {results.quote(lowest, 'ndcg')} at {lowest}, "
        f"{seeds_of(gap.num_seeds)}.",
        [gap],
        chosen_from=others,
        stands="holds",
    )


def _temperature(value: str) -> Overrides:
    return {"temperature": float(value)}


def _plateau(results: Results, best: str) -> str:
    """Say which temperatures cannot be told from the best one, on validation."""
    gaps = {
        name: results.difference("validation_ndcg", best, name)
        for name in results.variants
        if name != best
    }
    others = [name for name, gap in gaps.items() if gap and gap.outcome != "holds"]
    count = len(results.by_seed(best, "validation_ndcg"))
    if not others:
        return f"every other is worse there ({seeds_of(count)})"
    return f"{', '.join(others)} cannot be told from it there ({seeds_of(count)})"
