"""DirectAU: alignment and uniformity of vectors, without negatives."""

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
from tvdiff_pyg.models.memory import FLOAT, Step
from tvdiff_pyg.models.model import register_model
from tvdiff_pyg.sampled import TrainingBatch
from tvdiff_pyg.search_space import WIDTHS, Choice, Space, log
from tvdiff_pyg.sparse import BipartiteAdjacency


@dataclass(frozen=True)
class DirectAUConfig(EmbeddingConfig):
    """Settings of :class:`DirectAU`.

    Args:
        hidden_channels: Length of the vectors, at least 1.
        uniformity: Weight of the uniformity, at least 0.

    Raises:
        ValueError: If a setting is outside its range.
    """

    uniformity: float = 1.0

    def __post_init__(self) -> None:
        """Check the range."""
        super().__post_init__()
        self.check("uniformity", self.uniformity >= 0, "at least 0")

    @property
    def search_space(self) -> Space:
        """Width, uniformity, Adam and batches."""
        return {
            "hidden_channels": WIDTHS,
            "uniformity": log(0.2, 10.0),
            "learning_rate": log(3e-4, 1e-2),
            "weight_decay": log(1e-9, 1e-4),
            "batch_size": Choice(256, 1024, 2048),
        }

    def memory(self, size: GraphSize, step: Step) -> dict[str, int]:
        """Plan both tables, and the distances within a batch."""
        parts = super().memory(size, step)
        parts["activations"] += 4 * FLOAT * step.batch_size**2
        return parts


@register_model("direct-au", DirectAUConfig)
class DirectAU(TableModel):
    r"""`"Towards Representation Alignment and Uniformity in Collaborative Filtering"
    <https://arxiv.org/abs/2206.12811>`_, on free vectors.

    .. math::
        L = \mathrm{mean} \, \lVert z_u - z_i \rVert^2 + \frac{\gamma}{2} \Big(
        \log \mathrm{mean} \, e^{-2 \lVert z_u - z_{u'} \rVert^2}
        + \log \mathrm{mean} \, e^{-2 \lVert z_i - z_{i'} \rVert^2} \Big)

    over the observed pairs :math:`(u, i)` of a batch, and over the pairs of its users
    and of its items, with :math:`z` the vectors of unit length. No negatives are drawn.
    Ranking is by products of the vectors themselves.

    Args:
        num_users: Number of users, at least 1.
        num_items: Number of items, at least 1.
        hidden_channels: Length of the vectors, at least 1. (default: ``64``)
        uniformity: Weight :math:`\gamma` of the uniformity, at least 0.
            (default: ``1.0``)

    Raises:
        ValueError: If an argument is outside its range.

    Example:
        >>> model = DirectAU(num_users=2, num_items=3, hidden_channels=8)
        >>> adjacency = model.adjacency(torch.tensor([[0, 0, 1], [0, 1, 2]]))
        >>> model.training_loss(adjacency, torch.tensor([0, 1])).free_energy.backward()
    """

    config: DirectAUConfig

    def __init__(
        self,
        num_users: int,
        num_items: int,
        hidden_channels: int = 64,
        uniformity: float = 1.0,
    ) -> None:
        super().__init__(
            num_users, num_items, DirectAUConfig(hidden_channels, uniformity)
        )

    def training_loss(
        self,
        adjacency: BipartiteAdjacency,
        user: Tensor,
        item: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> FreeEnergy:
        """Compute both terms; see :class:`~tvdiff_pyg.models.TrainableModel`."""
        batch = TrainingBatch.full(adjacency, user, item)
        pairs = batch.positive or batch.observed
        z_user = F.normalize(self.user_embedding(user[pairs.row()]), dim=1)
        z_item = F.normalize(self.item_embedding(pairs.col), dim=1)
        apart = (z_user - z_item).square().sum() / max(pairs.nnz, 1)
        spread = (log_closeness(z_user) + log_closeness(z_item)) / 2
        return as_entropy(apart + self.config.uniformity * spread)


def log_closeness(z: Tensor) -> Tensor:
    """Compute the logarithm of the mean Gaussian potential of all pairs of rows.

    Args:
        z: Vectors of unit length, of shape ``[num_rows, channels]``.

    Returns:
        A scalar, at most 0; zero of fewer than two rows.

    Example:
        >>> log_closeness(torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
        tensor(-4.0000)
    """
    if z.size(0) < 2:
        return z.sum() * 0
    # Of unit vectors, -2 |a - b|^2 is 4 a.b - 4: a product is faster than distances.
    potential = (4 * (z @ z.t()) - 4).exp()
    pairs = z.size(0) * (z.size(0) - 1)
    return ((potential.sum() - potential.trace()) / pairs).log()
