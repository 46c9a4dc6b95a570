"""How much a linear model should count beside a trained one: a search by ranking."""

from collections.abc import Callable

from tvdiff_pyg.evaluation import EvaluationTask, evaluate
from tvdiff_pyg.models import Blend
from tvdiff_pyg.sparse import BipartiteAdjacency
from tvdiff_pyg.training.trainer import SELECTION_METRIC

# A share and the next one that is tried; a ranking changes little in between.
STEP = 1.5
# By then, one of both models is all that is left.
MAX_STEPS = 12


def choose_share(
    blend: Blend, adjacency: BipartiteAdjacency, task: EvaluationTask
) -> float:
    """Choose the share of a :class:`~tvdiff_pyg.models.Blend` that ranks best.

    Climbs from the blend's own in steps of a factor 1.5, upwards or else downwards,
    while NDCG@20 rises. Each step ranks all users of the task once.

    Args:
        blend: Both models, trained, with a share above 0.
        adjacency: The training graph.
        task: The part to rank, which is to be another one than the part reported.

    Returns:
        The share, to three digits.

    Raises:
        ValueError: If the share is not positive.

    Example:
        >>> from tvdiff_pyg.data import SyntheticBipartite
        >>> from tvdiff_pyg.models import BPRMF, LocalEASE
        >>> graph = SyntheticBipartite(60, 40, 600)[0]
        >>> model = BPRMF(60, 40, hidden_channels=4)
        >>> adjacency = model.adjacency(graph.train_index)
        >>> blend = Blend(model, LocalEASE(num_neighbors=10).fit(adjacency))
        >>> task = EvaluationTask.from_graph(graph, "validation")
        >>> choose_share(blend, adjacency, task) > 0
        True
    """
    if not blend.share > 0:
        raise ValueError(f"'share' needs to be positive to begin (got {blend.share})")

    def score(share: float) -> float:
        scorer = blend.with_share(share).scorer(adjacency)
        return evaluate(scorer, task)[SELECTION_METRIC]

    return climb(score, blend.share)


def climb(score: Callable[[float], float], start: float) -> float:
    """Go from the start up, or else down, while the score rises."""
    best, highest = start, score(start)
    for factor in (STEP, 1 / STEP):
        for _ in range(MAX_STEPS):
            share = float(f"{best * factor:.3g}")
            if (reached := score(share)) <= highest:
                break
            best, highest = share, reached
        if best != start:
            break
    return best
