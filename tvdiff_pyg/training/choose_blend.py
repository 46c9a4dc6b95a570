"""What is blended in beside a model, and how much it counts: a search by ranking."""

import logging
import math
from collections.abc import Callable, Iterable, Iterator

from tvdiff_pyg.evaluation import EvaluationTask, evaluate
from tvdiff_pyg.metrics import MONITOR
from tvdiff_pyg.metrics.monitor import cut_off
from tvdiff_pyg.models import Blend, LocalEASE, Model, Popularity
from tvdiff_pyg.sparse import BipartiteAdjacency
from tvdiff_pyg.training.linear_config import LinearConfig

logger = logging.getLogger(__name__)
# A share and the next one that is tried; a ranking changes little in between.
STEP = 1.5
# By then, one of both models is all that is left.
MAX_STEPS = 12
# Where popularity alone ranks as well as this share of a blend, too few interactions
# tell one user from another, and it is tried beside them. All these shares are, as so
# few users may rank alike by two of them; by the last, it is nearly all that is left.
NEARLY, POPULARITY_SHARES = 0.75, (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)


def choose_blend(
    blends: Iterable[Blend],
    adjacency: BipartiteAdjacency,
    task: EvaluationTask,
    monitor: str = MONITOR,
) -> Blend:
    """Choose the :class:`~tvdiff_pyg.models.Blend`, and its shares, that rank best.

    Each begins with its own share, and climbs in steps of a factor 1.5, upwards or else
    downwards, while a metric rises. Beside the best one, shares of popularity are
    tried, from 0.1 to 30, where that is above 0 already or popularity alone ranks
    nearly as well. Each step ranks all users of the task once.

    Args:
        blends: Blends of trained models, with a share above 0, at least one. Of those
            that rank as well, the first is chosen.
        adjacency: The training graph.
        task: The part to rank, which is to be another one than the part reported.
        monitor: The metric, at a cut-off. (default: ``"ndcg@20"``)

    Returns:
        The blend, its shares to three digits.

    Raises:
        ValueError: If a share of a linear model is not positive.

    Example:
        >>> from tvdiff_pyg.data import SyntheticBipartite
        >>> from tvdiff_pyg.models import BPRMF, LocalEASE
        >>> graph = SyntheticBipartite(60, 40, 600)[0]
        >>> model = BPRMF(60, 40, hidden_channels=4)
        >>> adjacency = model.adjacency(graph.train_index)
        >>> blend = Blend(model, LocalEASE(num_neighbors=10).fit(adjacency))
        >>> task = EvaluationTask.from_graph(graph, "validation")
        >>> choose_blend([blend], adjacency, task).share > 0
        True
    """

    def rank(model: Model) -> float:
        scorer = model.scorer(adjacency)
        return evaluate(scorer, task, [cut_off(monitor)])[monitor]

    chosen, highest = None, -math.inf
    for blend in blends:
        if not blend.share > 0:
            raise ValueError(
                f"'share' needs to be positive to begin (got {blend.share})"
            )

        def score(share: float, blend: Blend = blend) -> float:
            # The blend itself prepares the linear model, and the others take it over.
            return rank(blend if share == blend.share else blend.with_share(share))

        share, reached = climb(score, blend.share)
        say = "%r of share %g beside the model: %s %.4f"
        logger.info(say, blend.linear, share, monitor, reached)
        if chosen is None or reached > highest:
            chosen, highest = blend.with_share(share), reached
    assert chosen is not None
    return _beside_popularity(chosen, highest, rank)


def _beside_popularity(
    blend: Blend, reached: float, rank: Callable[[Model], float]
) -> Blend:
    """Choose what popularity counts beside a blend, if it is to be tried.

    Args:
        blend: The blend.
        reached: How well it ranks.
        rank: Says that of others.
    """
    if blend.popularity_share == 0:
        alone = rank(Popularity())
        logger.info("popularity alone: %.4f of %.4f", alone, reached)
        if alone < NEARLY * reached:
            return blend
    for share in POPULARITY_SHARES:
        other = blend.with_popularity(share)
        if (found := rank(other)) > reached:
            blend, reached = other, found
    logger.info("popularity of share %g: %.4f", blend.popularity_share, reached)
    return blend


def candidates(
    blend: Blend, linear: LinearConfig, adjacency: BipartiteAdjacency
) -> Iterator[Blend]:
    """Blend a trained model with each linear one that is to be tried.

    Args:
        blend: The model, and one of them; a run that is resumed chooses anew.
        linear: Settings of all, and the share to begin with.
        adjacency: The training graph, to which others are fitted as they are needed.

    Example:
        >>> from tvdiff_pyg.data import SyntheticBipartite
        >>> from tvdiff_pyg.models import BPRMF
        >>> graph = SyntheticBipartite(60, 40, 600)[0]
        >>> model = BPRMF(60, 40, hidden_channels=4)
        >>> adjacency = model.adjacency(graph.train_index)
        >>> blend = Blend(model, LocalEASE(num_neighbors=10).fit(adjacency))
        >>> linear = LinearConfig(0.3, True, 10, other_linear_neighbors=20)
        >>> [one.linear for one in candidates(blend, linear, adjacency)]
        [LocalEASE(num_neighbors=10, l2=50.0), LocalEASE(num_neighbors=20, l2=50.0),
         LocalEASE(num_neighbors=20, l2=200.0)]
    """
    share, rows = linear.linear_share, adjacency.user_rows
    blend = blend.with_popularity(linear.popularity_share)
    density = rows.nnz / (rows.num_rows * rows.num_cols)
    for config in linear.candidates(rows.num_cols, density):
        if blend.linear.config == config:
            yield blend.with_share(share)  # with what it has prepared
        else:
            other = LocalEASE(config.num_neighbors, config.l2).fit(adjacency)
            fresh = Blend(blend.model, other, share, blend.popularity_share)
            yield fresh.train(blend.training)


def climb(score: Callable[[float], float], start: float) -> tuple[float, float]:
    """Go from the start up, or else down, while the score rises.

    Returns:
        The place, and the score there.
    """
    best, highest = start, score(start)
    for factor in (STEP, 1 / STEP):
        for _ in range(MAX_STEPS):
            share = float(f"{best * factor:.3g}")
            if (reached := score(share)) <= highest:
                break
            best, highest = share, reached
        if best != start:
            break
    return best, highest
