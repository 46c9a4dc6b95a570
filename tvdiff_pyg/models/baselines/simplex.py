"""SimpleX: cosines under a contrastive loss with many negatives."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn import Linear

from tvdiff_pyg.data.graph_size import GraphSize
from tvdiff_pyg.loss import FreeEnergy
from tvdiff_pyg.models.baselines.embedding import (
    EmbeddingConfig,
    TableModel,
    as_entropy,
)
from tvdiff_pyg.models.memory import FLOAT, INDEX, Step
from tvdiff_pyg.models.model import register_model
from tvdiff_pyg.search_space import WIDTHS, Choice, Range, Space, log
from tvdiff_pyg.sparse import BipartiteAdjacency, gather, pair_scores, spmm
from tvdiff_pyg.sparse.adjacency import check_adjacency


@dataclass(frozen=True)
class SimpleXConfig(EmbeddingConfig):
    """Settings of :class:`SimpleX`.

    Args:
        hidden_channels: Length of the vectors, at least 1.
        own_share: Share of a user's own vector, in [0, 1]; the rest is their history.
        cosine_margin: Cosine up to which negatives cost nothing, in [-1, 1].
        num_negatives: Negatives of each positive pair, at least 1.
        negative_weight: Weight of their mean, above 0.

    Raises:
        ValueError: If a setting is outside its range.
    """

    own_share: float = 0.5
    cosine_margin: float = 0.4
    num_negatives: int = 100
    negative_weight: float = 10.0

    def __post_init__(self) -> None:
        """Check the ranges."""
        super().__post_init__()
        self.check("own_share", 0 <= self.own_share <= 1, "in [0, 1]")
        self.check("cosine_margin", -1 <= self.cosine_margin <= 1, "in [-1, 1]")
        self.check_at_least(1, "num_negatives")
        self.check("negative_weight", self.negative_weight > 0, "positive")

    @property
    def search_space(self) -> Space:
        """Width, the loss, Adam and batches."""
        return {
            "hidden_channels": WIDTHS,
            "own_share": Range(0.0, 1.0),
            "cosine_margin": Range(0.0, 0.9),
            "num_negatives": log(10, 500),
            "negative_weight": log(1.0, 300.0),
            "learning_rate": log(3e-4, 1e-2),
            "weight_decay": log(1e-9, 1e-4),
            "batch_size": Choice(512, 1024, 2048),
        }

    def memory(self, size: GraphSize, step: Step) -> dict[str, int]:
        """Plan both tables, and the negatives of a batch."""
        parts = super().memory(size, step)
        drawn = step.batch_size * self.num_negatives
        parts["activations"] += 6 * (FLOAT + INDEX) * drawn
        return parts


@register_model("simplex", SimpleXConfig)
class SimpleX(TableModel):
    r"""`"SimpleX: A Simple and Strong Baseline for Collaborative Filtering"
    <https://arxiv.org/abs/2109.12317>`_, with the mean as its pooling of histories.

    .. math::
        h_u = g \, e_u + (1 - g) \, V \, \mathrm{mean}_{i \in N(u)} \, e_i, \qquad
        s_{ui} = \cos(h_u, e_i)

    .. math::
        L = \mathrm{mean} \Big( 1 - s_{ui} + \frac{w}{|J|} \sum_{j \in J}
        \max(0, s_{uj} - m) \Big)

    over the observed pairs :math:`(u, i)` of a batch, each with ``num_negatives``
    uniform unobserved items :math:`J`.

    Args:
        num_users: Number of users, at least 1.
        num_items: Number of items, at least 1.
        hidden_channels: Length of the vectors, at least 1. (default: ``64``)
        own_share: Share :math:`g` of a user's own vector, in [0, 1].
            (default: ``0.5``)
        cosine_margin: The margin :math:`m`, in [-1, 1]. (default: ``0.4``)
        num_negatives: Negatives of each positive pair, at least 1. (default: ``100``)
        negative_weight: Weight :math:`w` of their mean, above 0. (default: ``10.0``)

    Raises:
        ValueError: If an argument is outside its range.

    Example:
        >>> model = SimpleX(num_users=2, num_items=3, hidden_channels=8)
        >>> adjacency = model.adjacency(torch.tensor([[0, 0, 1], [0, 1, 2]]))
        >>> model.training_loss(adjacency, torch.tensor([0, 1])).free_energy.backward()
        >>> user_factor, item_factor = model(adjacency)
        >>> (user_factor @ item_factor.t()).shape
        torch.Size([2, 3])
    """

    config: SimpleXConfig

    def __init__(
        self,
        num_users: int,
        num_items: int,
        hidden_channels: int = 64,
        own_share: float = 0.5,
        cosine_margin: float = 0.4,
        num_negatives: int = 100,
        negative_weight: float = 10.0,
    ) -> None:
        given = (
            hidden_channels,
            own_share,
            cosine_margin,
            num_negatives,
            negative_weight,
        )
        super().__init__(num_users, num_items, SimpleXConfig(*given))
        self.lin = Linear(hidden_channels, hidden_channels, bias=False)

    def reset_parameters(self) -> None:
        """Draw all weights anew (Xavier uniform)."""
        super().reset_parameters()
        self.lin.reset_parameters()

    def forward(self, adjacency: BipartiteAdjacency) -> tuple[Tensor, Tensor]:
        """Pool the histories; return user factors and item factors, of unit length."""
        check_adjacency(adjacency)
        rows, table = adjacency.user_rows.with_value(None), self.item_embedding.weight
        # Sums of many small messages want single precision.
        with torch.autocast(table.device.type, enabled=False):
            mean = spmm(rows, table) / rows.degree().clamp(min=1)[:, None]
            share = self.config.own_share
            user = share * self.user_embedding.weight + (1 - share) * self.lin(mean)
            return F.normalize(user, dim=1), F.normalize(table, dim=1)

    def training_loss(
        self,
        adjacency: BipartiteAdjacency,
        user: Tensor,
        item: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> FreeEnergy:
        """Compute the loss; see :class:`~tvdiff_pyg.models.TrainableModel`."""
        config = self.config
        positive, negative = self.pairs(
            adjacency, user, item, config.num_negatives, generator
        )
        user_factor, item_factor = self(adjacency)
        user_factor = gather(user_factor, user)
        pos = 1 - pair_scores(positive, user_factor, item_factor)
        neg = F.relu(
            pair_scores(negative, user_factor, item_factor) - config.cosine_margin
        )
        # Each positive pair has as many negatives: their mean is one over all.
        weight = config.negative_weight / config.num_negatives
        return as_entropy((pos.sum() + weight * neg.sum()) / max(positive.nnz, 1))
