"""The contract of every model: its config, how it is trained, and what ranks by it.

A model of your own is one file: a frozen :class:`ModelConfig`, and a subclass of
``ClosedFormModel`` or ``TrainableModel`` that ``@register_model`` names. The command
line, run folders, the memory plan, studies and benchmarks then know it.
"""

from abc import abstractmethod
from dataclasses import dataclass
from itertools import chain
from typing import Any

import torch
from typing_extensions import Self

from tvdiff_pyg.config import to_flat
from tvdiff_pyg.contract import Contract
from tvdiff_pyg.data.graph_like import GraphLike, as_graph
from tvdiff_pyg.data.graph_size import GraphSize
from tvdiff_pyg.machine import versions
from tvdiff_pyg.models.learner import Learner
from tvdiff_pyg.models.memory import Engine, Step
from tvdiff_pyg.models.scorer import Scorer
from tvdiff_pyg.models.unread import Unread
from tvdiff_pyg.registry import Registry
from tvdiff_pyg.search_space import Space
from tvdiff_pyg.sparse import BipartiteAdjacency, Normalization

#: Every model by its name.
MODELS: "Registry[type[Model]]" = Registry(
    "model", lambda: Contract(Model, ModelConfig)
)
register_model = MODELS.register


@dataclass(frozen=True)
class ModelConfig(Unread):
    """Settings of a model; its subclass stands beside the model.

    What follows says what computes the model, and how it can be trained; a model that
    is fitted in closed form, by PyTorch alone, leaves it as it is.
    """

    @property
    def packages(self) -> tuple[str, ...]:
        """What computes it besides PyTorch and PyG, by the names that pip knows."""
        return ()

    def check_packages(self) -> None:
        """Raise an ``ImportError`` unless what computes it is installed."""
        versions(*self.packages)

    @property
    def engines(self) -> tuple[Engine, ...]:
        """How its training steps can read the graph; none in closed form."""
        return ()

    @property
    def dense_factors(self) -> bool:
        """Whether its scores are inner products of dense factors, as a blend needs."""
        return True

    @property
    def batches(self) -> tuple[str, ...]:
        """What a batch can be drawn over, ``"users"`` or ``"interactions"``; the first
        is taken unless one is chosen.
        """
        return ("users",)

    @property
    def sparse_grad(self) -> bool:
        """Whether its gradients are row-sparse, for a lazy optimiser."""
        return False

    @property
    def has_item_sums(self) -> bool:
        """Whether the sampled engine may keep the sums over the items' users."""
        return False

    @property
    def num_layers(self) -> int:
        """Hops around a batch that the sampled engine reads."""
        return 1

    @property
    def search_space(self) -> Space:
        """What tuning searches of its settings and its training's, by name."""
        return {}

    @property
    def label(self) -> str:
        """What the model is called, for messages."""
        return f"model {MODELS.of(self).name!r}"

    @abstractmethod
    def memory(self, size: GraphSize, step: Step) -> dict[str, int]:
        """Plan the memory of a training and of a ranking after it.

        Args:
            size: How large the graph is.
            step: What a training step reads; of no meaning in closed form.

        Returns:
            Bytes at the highest point, by what they hold.
        """
        raise NotImplementedError

    def build(self, num_users: int, num_items: int) -> "Model":
        """Build the model, untrained.

        Args:
            num_users: Number of users, at least 1.
            num_items: Number of items, at least 1.

        Raises:
            ValueError: If a number is below 1, or a part from outside keeps other
                settings than those that it was built from.
        """
        model = MODELS.of(self).part.from_config(self, num_users, num_items)
        if model.config == self:
            return model
        kept, wanted = to_flat(model.config), to_flat(self)
        for name, value in wanted.items():
            if kept.get(name) != value:
                raise ValueError(
                    f"'config' of a model, and of its parts, needs the {name!r} that "
                    f"it is built from, {value!r} (got {kept.get(name)!r})"
                )
        return model


class Model(Learner):
    """A recommender.

    Attributes:
        config: The settings that rebuild it.
        normalization: How the edges of the graph that it reads are weighed; ``"none"``
            leaves them alone.
    """

    config: ModelConfig
    normalization: Normalization = "none"

    @classmethod
    @abstractmethod
    def from_config(cls, config: Any, num_users: int, num_items: int) -> Self:
        """Build from settings, untrained.

        Args:
            config: The settings.
            num_users: Number of users, at least 1.
            num_items: Number of items, at least 1.
        """
        raise NotImplementedError

    @property
    def device(self) -> torch.device:
        """Where what was learned is; the CPU where nothing is kept."""
        # It may be in buffers, or in the graph alone.
        learned = chain(self.parameters(), self.buffers())
        return next(learned, torch.empty(0)).device

    def adjacency_of(self, graph: GraphLike) -> BipartiteAdjacency:
        """Sort and weigh the training pairs of a graph as this model reads them.

        Args:
            graph: The interactions, or what
                :func:`~tvdiff_pyg.data.as_graph` reads them from; an adjacency is
                returned as it is.

        Returns:
            The adjacency that the other methods take.

        Raises:
            ValueError: If the pairs have weights, and this model does not read them.
        """
        if isinstance(graph, BipartiteAdjacency):
            return graph
        graph = as_graph(graph)
        size, weight = (graph.num_users, graph.num_items), graph.train_weight
        if weight is not None:
            self.config.check_weights("edge_weight")
        return BipartiteAdjacency.from_edge_index(
            graph.train_index, size, self.normalization, weight
        )

    def read_features(self, graph: GraphLike) -> Self:
        """Read features of users and items from now on, for a model that does.

        A model that is rebuilt from its settings reads them before its weights.

        Args:
            graph: The graph that has them.

        Returns:
            The model itself.

        Raises:
            ValueError: If it is to read some and there are none.
        """
        return self

    def prepare(self, graph: GraphLike, seed: int = 0) -> Self:
        """Compute from the graph what needs no gradients; for many models, nothing.

        Args:
            graph: The training graph, or what :meth:`adjacency_of` reads it from.
            seed: Seed of what is random. (default: ``0``)

        Returns:
            The model itself.
        """
        return self

    @abstractmethod
    def scorer(self, graph: GraphLike) -> Scorer[Any]:
        """Prepare the model on a graph to rank by it, as in ``eval`` mode.

        Args:
            graph: The training graph, on the model's device, or what
                :meth:`adjacency_of` reads it from.

        Raises:
            ValueError: If the model is not fitted, or to another graph.
        """
        raise NotImplementedError
