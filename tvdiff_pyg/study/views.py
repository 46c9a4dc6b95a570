"""What each view adds to the one before it."""

from itertools import pairwise

import polars as pl

from tvdiff_pyg.study.columns import RANKING, SHAPE, TRAINING
from tvdiff_pyg.study.definition import Study, register_study
from tvdiff_pyg.study.published import VIEWS
from tvdiff_pyg.study.verdict import (
    Outcome,
    Verdict,
    decide,
    decide_all,
    differences,
    quote_each,
    seeds_of,
    variants_in,
)


@register_study("views")
def views() -> Study:
    """What each of the three views adds."""
    # Vanilla diffusion knows neither entropy nor graph; each view adds a part.
    return Study(
        axis="views",
        variants={
            "vanilla": {"denoiser": "mlp", "temperature": 0.0, "negatives": "uniform"},
            "I": {"denoiser": "mlp", "negatives": "uniform"},
            "I+II": {"denoiser": "anisotropic", "negatives": "uniform"},
            "I+II+III": {"denoiser": "anisotropic", "negatives": "hard"},
        },
        columns=(*RANKING, *TRAINING, *SHAPE, "epoch_seconds"),
        figures={"ranking": RANKING, "shape": SHAPE},
        claims=(ladder,),
    )


def ladder(cells: pl.DataFrame, data: str) -> Verdict | None:
    """Compare each view with the one before it.

    Args:
        cells: The cells of the study.
        data: The graph.
    """
    names = variants_in(cells, data)
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
        f"Test NDCG@20: {quote_each(cells, data, names, 'ndcg')}; {changes} "
        f"({seeds_of(len(next(iter(steps.values()))))})."
        + (f" Published, protocol paper: {beside}." if beside else ""),
    )
