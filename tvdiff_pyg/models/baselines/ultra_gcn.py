"""UltraGCN: what infinite layers of propagation would ask for, as a loss."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from tvdiff_pyg.data.graph_size import GraphSize
from tvdiff_pyg.loss import FreeEnergy
from tvdiff_pyg.models.baselines.embedding import (
    EmbeddingConfig,
    TableModel,
    as_entropy,
)
from tvdiff_pyg.models.baselines.neighbors import nearest
from tvdiff_pyg.models.memory import FLOAT, INDEX, Step, sparse_weights
from tvdiff_pyg.models.model import register_model
from tvdiff_pyg.search_space import WIDTHS, Choice, Range, Space, log
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency, pair_scores, spmm


@dataclass(frozen=True)
class UltraGCNConfig(EmbeddingConfig):
    """Settings of :class:`UltraGCN`.

    Args:
        hidden_channels: Length of the vectors, at least 1.
        num_negatives: Negatives of each positive pair, at least 1.
        negative_weight: Weight of their mean, above 0.
        constraint: Weight of the weights between users and items, at least 0.
        item_constraint: Weight of the loss of items' neighbours, at least 0.
        num_neighbors: Neighbours of each item, at least 1.

    Raises:
        ValueError: If a setting is outside its range.
    """

    num_negatives: int = 100
    negative_weight: float = 10.0
    constraint: float = 1.0
    item_constraint: float = 1.0
    num_neighbors: int = 10

    def __post_init__(self) -> None:
        """Check the ranges."""
        super().__post_init__()
        self.check_at_least(1, "num_negatives", "num_neighbors")
        self.check("negative_weight", self.negative_weight > 0, "positive")
        self.check("constraint", self.constraint >= 0, "at least 0")
        self.check("item_constraint", self.item_constraint >= 0, "at least 0")

    @property
    def search_space(self) -> Space:
        """Width, the loss, Adam and batches."""
        return {
            "hidden_channels": WIDTHS,
            "num_negatives": log(10, 500),
            "negative_weight": log(1.0, 300.0),
            "constraint": log(1e-3, 10.0),
            "item_constraint": log(1e-2, 10.0),
            "num_neighbors": Range(5, 20),
            "learning_rate": log(3e-4, 1e-2),
            "weight_decay": log(1e-9, 1e-4),
            "batch_size": Choice(512, 1024, 2048),
        }

    def memory(self, size: GraphSize, step: Step) -> dict[str, int]:
        """Plan both tables, the items' neighbours, and the negatives of a batch."""
        parts = super().memory(size, step)
        drawn = step.batch_size * (self.num_negatives + self.num_neighbors)
        parts["activations"] += 8 * (FLOAT + INDEX) * drawn
        parts["weights"] = sparse_weights(size, self.num_neighbors)
        return parts


@register_model("ultragcn", UltraGCNConfig)
class UltraGCN(TableModel):
    r"""`"UltraGCN: Ultra Simplification of Graph Convolutional Networks for
    Recommendation" <https://arxiv.org/abs/2110.15114>`_.

    .. math::
        L = \mathrm{mean} \Big( - (1 + \lambda \beta_{ui}) \log \sigma(s_{ui})
        - \frac{w}{|J|} \sum_{j \in J} (1 + \lambda \beta_{uj}) \log \sigma(-s_{uj})
        - \gamma \sum_{k \in K(i)} \omega_{ik} \log \sigma(s_{uk}) \Big)

    over the observed pairs :math:`(u, i)` of a batch, each with ``num_negatives``
    uniform unobserved items :math:`J`, where :math:`s_{ui} = e_u^{\top} e_i`,

    .. math::
        \beta_{ui} = \frac{1}{d_u} \sqrt{\frac{d_u + 1}{d_i + 1}}, \qquad
        \omega_{ik} = \frac{G_{ik}}{g_i - G_{ii}} \sqrt{\frac{g_i}{g_k}}, \qquad
        G = R^{\top} R, \quad g_i = \sum_k G_{ik}

    and :math:`K(i)` the ``num_neighbors`` other items of largest :math:`\omega_{ik}`.

    Args:
        num_users: Number of users, at least 1.
        num_items: Number of items, at least 1.
        hidden_channels: Length of the vectors, at least 1. (default: ``64``)
        num_negatives: Negatives of each positive pair, at least 1. (default: ``100``)
        negative_weight: Weight :math:`w` of their mean, above 0. (default: ``10.0``)
        constraint: Weight :math:`\lambda`, at least 0. (default: ``1.0``)
        item_constraint: Weight :math:`\gamma`, at least 0. (default: ``1.0``)
        num_neighbors: Neighbours of each item, at least 1. (default: ``10``)

    Raises:
        ValueError: If an argument is outside its range.

    Example:
        >>> model = UltraGCN(num_users=2, num_items=3, hidden_channels=8)
        >>> adjacency = model.adjacency(torch.tensor([[0, 0, 1], [0, 1, 2]]))
        >>> model.training_loss(adjacency, torch.tensor([0, 1])).free_energy.backward()
    """

    config: UltraGCNConfig

    def __init__(
        self,
        num_users: int,
        num_items: int,
        hidden_channels: int = 64,
        num_negatives: int = 100,
        negative_weight: float = 10.0,
        constraint: float = 1.0,
        item_constraint: float = 1.0,
        num_neighbors: int = 10,
    ) -> None:
        of_users = hidden_channels, num_negatives, negative_weight, constraint
        config = UltraGCNConfig(*of_users, item_constraint, num_neighbors)
        super().__init__(num_users, num_items, config)
        self._known: tuple[BipartiteAdjacency, CSR] | None = None

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
        near = self.neighbors(adjacency).select(positive.col)
        owner = positive.row()[near.row()]
        alike = CSR.from_sorted_rows(owner, near.col, (user.numel(), self.num_items))
        user_factor, item_factor = self.user_embedding(user), self.item_embedding.weight

        def log_odds(pairs: CSR, sign: float) -> Tensor:
            return F.logsigmoid(sign * pair_scores(pairs, user_factor, item_factor))

        def weigh(pairs: CSR) -> Tensor:
            beta = propagation_weight(adjacency, user[pairs.row()], pairs.col)
            return 1 + config.constraint * beta

        weight = config.negative_weight / config.num_negatives
        loss = -(
            (weigh(positive) * log_odds(positive, 1.0)).sum()
            + weight * (weigh(negative) * log_odds(negative, -1.0)).sum()
            + config.item_constraint * (near.values() * log_odds(alike, 1.0)).sum()
        )
        return as_entropy(loss / max(positive.nnz, 1))

    def neighbors(self, adjacency: BipartiteAdjacency) -> CSR:
        r"""Return :math:`\omega`, of shape ``[num_items, num_items]``; found once.

        Args:
            adjacency: The training graph.
        """
        if self._known is None or self._known[0] is not adjacency:
            self._known = adjacency, _item_weights(adjacency, self.config.num_neighbors)
        return self._known[1]


def propagation_weight(
    adjacency: BipartiteAdjacency, user: Tensor, item: Tensor
) -> Tensor:
    r"""Compute :math:`\beta_{ui}` of pairs.

    Args:
        adjacency: The training graph.
        user: Users, who have an item, long, of shape ``[num_pairs]``.
        item: Items, long, of the same shape.
    """
    of_user = adjacency.user_rows.degree()[user].float()
    of_item = adjacency.item_rows.degree()[item].float()
    return ((of_user + 1) / (of_item + 1)).sqrt() / of_user


def _item_weights(adjacency: BipartiteAdjacency, num_neighbors: int) -> CSR:
    """Find the items of largest weight to each item."""
    users = adjacency.user_rows.with_value(None)
    raters = users.transpose()
    total = spmm(raters, users.degree().float()[:, None]).squeeze(1)
    others = total - raters.degree()

    def weigh(pair: Tensor, count: Tensor) -> Tensor:
        one, other = pair
        scale = (total[one] / total[other]).sqrt() / others[one].clamp(min=1)
        return count * scale * (one != other)

    return nearest(raters, users, num_neighbors, weigh)
