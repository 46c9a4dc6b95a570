"""Whether the spectrum of a graph is worth beginning at."""

import logging
from typing import Any

from tvdiff_pyg.diffusion import GaussianDiffusion
from tvdiff_pyg.evaluation import EvaluationTask, evaluate
from tvdiff_pyg.metrics import MONITOR
from tvdiff_pyg.metrics.monitor import cut_off
from tvdiff_pyg.models import Blend, Model, Popularity, Scorer, TVDiff
from tvdiff_pyg.models.tvdiff_scorer import TVDiffScorer
from tvdiff_pyg.sparse import BipartiteAdjacency

logger = logging.getLogger(__name__)
# Enough to tell a spectrum from noise, which is far behind popularity.
MOST_USERS = 10_000


def starts_in_noise(
    model: Model,
    adjacency: BipartiteAdjacency,
    task: EvaluationTask,
    monitor: str = MONITOR,
) -> bool:
    """Whether a model begins at a spectrum that ranks worse than popularity does.

    The spectrum of few interactions, or of such as say little, is mostly that of
    chance; weights that begin there learn it by heart. It is ranked in one pass,
    without the reverse process, whose noise may drown anything that is not trained.

    Args:
        model: The model, prepared and not yet trained.
        adjacency: The training graph.
        task: What chooses the epoch; of its users, at most 10,000 are ranked.
        monitor: The metric, at a cut-off. (default: ``"ndcg@20"``)

    Example:
        >>> from tvdiff_pyg.data import SyntheticBipartite
        >>> from tvdiff_pyg.models import TVDiffConfig
        >>> graph = SyntheticBipartite(60, 40, 600)[0]
        >>> model = TVDiffConfig(initialization="spectral").build(60, 40)
        >>> adjacency = model.adjacency(graph.train_index)
        >>> task = EvaluationTask.from_graph(graph, "validation")
        >>> starts_in_noise(model.prepare(adjacency), adjacency, task)
        False
    """
    model = model.model if isinstance(model, Blend) else model
    spectral = isinstance(model, TVDiff) and model.initialization == "spectral"
    num_users = task.user.numel()
    if not spectral or num_users == 0:
        return False
    assert isinstance(model, TVDiff)
    some = task.part(0, -(-num_users // MOST_USERS))

    def rank(scorer: Scorer[Any]) -> float:
        return evaluate(scorer, some, [cut_off(monitor)])[monitor]

    steps, schedule = model.diffusion.num_timesteps, model.diffusion.schedule
    one_pass = GaussianDiffusion(steps, schedule, reverse_steps=1)
    start = rank(TVDiffScorer(model.denoiser, one_pass, adjacency))
    popular = rank(Popularity().scorer(adjacency))
    if start >= popular:
        return False
    logger.info(
        "the spectrum of the graph ranks worse than popularity (%s %.4f of %.4f): "
        "weights begin at random",
        monitor,
        start,
        popular,
    )
    return True
