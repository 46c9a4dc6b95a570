"""What each view adds to the one before it."""

from itertools import pairwise

from tvdiff_pyg.study.columns import RANKING, SHAPE, TRAINING
from tvdiff_pyg.study.definition import Study, register_study
from tvdiff_pyg.study.difference import Outcome
from tvdiff_pyg.study.published import VIEWS
from tvdiff_pyg.study.results import Results
from tvdiff_pyg.study.verdict import Verdict, decide, seeds_of

SAID: dict[Outcome, str] = {
    "holds": "rises",
    "fails": "falls",
    "indistinguishable": "stays",
    "undecided": "is open",
}


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


def ladder(results: Results) -> Verdict | None:
    """Compare each view with the one before it.

    Args:
        results: The cells of the study on a graph.
    """
    names = results.variants
    found = {
        (lower, upper): results.difference("ndcg", upper, lower)
        for lower, upper in pairwise(names)
    }
    steps = {pair: gap for pair, gap in found.items() if gap is not None}
    if not steps or len(steps) < len(found):
        return None
    changes = ", ".join(
        f"{lower} to {upper} {SAID[gap.outcome]}"
        for (lower, upper), gap in steps.items()
    )
    published = VIEWS.get(results.data, {})
    beside = ", ".join(
        f"{name} {figures[1]:.4f}" for name, figures in published.items()
    )
    gaps = list(steps.values())
    return decide(
        results,
        "Each view adds to the ranking",
        f"Test NDCG@20: {results.quote_each(names, 'ndcg')}; {changes} "
        f"({seeds_of(gaps[0].num_seeds)})."
        + (f" Published, protocol paper: {beside}." if beside else ""),
        gaps,
    )
