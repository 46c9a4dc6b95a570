"""What models have in common that know users and items by their ids."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import Embedding
from torch_geometric.nn.models.lightgcn import BPRLoss

from tvdiff_pyg.data.graph_like import GraphLike
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
from tvdiff_pyg.models.table_scorer import TableScorer
from tvdiff_pyg.models.trainable import TrainableModel
from tvdiff_pyg.negatives import UniformNegativeSampler
from tvdiff_pyg.sampled import TrainingBatch
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency, gather, pair_scores


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
        pairs = self.pairs(adjacency, user, item, generator=generator)
        return as_entropy(self.bpr_loss(self(adjacency), user, *pairs))

    def pairs(
        self,
        adjacency: BipartiteAdjacency,
        user: Tensor,
        item: Tensor | None = None,
        num_negatives: int = 1,
        generator: torch.Generator | None = None,
    ) -> tuple[CSR, CSR]:
        """Return the positive pairs of a batch, and draw negative ones.

        Args:
            adjacency: The training graph.
            user: Users of the batch, long, of shape ``[batch_size]``.
            item: One positive item for each user; all of theirs if omitted.
                (default: ``None``)
            num_negatives: Negatives of each positive pair. (default: ``1``)
            generator: Source of randomness. (default: ``None``)

        Returns:
            Positive and negative pairs, of shape ``[batch_size, num_items]``; users who
            have met every item have none.
        """
        batch = TrainingBatch.full(adjacency, user, item)
        positive = batch.positive or batch.observed
        wanted = num_negatives * positive.degree()
        negative = self.sampler(batch.known, wanted, generator=generator)
        return positive.head(negative.degree() // num_negatives), negative

    def bpr_loss(
        self,
        factors: tuple[Tensor, Tensor],
        user: Tensor,
        positive: CSR,
        negative: CSR,
    ) -> Tensor:
        """Compare positive with negative pairs.

        Args:
            factors: User factors ``[num_users, hidden_channels]`` and item factors
                ``[num_items, hidden_channels]``.
            user: Users of the batch, long, of shape ``[batch_size]``.
            positive: Positive pairs, of shape ``[batch_size, num_items]``.
            negative: As many negative ones, of the same shape.

        Returns:
            The loss, a scalar.
        """
        user_factor = gather(factors[0], user)
        pos, neg = (
            pair_scores(pairs, user_factor, factors[1])
            for pairs in (positive, negative)
        )
        # PyG's mean of no pair at all would be NaN.
        loss: Tensor = self.loss_fn(pos, neg) if negative.nnz > 0 else pos.sum()
        return loss

    @torch.no_grad()
    def scorer(self, graph: GraphLike) -> TableScorer:
        """Compute the vectors of both sides at once.

        See :meth:`~tvdiff_pyg.models.Model.scorer`.
        """
        graph = self.adjacency_of(graph)
        user_factor, item_factor = self(graph)
        name = type(self).__name__
        return TableScorer(graph.user_rows, user_factor, item_factor, name)


class TableModel(EmbeddingModel):
    """Learns vectors that are free: a table of users, and one of items.

    Args:
        num_users: Number of users, at least 1.
        num_items: Number of items, at least 1.
        config: Its settings.

    Raises:
        ValueError: If a number is below 1.
    """

    def __init__(self, num_users: int, num_items: int, config: EmbeddingConfig) -> None:
        super().__init__(num_users, num_items, config)
        self.user_embedding = Embedding(num_users, config.hidden_channels)
        self.item_embedding = Embedding(num_items, config.hidden_channels)
        # Not a subclass's: what it adds is not there yet.
        TableModel.reset_parameters(self)

    def reset_parameters(self) -> None:
        """Draw all weights anew (Xavier uniform)."""
        for table in (self.user_embedding, self.item_embedding):
            torch.nn.init.xavier_uniform_(table.weight)

    def forward(self, adjacency: BipartiteAdjacency) -> tuple[Tensor, Tensor]:
        """Return the tables; the graph is not read."""
        return self.user_embedding.weight, self.item_embedding.weight

    def __repr__(self) -> str:
        return (
            f"{self.__class__.__name__}({self.num_users}, {self.num_items}, "
            f"hidden_channels={self.hidden_channels})"
        )


def as_entropy(loss: Tensor) -> FreeEnergy:
    """Return a loss as a free energy that is all entropy.

    Args:
        loss: The loss, a scalar.
    """
    return FreeEnergy(loss, torch.zeros_like(loss), -loss.detach())
