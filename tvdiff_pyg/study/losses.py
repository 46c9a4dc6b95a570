"""What the ranking entropies add to energy alone."""

from tvdiff_pyg.study.columns import RANKING, SHAPE, TRAINING
from tvdiff_pyg.study.definition import Study, register_study
from tvdiff_pyg.study.published import BEST_LOSS
from tvdiff_pyg.study.results import Results
from tvdiff_pyg.study.verdict import Verdict, decide, seeds_of

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


def entropy_helps(results: Results) -> Verdict | None:
    """Compare the entropy that is best on validation with none.

    Args:
        results: The cells of the study on a graph.
    """
    names = results.variants
    entropies = [name for name in names if name != NO_ENTROPY]
    best = results.best(entropies)
    gap = None if best is None else results.difference("ndcg", best, NO_ENTROPY)
    if gap is None:
        return None
    published = BEST_LOSS.get(results.data)
    return decide(
        results,
        "A ranking entropy improves on energy alone",
        f"Test NDCG@20: {results.quote_each(names, 'ndcg')}; the best entropy on "
        f"validation is {best} ({seeds_of(gap.num_seeds)})."
        + (f" Published best: {published}." if published else ""),
        [gap],
        chosen_from=entropies,
        stands="holds",
    )
