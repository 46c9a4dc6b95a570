"""DiffRec's denoiser: no graph, the same weights for every direction."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import Linear
from torch_geometric.typing import Adj, OptTensor

from tvdiff_pyg.nn.denoiser import register_denoiser
from tvdiff_pyg.nn.feature_use import FeatureUse, NoFeatures
from tvdiff_pyg.nn.node_ids import NodeIds
from tvdiff_pyg.nn.tower import TowerConfig, TowerDenoiser
from tvdiff_pyg.sparse.matrices import check_num_rows
from tvdiff_pyg.sparse.read_edges import Rows


@dataclass(frozen=True)
class MLPConfig(TowerConfig):
    """Settings of :class:`MLPDenoiser`.

    Args:
        hidden_channels: Width of the hidden layer, at least 1.
        dropout: Dropout on the corrupted interactions, in [0, 1).
        sparse_grad: Row-sparse gradients of the embeddings where only the rows of a
            batch are read; lazy Adam then leaves the others alone.
        time_channels: Width of the timestep embedding, at least 2.
        features: What is made of features of users and items, where the graph has any.

    Raises:
        ValueError: If a setting is outside its range.
    """


@register_denoiser("mlp", MLPConfig)
class MLPDenoiser(TowerDenoiser):
    r"""One hidden layer on the interactions and the timestep, without a graph.

    The isotropic denoiser of `"Diffusion Recommender Model"
    <https://arxiv.org/abs/2304.04971>`_:

    .. math::
        \hat{x}_0 = \tanh \big( x_t \mathbf{W}_I + \mathrm{Linear}(\mathrm{sin}(t))
        \, \mathbf{W}_T + \mathbf{b} \big) \, \mathbf{W}_O^{\top} + \mathbf{c}

    It is a product of factors as well: the user factor is the hidden layer and a one,
    the item factor a row of :math:`\mathbf{W}_O` and its bias.

    Args:
        num_users: Number of users; not read.
        num_items: Number of items.
        hidden_channels: Width of the hidden layer. (default: ``64``)
        time_channels: Width of the timestep embedding. (default: ``64``)
        dropout: Dropout on the corrupted interactions, in [0, 1). (default: ``0.5``)
        sparse: As in :class:`AnisotropicDenoiser`. (default: ``False``)
        features: As in :class:`AnisotropicDenoiser`. (default: ``NoFeatures()``)

    Raises:
        ValueError: If an argument is outside its range.

    Example:
        >>> denoiser = MLPDenoiser(num_users=3, num_items=4, hidden_channels=8)
        >>> edge_index = torch.tensor([[0, 1, 2, 2], [0, 1, 2, 3]])
        >>> timestep = torch.zeros(3, dtype=torch.long)
        >>> user_factor, item_factor = denoiser(edge_index, timestep)
        >>> item_factor.shape
        torch.Size([4, 9])
    """

    def __init__(
        self,
        num_users: int,
        num_items: int,
        hidden_channels: int = 64,
        time_channels: int = 64,
        dropout: float = 0.5,
        sparse: bool = False,
        features: FeatureUse = NoFeatures(),
    ) -> None:
        config = MLPConfig.from_arguments(
            hidden_channels=hidden_channels,
            time_channels=time_channels,
            dropout=dropout,
            sparse=sparse,
            features=features,
        )
        super().__init__(num_users, num_items, config)
        self.time_projection = Linear(time_channels, hidden_channels)
        self.item_bias = self.table(num_items, 1)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all weights anew (Xavier uniform, zero bias)."""
        super().reset_parameters()
        torch.nn.init.zeros_(self.item_bias.weight)
        torch.nn.init.zeros_(self.time_projection.bias)

    def user_factor(self, hidden: Tensor, timestep: Tensor | int) -> Tensor:
        """Squash, and append the one that the item's bias is multiplied by.

        See :meth:`Denoiser.user_factor`.
        """
        factor = super().user_factor(hidden, timestep)
        return torch.cat([factor, factor.new_ones(factor.size(0), 1)], dim=1)

    def item_factor(
        self,
        edge_index: Adj | Rows,
        norm_weight: OptTensor = None,
        n_id: NodeIds | None = None,
        embedding: OptTensor = None,
        x: OptTensor = None,
    ) -> Tensor:
        """Return the output weights and biases; edges are not read.

        See :meth:`Denoiser.item_factor`.
        """
        weight = self.given(embedding, n_id, 0)
        bias = self.rows(self.item_bias, None if n_id is None else n_id[1])
        check_num_rows("embedding", weight, bias.size(0), bias)
        return torch.cat([weight, bias], dim=1)
