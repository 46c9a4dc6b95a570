"""The contract of every model: its config, how it is trained, and what ranks by it.

A model of your own is one file: a frozen :class:`ModelConfig`, and a subclass of
``ClosedFormModel`` or ``TrainableModel`` that ``@register_model`` names. The command
line, run folders, the memory plan, studies and benchmarks then know it.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import HeteroData
from typing_extensions import Self

from tvdiff_pyg.config import Config
from tvdiff_pyg.data.graph import BipartiteGraph
from tvdiff_pyg.data.graph_size import GraphSize
from tvdiff_pyg.loss import FreeEnergy
from tvdiff_pyg.models.memory import Engine, Step
from tvdiff_pyg.models.scorer import Scorer
from tvdiff_pyg.registry import Registry
from tvdiff_pyg.sparse import BipartiteAdjacency, Normalization

#: Every model by its name.
MODELS: "Registry[type[Model]]" = Registry("model")
register_model = MODELS.register


@dataclass(frozen=True)
class ModelConfig(Config):
    """Settings of a model; its subclass stands beside the model.

    What follows says how the model can be trained; a model that is fitted in closed
    form leaves it as it is.
    """

    @property
    def engines(self) -> tuple[Engine, ...]:
        """How its training steps can read the graph; none in closed form."""
        return ()

    @property
    def dense_factors(self) -> bool:
        """Whether its scores are inner products of dense factors, beside which a linear
        item model can be blended in.
        """
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
    def num_layers(self) -> int:
        """Hops around a batch that the sampled engine reads."""
        return 1

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
            ValueError: If a number is below 1.
        """
        return MODELS.of(self).part.from_config(self, num_users, num_items)


class Model(torch.nn.Module):
    """A recommender.

    Attributes:
        config: The settings that rebuild it.
        normalization: How the edges of the graph that it reads are weighed; ``"none"``
            leaves them alone.
    """

    config: ModelConfig
    normalization: Normalization = "none"

    @classmethod
    def from_config(cls, config: Any, num_users: int, num_items: int) -> Self:
        """Build from settings, untrained.

        Args:
            config: The settings.
            num_users: Number of users, at least 1.
            num_items: Number of items, at least 1.
        """
        raise NotImplementedError

    def adjacency_of(self, graph: BipartiteGraph) -> BipartiteAdjacency:
        """Sort and weigh the training pairs of a graph as this model reads them.

        Args:
            graph: The interactions.

        Returns:
            The adjacency that the other methods take.
        """
        size = graph.num_users, graph.num_items
        return BipartiteAdjacency.from_edge_index(
            graph.train_index, size, self.normalization
        )

    def prepare(self, graph: BipartiteAdjacency, seed: int = 0) -> Self:
        """Compute from the graph what needs no gradients; for many models, nothing.

        Args:
            graph: The training graph.
            seed: Seed of what is random. (default: ``0``)

        Returns:
            The model itself.
        """
        return self

    def training_loss(
        self,
        adjacency: BipartiteAdjacency,
        user: Tensor,
        item: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> FreeEnergy:
        """Compute the loss of a batch; only for models that learn by gradients.

        Args:
            adjacency: The training graph.
            user: Users of the batch, long, of shape ``[batch_size]``; may repeat.
            item: One positive item for each user (batches over interactions); if
                omitted, all items of each user are its positives (batches over
                users). (default: ``None``)
            generator: Source of randomness. (default: ``None``)

        Returns:
            Free energy, energy and entropy.
        """
        raise NotImplementedError

    def sampled_loss(
        self,
        adjacency: BipartiteAdjacency,
        batch: HeteroData,
        generator: torch.Generator | None = None,
    ) -> FreeEnergy:
        """Estimate the loss from sampled neighbours; only with that engine.

        Args:
            adjacency: The training graph.
            batch: A batch of :func:`~tvdiff_pyg.sampled.neighbor_loader`.
            generator: Source of randomness. (default: ``None``)

        Returns:
            Free energy, energy and entropy.
        """
        raise NotImplementedError

    def scorer(self, graph: BipartiteAdjacency) -> Scorer[Any]:
        """Prepare the model on a graph to rank by it, as in ``eval`` mode.

        Args:
            graph: The training graph, on the model's device.

        Raises:
            ValueError: If the model is not fitted, or to another graph.
        """
        raise NotImplementedError
