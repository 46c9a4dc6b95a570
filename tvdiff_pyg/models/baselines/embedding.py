"""What models have in common that know users and items by their ids."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch_geometric.nn.models.lightgcn import BPRLoss

from tvdiff_pyg.data.graph_size import GraphSize
from tvdiff_pyg.loss import FreeEnergy
from tvdiff_pyg.models.memory import (
    Engine,
    Step,
    embedding_step,
    factor_scoring,
    learned,
)
from tvdiff_pyg.models.model import ModelConfig
from tvdiff_pyg.models.scorer import TableScorer
from tvdiff_pyg.models.trainable import TrainableModel
from tvdiff_pyg.negatives import UniformNegativeSampler
from tvdiff_pyg.sampled import TrainingBatch
from tvdiff_pyg.sparse import BipartiteAdjacency, pair_scores


@dataclass(frozen=True)
class EmbeddingConfig(ModelConfig):
    """Settings of a model that learns a vector for each id.

    Args:
        hidden_channels: Length of the vectors, at least 1.

    Raises:
        ValueError: If a setting is outside its range.
    """

    hidden_channels: int = 64

    def __post_init__(self) -> None:
        """Check the range."""
        super().__post_init__()
        self.check_at_least(1, "hidden_channels")

    @property
    def engines(self) -> tuple[Engine, ...]:
        """The exact one, for it learns from pairs and negatives of the whole graph."""
        return ("exact",)

    @property
    def batches(self) -> tuple[str, ...]:
        """Interactions alone, each of which has a negative of its own."""
        return ("interactions",)

    def memory(self, size: GraphSize, step: Step) -> dict[str, int]:
        """Plan both tables and a step on all nodes."""
        channels = self.hidden_channels
        work = max(embedding_step(size, channels, step), factor_scoring(size, channels))
        return learned(size, channels, work)


class EmbeddingModel(TrainableModel):
    r"""Learns one vector for each user and item by `"BPR: Bayesian Personalized Ranking
    from Implicit Feedback" <https://arxiv.org/abs/1205.2618>`_.

    .. math::
        L = - \mathrm{mean} \, \log \sigma(e_u^{\top} e_i - e_u^{\top} e_j)

    over observed pairs :math:`(u, i)` and uniform unobserved items :math:`j`. As a free
    energy it is all entropy: the energy is zero. Subclasses say in :meth:`forward` how
    the vectors come about.

    Args:
        num_users: Number of users, at least 1.
        num_items: Number of items, at least 1.
        config: Its settings.

    Raises:
        ValueError: If a number is below 1.
    """

    def __init__(self, num_users: int, num_items: int, config: EmbeddingConfig) -> None:
        super().__init__(num_users, num_items)
        self.config = config
        self.hidden_channels = config.hidden_channels
        self.sampler = UniformNegativeSampler()
        # PyG's, of `LightGCN.recommendation_loss`. Its penalty is left to Adam.
        self.loss_fn = BPRLoss()

    def forward(self, adjacency: BipartiteAdjacency) -> tuple[Tensor, Tensor]:
        """Compute the vectors of all users and of all items, differentiable.

        Args:
            adjacency: The training graph.

        Returns:
            User factors ``[num_users, hidden_channels]`` and item factors
            ``[num_items, hidden_channels]``.
        """
        raise NotImplementedError

    def training_loss(
        self,
        adjacency: BipartiteAdjacency,
        user: Tensor,
        item: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> FreeEnergy:
        """Compute the BPR loss; see :class:`~tvdiff_pyg.models.TrainableModel`."""
        batch = TrainingBatch.full(adjacency, user, item)
        positive = batch.positive or batch.observed
        negative = self.sampler(batch.known, positive.degree(), generator=generator)
        # Users who have seen every item have no negative to be ranked against.
        positive = positive.head(negative.degree())
        user_factor, item_factor = self(adjacency)
        user_factor = user_factor[user]
        pos, neg = (
            pair_scores(pairs, user_factor, item_factor)
            for pairs in (positive, negative)
        )
        # PyG's mean of no pair at all would be NaN.
        loss = self.loss_fn(pos, neg) if negative.nnz > 0 else pos.sum()
        return FreeEnergy(loss, torch.zeros_like(loss), -loss.detach())

    @torch.no_grad()
    def scorer(self, graph: BipartiteAdjacency) -> TableScorer:
        """Compute the vectors of both sides at once.

        See :meth:`~tvdiff_pyg.models.Model.scorer`.
        """
        self.check_size(graph)
        user_factor, item_factor = self(graph)
        name = type(self).__name__
        return TableScorer(graph.user_rows, user_factor, item_factor, name)
