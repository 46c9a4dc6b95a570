"""XSimGCL: one noisy pass, of which two layers are contrasted."""

from dataclasses import dataclass

import torch
from torch import Tensor

from tvdiff_pyg.loss import FreeEnergy
from tvdiff_pyg.models.baselines.contrastive import ContrastiveConfig, ContrastiveModel
from tvdiff_pyg.models.baselines.embedding import as_entropy
from tvdiff_pyg.models.model import register_model
from tvdiff_pyg.sparse import BipartiteAdjacency


@dataclass(frozen=True)
class XSimGCLConfig(ContrastiveConfig):
    """Settings of :class:`XSimGCL`.

    Args:
        hidden_channels: Length of the vectors, at least 1.
        num_layers: Layers of propagation, at least 1, at most 100.
        noise: Length of the noise of each layer, in [0, 100].
        contrast: Weight of the contrastive loss, in [0, 1000].
        contrast_temperature: What similarities are divided by, in [0.001, 1000].
        contrast_layer: The layer that the mean of all is contrasted with, from 1.

    Raises:
        ValueError: If a setting is outside its range.
    """

    noise: float = 0.2
    contrast: float = 0.2
    contrast_layer: int = 1

    def __post_init__(self) -> None:
        """Check the range."""
        super().__post_init__()
        self.check_at_least(1, "contrast_layer", high=self.num_layers)


@register_model("xsimgcl", XSimGCLConfig)
class XSimGCL(ContrastiveModel):
    r"""`"XSimGCL: Towards Extremely Simple Graph Contrastive Learning for
    Recommendation" <https://arxiv.org/abs/2209.02544>`_: as
    :class:`~tvdiff_pyg.models.SimGCL`, but there is one pass with noise, which training
    ranks by, too.

    .. math::
        L = L_{BPR}(e') + \lambda \sum_{\text{users, items}} \mathrm{mean}_v \, \Big(
        - \log \frac{\exp(z'_v \cdot z'^{(l^*)}_v / \tau)}
        {\sum_w \exp(z'_v \cdot z'^{(l^*)}_w / \tau)} \Big)

    with :math:`z'` the mean of its layers and :math:`z'^{(l^*)}` one of them, of unit
    length.

    Args:
        num_users: Number of users, at least 1.
        num_items: Number of items, at least 1.
        hidden_channels: Length of the vectors, at least 1. (default: ``64``)
        num_layers: Layers, at least 1, at most 100. (default: ``2``)
        noise: Length of the noise of each layer, in [0, 100]. (default: ``0.2``)
        contrast: Weight :math:`\lambda` of the contrastive loss, in [0, 1000].
            (default: ``0.2``)
        contrast_temperature: What similarities are divided by, :math:`\tau`, in
            [0.001, 1000]. (default: ``0.2``)
        contrast_layer: The layer :math:`l^*`, from 1 to ``num_layers``.
            (default: ``1``)

    Raises:
        ValueError: If an argument is outside its range.

    Example:
        >>> model = XSimGCL(num_users=2, num_items=3, hidden_channels=8)
        >>> adjacency = model.adjacency(torch.tensor([[0, 0, 1], [0, 1, 2]]))
        >>> model.training_loss(adjacency, torch.tensor([0, 1])).free_energy.backward()
        >>> [factor.shape for factor in model(adjacency)]
        [torch.Size([2, 8]), torch.Size([3, 8])]
    """

    config: XSimGCLConfig

    def __init__(
        self,
        num_users: int,
        num_items: int,
        hidden_channels: int = 64,
        num_layers: int = 2,
        noise: float = 0.2,
        contrast: float = 0.2,
        contrast_temperature: float = 0.2,
        contrast_layer: int = 1,
    ) -> None:
        given = hidden_channels, num_layers, noise, contrast, contrast_temperature
        super().__init__(num_users, num_items, XSimGCLConfig(*given, contrast_layer))

    def training_loss(
        self,
        adjacency: BipartiteAdjacency,
        user: Tensor,
        item: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> FreeEnergy:
        """Compute both losses; see :class:`~tvdiff_pyg.models.TrainableModel`."""
        pairs = self.pairs(adjacency, user, item, generator=generator)
        layers = self.layers(adjacency, self.config.noise, generator)
        mean, layer = (
            torch.stack(layers).mean(0),
            layers[self.config.contrast_layer - 1],
        )
        ranking = self.bpr_loss(self.split(mean), user, *pairs)
        return as_entropy(ranking + self.contrastive_loss(mean, layer, user, pairs[0]))
