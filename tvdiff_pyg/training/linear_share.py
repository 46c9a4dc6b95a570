"""How much a linear model should count beside a trained one: a search by ranking."""

from collections.abc import Callable

from tvdiff_pyg.evaluation import EvaluationTask, evaluate
from tvdiff_pyg.models import FactorModel, ItemItemModel, LinearBlend
from tvdiff_pyg.sparse import BipartiteAdjacency
from tvdiff_pyg.training.trainer import SELECTION_METRIC

# A share and the next one that is tried; a ranking changes little in between.
STEP = 1.5
# By then, one of both models is all that is left.
MAX_STEPS = 12


def choose_share(
    model: FactorModel,
    linear: ItemItemModel,
    adjacency: BipartiteAdjacency,
    task: EvaluationTask,
    start: float,
) -> float:
    """Choose the share of :class:`~tvdiff_pyg.models.LinearBlend` that ranks best.

    Climbs from ``start`` in steps of a factor 1.5, upwards or else downwards, while
    NDCG@20 rises. Each step ranks all users of the task once.

    Args:
        model: The trained model, in ``eval`` mode.
        linear: The linear item model, fitted to the same training graph.
        adjacency: The training graph.
        task: The part to rank, which is to be another one than the part reported.
        start: The share to begin with, above 0.

    Returns:
        The share, to three digits.

    Raises:
        ValueError: If ``start`` is not positive.

    Example:
        >>> from tvdiff_pyg.data import SyntheticBipartite
        >>> from tvdiff_pyg.models import LocalEASE, TVDiff
        >>> graph = SyntheticBipartite(60, 40, 600)[0]
        >>> model = TVDiff(60, 40, hidden_channels=4).eval()
        >>> adjacency = model.adjacency(graph.train_index)
        >>> linear = LocalEASE(num_neighbors=10).fit(adjacency)
        >>> task = EvaluationTask.from_graph(graph, "validation")
        >>> choose_share(model, linear, adjacency, task, start=0.3) > 0
        True
    """
    if not start > 0:
        raise ValueError(f"'start' needs to be positive (got {start})")

    def score(share: float) -> float:
        blend = LinearBlend(model, linear, share).eval()
        return evaluate(blend, adjacency, task)[SELECTION_METRIC]

    return climb(score, start)


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
