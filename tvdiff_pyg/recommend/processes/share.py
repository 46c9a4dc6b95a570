"""What one of several processes ranks of the users of a run."""

import os

import torch
from torch import Tensor

from tvdiff_pyg.data import IdMap
from tvdiff_pyg.evaluation import EvaluationTask, TaskName
from tvdiff_pyg.machine import resolve_device
from tvdiff_pyg.recommend.recommendations import Id
from tvdiff_pyg.recommend.recommender import Recommender
from tvdiff_pyg.training.kept_settings import kept_settings
from tvdiff_pyg.training.partitioned.checks import check_partitioned
from tvdiff_pyg.training.process_options import ProcessOptions
from tvdiff_pyg.training.run_folder import RunFolder
from tvdiff_pyg.training.settings import Settings

# What makes no difference to a ranking, as it can be parted.
_OF_TRAINING = {"initialization": "xavier"}


class Share:
    """One of so many users, ranked by the whole model.

    Args:
        run: The run folder.
        options: Where to compute, and by how many processes.

    Attributes:
        recommender: What ranks these users, and perhaps others.
    """

    def __init__(self, run: str | os.PathLike[str], options: ProcessOptions) -> None:
        self.processes = options.processes
        use_own_gpu(options)
        self.recommender = Recommender.load(run, options.device)

    @property
    def user_ids(self) -> IdMap:
        """The ids of the users of all processes."""
        return self.recommender.graph.user_ids

    def task(self, name: TaskName) -> EvaluationTask:
        """Return what is ranked here of a held-out part; all processes ask.

        Args:
            name: ``"validation"`` or ``"test"``.

        Raises:
            ValueError: If the part is empty.
        """
        task = EvaluationTask.from_graph(self.recommender.graph, name)
        return task.part(self.processes.rank, self.processes.world_size)

    def owns(self, user: Tensor) -> Tensor:
        """Say of each of some users whether it is ranked here.

        Args:
            user: Users of the whole graph, long, of shape ``[num_users]``.
        """
        return user % self.processes.world_size == self.processes.rank

    def place(self, user: Tensor) -> Tensor:
        """Return the numbers that users of the whole graph have in what ranks them."""
        return user

    def of_all(self, place: Tensor) -> Tensor:
        """Return the users of the whole graph that have some numbers here."""
        return place

    def ids(self, user: Tensor) -> list[Id]:
        """Return the ids of users of the whole graph that are ranked here."""
        return self.recommender.graph.user_ids.ids(self.place(user))


def share_of(run: str | os.PathLike[str], options: ProcessOptions) -> Share:
    """Load what this process ranks; all processes call this.

    Args:
        run: The run folder.
        options: Where to compute, and by how many processes.

    Raises:
        FileNotFoundError: If the folder holds no finished epoch.
        ValueError: If the model cannot be parted, and is to be.
    """
    # One that holds all users is one like any other.
    parted = options.strategy == "partitioned" and options.processes.world_size > 1
    if not parted:
        return Share(run, options)
    # Lightning comes along, which one process does not need.
    from tvdiff_pyg.recommend.processes.part_share import PartShare

    return PartShare(run, options)


def check_parted(run: str | os.PathLike[str], options: ProcessOptions) -> None:
    """Raise where a model that cannot be parted is to be, before others are begun.

    Args:
        run: The run folder.
        options: Where to compute, and by how many processes.

    Raises:
        ValueError: If so.
    """
    if options.strategy == "partitioned":
        check_partitioned(ranked_by(RunFolder(run)))


def ranked_by(folder: RunFolder) -> Settings:
    """Return what a run was fitted by, but for what training alone read."""
    settings = kept_settings(folder.config())
    given = {n: v for n, v in _OF_TRAINING.items() if settings.get(n) is not None}
    return settings.but(**given)


def use_own_gpu(options: ProcessOptions) -> None:
    """Let each of several processes that compute on GPUs have one of its own."""
    begun_by = options.processes.environment
    if begun_by is not None and resolve_device(options.device).type == "cuda":
        torch.cuda.set_device(begun_by.local_rank())
