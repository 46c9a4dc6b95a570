"""SimGCL: two noisy passes of LightGCN are contrasted."""

from dataclasses import dataclass

import torch
from torch import Tensor

from tvdiff_pyg.loss import FreeEnergy
from tvdiff_pyg.models.baselines.contrastive import ContrastiveConfig, ContrastiveModel
from tvdiff_pyg.models.baselines.embedding import as_entropy
from tvdiff_pyg.models.model import register_model
from tvdiff_pyg.sparse import BipartiteAdjacency


@dataclass(frozen=True)
class SimGCLConfig(ContrastiveConfig):
    """Settings of :class:`SimGCL`.

    Args:
        hidden_channels: Length of the vectors, at least 1.
        num_layers: Layers of propagation, at least 1, at most 100.
        noise: Length of the noise of each layer, in [0, 100].
        contrast: Weight of the contrastive loss, in [0, 1000].
        contrast_temperature: What similarities are divided by, in [0.001, 1000].
    """


@register_model("simgcl", SimGCLConfig)
class SimGCL(ContrastiveModel):
    r"""`"Are Graph Augmentations Necessary? Simple Graph Contrastive Learning for
    Recommendation" <https://arxiv.org/abs/2112.08679>`_: the propagation of LightGCN,
    without its first layer in the mean, and a contrastive loss between two passes.

    .. math::
        e = \frac{1}{L} \sum_{l=1}^{L} e^{(l)}, \qquad
        e'^{(l)} = \mathbf{A} e'^{(l-1)} + \mathrm{sign}(\mathbf{A} e'^{(l-1)}) \odot
        \epsilon \frac{\delta}{\lVert \delta \rVert}

    with :math:`\delta` uniform in [0, 1], and

    .. math::
        L = L_{BPR} + \lambda \sum_{\text{users, items}} \mathrm{mean}_v \, \Big(
        - \log \frac{\exp(z'_v \cdot z''_v / \tau)}
        {\sum_w \exp(z'_v \cdot z''_w / \tau)} \Big)

    over the distinct users and positive items of the batch, with :math:`z` the vectors
    of unit length.

    Args:
        num_users: Number of users, at least 1.
        num_items: Number of items, at least 1.
        hidden_channels: Length of the vectors, at least 1. (default: ``64``)
        num_layers: Layers :math:`L`, at least 1, at most 100. (default: ``2``)
        noise: Length :math:`\epsilon` of the noise of each layer, in [0, 100].
            (default: ``0.1``)
        contrast: Weight :math:`\lambda` of the contrastive loss, in [0, 1000].
            (default: ``0.5``)
        contrast_temperature: What similarities are divided by, :math:`\tau`, in
            [0.001, 1000]. (default: ``0.2``)

    Raises:
        ValueError: If an argument is outside its range.

    Example:
        >>> model = SimGCL(num_users=2, num_items=3, hidden_channels=8)
        >>> adjacency = model.adjacency(torch.tensor([[0, 0, 1], [0, 1, 2]]))
        >>> model.training_loss(adjacency, torch.tensor([0, 1])).free_energy.backward()
        >>> user_factor, item_factor = model(adjacency)
        >>> (user_factor @ item_factor.t()).shape
        torch.Size([2, 3])
    """

    config: SimGCLConfig

    def __init__(
        self,
        num_users: int,
        num_items: int,
        hidden_channels: int = 64,
        num_layers: int = 2,
        noise: float = 0.1,
        contrast: float = 0.5,
        contrast_temperature: float = 0.2,
    ) -> None:
        given = hidden_channels, num_layers, noise, contrast, contrast_temperature
        super().__init__(num_users, num_items, SimGCLConfig(*given))

    def training_loss(
        self,
        adjacency: BipartiteAdjacency,
        user: Tensor,
        item: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> FreeEnergy:
        """Compute both losses; see :class:`~tvdiff_pyg.models.TrainableModel`."""
        pairs = self.pairs(adjacency, user, item, generator=generator)
        ranking = self.bpr_loss(self(adjacency), user, *pairs)
        one, other = (
            torch.stack(self.layers(adjacency, self.config.noise, generator)).mean(0)
            for _ in range(2)
        )
        return as_entropy(ranking + self.contrastive_loss(one, other, user, pairs[0]))
