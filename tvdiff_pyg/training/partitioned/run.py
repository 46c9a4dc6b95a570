"""A run of several processes, each of which holds the rows of its users."""

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property, partial

import torch
from pytorch_lightning.strategies import DDPStrategy
from torch import Tensor

from tvdiff_pyg.data import BipartiteGraph, PreparedData
from tvdiff_pyg.evaluation import EvaluationTask, TaskName, known_users
from tvdiff_pyg.models import Model, TVDiff
from tvdiff_pyg.models.tvdiff_config import TVDiffConfig
from tvdiff_pyg.nn.anisotropic import AnisotropicConfig
from tvdiff_pyg.sparse import BipartiteAdjacency
from tvdiff_pyg.training.collectives import of_all_processes, sum_of_processes
from tvdiff_pyg.training.partitioned.checkpoint import USER_TABLE, cut
from tvdiff_pyg.training.partitioned.data import PartitionedData
from tvdiff_pyg.training.partitioned.denoiser import PartitionedDenoiser
from tvdiff_pyg.training.partitioned.strategy import PartitionedStrategy
from tvdiff_pyg.training.partitioned.users import UserPart
from tvdiff_pyg.training.rebuilt import refused_by_name, weights_of
from tvdiff_pyg.training.run import Run


class PartitionedRun(Run):
    """A fit of TV-Diff by several processes, of the users of each.

    The arguments are those of :class:`~tvdiff_pyg.training.run.Run`.
    """

    data_module = PartitionedData

    @cached_property
    def users(self) -> UserPart:
        """The users of this process."""
        processes = self.processes
        return UserPart(self.graph.num_users, processes.rank, processes.world_size)

    @cached_property
    def held(self) -> BipartiteGraph:
        """The rows of these users, numbered from 0."""
        users = self.users
        if isinstance(self.graph, PreparedData):
            return self.graph.part(users.first, users.last)
        return self.graph.subgraph({"user": torch.arange(users.first, users.last)})

    @cached_property
    def model(self) -> Model:
        """The model, untrained, with the table of these users."""
        config = self.settings.model
        assert isinstance(config, TVDiffConfig)
        assert isinstance(config.denoiser, AnisotropicConfig)
        num_items = self.held.num_items
        denoiser = PartitionedDenoiser(self.users, num_items, config.denoiser)
        return TVDiff.around(denoiser, config)

    @cached_property
    def item_degree(self) -> Tensor:
        """Training interactions of each item, those of all processes."""
        own = self.held.train_index[1]
        return sum_of_processes(torch.bincount(own, minlength=self.held.num_items))

    @cached_property
    def adjacency(self) -> BipartiteAdjacency:
        """The rows of these users, weighed as in the whole graph."""
        graph = self.held
        return BipartiteAdjacency.from_edge_index(
            graph.train_index,
            (graph.num_users, graph.num_items),
            self.model.normalization,
            graph.train_weight,
            self.item_degree,
        )

    @property
    def strategy(self) -> Callable[..., DDPStrategy]:
        """DDP, but for the rows of users."""
        return partial(PartitionedStrategy, self.users)

    def task(self, name: TaskName) -> EvaluationTask:
        """What is ranked of a held-out part: these users, who may be none."""
        task = EvaluationTask.of_part(self.held, name)
        task = replace(task, popularity=self.item_degree)
        if name == "test":
            return task
        known = known_users(self.held, task.user)
        # Others are left out unless no process has any better.
        has_known = any(of_all_processes(known.numel() > 0))
        return replace(task, user=known) if has_known else task

    def own(self, task: EvaluationTask) -> EvaluationTask:
        """All of it: others have their own."""
        return task

    def best_model(self) -> Model:
        """The model of the best epoch, with the rows of these users."""
        checkpoint = self.folder.best_checkpoint
        state = self.folder.read_tensors(checkpoint, self.users)
        with refused_by_name(checkpoint):
            cut(state, [("state_dict", USER_TABLE)], self.users)
            self.model.load_state_dict(weights_of(state["state_dict"]))
        return self.model.eval()
