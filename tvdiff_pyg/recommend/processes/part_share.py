"""What one of several processes ranks that holds the rows of its users alone."""

import os

from torch import Tensor

from tvdiff_pyg.data import BipartiteGraph, IdMap, PreparedData
from tvdiff_pyg.evaluation import EvaluationTask, TaskName
from tvdiff_pyg.machine import resolve_device
from tvdiff_pyg.recommend.processes.share import Share, ranked_by, use_own_gpu
from tvdiff_pyg.recommend.recommender import Recommender
from tvdiff_pyg.training.fit_options import FitOptions
from tvdiff_pyg.training.partitioned.run import PartitionedRun
from tvdiff_pyg.training.process_options import ProcessOptions
from tvdiff_pyg.training.processes import Processes
from tvdiff_pyg.training.run_folder import RunFolder


class PartShare(Share):
    """The users of a part, ranked by a model of which others are not held.

    Args:
        run: The run folder.
        options: Where to compute, and by how many processes.

    Raises:
        ValueError: If the model reads the users of other processes.
    """

    def __init__(self, run: str | os.PathLike[str], options: ProcessOptions) -> None:
        self.processes = options.processes
        self._part = part = _part_of(RunFolder(run), self.processes)
        use_own_gpu(options)
        model = part.best_model().to(resolve_device(options.device))
        self.recommender = Recommender(model, _named(part), part.adjacency)

    @property
    def user_ids(self) -> IdMap:
        """The ids of the users of all processes, which are read anew."""
        return self._part.graph.user_ids

    def task(self, name: TaskName) -> EvaluationTask:
        """Return what is ranked here of a held-out part; all processes ask."""
        found = self._part.tasks.get(name)
        return found or EvaluationTask.from_graph(self._part.held, name)

    def owns(self, user: Tensor) -> Tensor:
        """Say of each of some users whether it is held here."""
        users = self._part.users
        return (user >= users.first) & (user < users.last)

    def place(self, user: Tensor) -> Tensor:
        """Count from the first user that is held."""
        return user - self._part.users.first

    def of_all(self, place: Tensor) -> Tensor:
        """Count from the first user of all."""
        return place + self._part.users.first


def _part_of(folder: RunFolder, processes: Processes) -> PartitionedRun:
    folder.check(folder.metrics_file, folder.last_checkpoint)
    settings = ranked_by(folder)
    graph = folder.interactions()
    return PartitionedRun(graph, settings, FitOptions(), folder, processes)


def _named(part: PartitionedRun) -> BipartiteGraph:
    """Return the part of the graph, with the ids of its users and items."""
    whole, held, users = part.graph, part.held, part.users
    if isinstance(whole, PreparedData):
        ids = whole.user_ids_of(users.first, users.last)
        held._set_global(user_ids=ids, item_ids=whole.item_ids)
    return held
