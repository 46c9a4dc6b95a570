"""What the ranking entropies add to energy alone."""

import polars as pl

from tvdiff_pyg.study.columns import RANKING, SHAPE, TRAINING
from tvdiff_pyg.study.definition import Study, register_study
from tvdiff_pyg.study.published import BEST_LOSS
from tvdiff_pyg.study.verdict import (
    Verdict,
    best_variant,
    decide,
    differences,
    quote_each,
    seeds_of,
    variants_in,
)

NO_ENTROPY = "none"
ENTROPIES = ("bce", "bpr", "nll")


@register_study("losses")
def losses() -> Study:
    """The ranking entropies, and none."""
    # All over users, so that nothing but the loss differs.
    return Study(
        axis="entropy",
        variants={
            NO_ENTROPY: {"temperature": 0.0, "batches": "users"},
            **{kind: {"entropy_type": kind, "batches": "users"} for kind in ENTROPIES},
        },
        columns=(*RANKING, *TRAINING, *SHAPE, "epoch_seconds"),
        figures={"ranking": RANKING, "shape": SHAPE},
        claims=(entropy_helps,),
    )


def entropy_helps(cells: pl.DataFrame, data: str) -> Verdict | None:
    """Compare the entropy that is best on validation with none.

    Args:
        cells: The cells of the study.
        data: The graph.
    """
    names = variants_in(cells, data)
    best = best_variant(cells, data, [name for name in names if name != NO_ENTROPY])
    if best is None or NO_ENTROPY not in names:
        return None
    gap = differences(cells, data, "ndcg", best, NO_ENTROPY)
    published = BEST_LOSS.get(data)
    return Verdict(
        "A ranking entropy improves on energy alone",
        data,
        decide(gap),
        f"Test NDCG@20: {quote_each(cells, data, names, 'ndcg')}; the best entropy on "
        f"validation is {best} ({seeds_of(len(gap))})."
        + (f" Published best: {published}." if published else ""),
    )
