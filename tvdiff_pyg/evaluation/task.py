"""Who is evaluated, on what, and what is hidden from their rankings."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import torch
from torch import Tensor

from tvdiff_pyg.data import BipartiteGraph, GraphLike, as_graph
from tvdiff_pyg.metrics import DEFAULT_KS, RankingMetrics
from tvdiff_pyg.ranges import check_integer
from tvdiff_pyg.sparse import CSR

TaskName = Literal["validation", "test"]


@dataclass(frozen=True, eq=False)
class EvaluationTask:
    """Who is evaluated, on what, and what is hidden from their rankings.

    Args:
        name: ``"validation"`` or ``"test"``.
        user: Users with a held-out item, long, of shape ``[num_evaluated]``; for
            validation, those of whom training knows something.
        label: Held-out items of all users, of shape ``[num_users, num_items]``.
        seen: Items known before, of the same shape: the training items, and for the
            test also the validation items.
        popularity: Training interactions of each item, of shape ``[num_items]``.
        category: A category of each item, of the same shape, if the graph has any: in
            ``graph["item"].category``. (default: ``None``)
    """

    name: TaskName
    user: Tensor
    label: CSR
    seen: CSR
    popularity: Tensor
    category: Tensor | None = None

    @staticmethod
    def from_graph(graph: GraphLike, name: TaskName) -> "EvaluationTask":
        """Build the task of one held-out part.

        Validation is to choose for those that the test ranks: users without a training
        item and without features, of whom every model says the same, are left out of
        it unless it has no others. After splits by time they can be half of it.

        Args:
            graph: The interactions, or what
                :func:`~tvdiff_pyg.data.as_graph` reads them from.
            name: ``"validation"`` or ``"test"``.

        Raises:
            ValueError: If there is no such part, or it is empty.
        """
        graph = as_graph(graph)
        if name not in get_args(TaskName):
            raise ValueError(
                f"'name' needs to be one of {list(get_args(TaskName))} (got {name!r})"
            )
        held_out = graph.validation_index if name == "validation" else graph.test_index
        if held_out.size(1) == 0:
            raise ValueError(f"'graph' needs held-out {name} interactions (got none)")
        task = EvaluationTask.of_part(graph, name)
        if name == "test":
            return task
        return replace(task, user=_selecting_users(graph, task.user))

    @staticmethod
    def of_part(graph: BipartiteGraph, name: TaskName) -> "EvaluationTask":
        """Build the task of all users of a held-out part, who may be none, or have
        nothing to train on: so it is in a part of a graph.

        Args:
            graph: The interactions of some users.
            name: ``"validation"`` or ``"test"``.
        """
        held_out = graph.validation_index if name == "validation" else graph.test_index
        size = (graph.num_users, graph.num_items)
        return EvaluationTask(
            name=name,
            user=held_out[0].unique(),
            label=CSR.from_edge_index(held_out, size),
            seen=CSR.from_edge_index(graph.seen_index(name), size),
            popularity=torch.bincount(graph.train_index[1], minlength=size[1]),
            category=graph["item"].get("category"),
        )

    @staticmethod
    def of_nobody(graph: BipartiteGraph) -> "EvaluationTask":
        """Build a task without users, for a fit that nothing selects.

        Args:
            graph: The interactions.
        """
        size = (graph.num_users, graph.num_items)
        none = CSR.from_edge_index(graph.train_index[:, :0], size)
        popularity = torch.bincount(graph.train_index[1], minlength=size[1])
        category = graph["item"].get("category")
        return EvaluationTask("validation", none.col, none, none, popularity, category)

    def part(self, rank: int, world_size: int) -> "EvaluationTask":
        """Return the task for some of the users, so that processes can share them.

        Args:
            rank: Which part, from 0.
            world_size: How many parts there are, at least 1; each user is in one.

        Raises:
            ValueError: If there is no such part.
        """
        check_integer("world_size", world_size, low=1)
        check_integer("rank", rank, low=0, high=world_size - 1)
        return replace(self, user=self.user[rank::world_size])

    def metrics(
        self, ks: Sequence[int] = DEFAULT_KS, metrics: Sequence[str] | None = None
    ) -> RankingMetrics:
        """Start to measure rankings of this task.

        Args:
            ks: Cut-offs, each at least 1. (default: ``(10, 20)``)
            metrics: Names of metrics; if not given, all that are not optional.
                (default: ``None``)

        Raises:
            ValueError: If a cut-off is out of range, there is no such metric, or one
                needs categories.
        """
        measured = RankingMetrics(self.popularity, ks, self.category, metrics)
        return measured.to(self.user.device)

    def to(self, device: torch.device | str) -> "EvaluationTask":
        """Move to a device."""
        return EvaluationTask(
            self.name,
            self.user.to(device),
            self.label.to(device),
            self.seen.to(device),
            self.popularity.to(device),
            None if self.category is None else self.category.to(device),
        )


def known_users(graph: BipartiteGraph, user: Tensor) -> Tensor:
    """Return those of some users of whom training knows something.

    Args:
        graph: The interactions.
        user: Users, long, of shape ``[num_users]``.
    """
    if graph["user"].get("x") is not None:
        return user
    return user[torch.isin(user, graph.train_index[0])]


def _selecting_users(graph: BipartiteGraph, user: Tensor) -> Tensor:
    """Return the users of whom training knows something; all if there are none."""
    known = known_users(graph, user)
    return known if known.numel() > 0 else user
