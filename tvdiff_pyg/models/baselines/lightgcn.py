"""LightGCN, as PyG implements it."""

from dataclasses import dataclass

import torch
import torch_geometric.nn.models as pyg
from torch import Tensor
from torch.nn import ModuleList
from torch_geometric.nn import LGConv

from tvdiff_pyg.models.baselines.embedding import EmbeddingConfig, EmbeddingModel
from tvdiff_pyg.models.model import register_model
from tvdiff_pyg.nn.gcn import MAX_LAYERS
from tvdiff_pyg.search_space import WIDTHS, Choice, Range, Space, log
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency, Normalization, spmm
from tvdiff_pyg.sparse.adjacency import check_adjacency


@dataclass(frozen=True)
class LightGCNConfig(EmbeddingConfig):
    """Settings of :class:`LightGCN`.

    Args:
        hidden_channels: Length of the vectors, at least 1.
        num_layers: Layers of propagation, at least 1, at most 100.

    Raises:
        ValueError: If a setting is outside its range.
    """

    num_layers: int = 1

    def __post_init__(self) -> None:
        """Check the range."""
        super().__post_init__()
        self.check_at_least(1, "num_layers", high=MAX_LAYERS)

    @property
    def search_space(self) -> Space:
        """Width, layers and Adam."""
        return {
            "hidden_channels": WIDTHS,
            "num_layers": Range(1, 4),
            "learning_rate": log(3e-4, 3e-2),
            "weight_decay": log(1e-9, 1e-4),
            "batch_size": Choice(2048, 8192),
        }


@register_model("lightgcn", LightGCNConfig)
class LightGCN(EmbeddingModel):
    r"""PyG's :class:`~torch_geometric.nn.models.LightGCN` (`"LightGCN: Simplifying and
    Powering Graph Convolution Network for Recommendation"
    <https://arxiv.org/abs/2002.02126>`_) on a bipartite graph.

    .. math::
        e = \frac{1}{L + 1} \sum_{l=0}^{L} \mathbf{A}^l e^{(0)}, \qquad
        \mathbf{A} = \begin{pmatrix} 0 & \bar{\mathbf{R}} \\
        \bar{\mathbf{R}}^{\top} & 0 \end{pmatrix}

    Args:
        num_users: Number of users, at least 1.
        num_items: Number of items, at least 1.
        hidden_channels: Length of the vectors, at least 1. (default: ``64``)
        num_layers: Layers of propagation, at least 1, at most 100. (default: ``1``)

    Raises:
        ValueError: If a number is below 1.

    Example:
        >>> model = LightGCN(num_users=2, num_items=3, num_layers=2)
        >>> adjacency = model.adjacency(torch.tensor([[0, 0, 1], [0, 1, 2]]))
        >>> model.training_loss(adjacency, torch.tensor([0, 1])).free_energy.backward()
        >>> user_factor, item_factor = model(adjacency)
        >>> (user_factor @ item_factor.t()).shape
        torch.Size([2, 3])
    """

    normalization: Normalization = "symmetric"

    def __init__(
        self,
        num_users: int,
        num_items: int,
        hidden_channels: int = 64,
        num_layers: int = 1,
    ) -> None:
        config = LightGCNConfig(hidden_channels, num_layers)
        super().__init__(num_users, num_items, config)
        self.num_layers = num_layers
        self.net = pyg.LightGCN(num_users + num_items, hidden_channels, num_layers)
        self.net.convs = ModuleList(BipartiteLGConv() for _ in range(num_layers))

    def reset_parameters(self) -> None:
        """Draw all weights anew (Xavier uniform); the mean of all layers is fixed."""
        self.net.reset_parameters()
        self.net.alpha.fill_(1 / (self.num_layers + 1))

    def forward(self, adjacency: BipartiteAdjacency) -> tuple[Tensor, Tensor]:
        """Propagate through all layers; return user factors and item factors."""
        check_adjacency(adjacency)
        item_rows = adjacency.item_rows
        # Sums of many small messages want single precision.
        with torch.autocast(item_rows.col.device.type, enabled=False):
            out = self.net.get_embedding((item_rows.transpose(), item_rows))
        return out[: self.num_users], out[self.num_users :]

    def __repr__(self) -> str:
        return (
            f"{self.__class__.__name__}({self.num_users}, {self.num_items}, "
            f"hidden_channels={self.hidden_channels}, num_layers={self.num_layers})"
        )


class BipartiteLGConv(LGConv):
    """PyG's ``LGConv`` on a bipartite graph that is weighed already, by one fused
    product for each side.

    PyG would multiply with one square sparse matrix of users and items, whose gradient
    is transposed anew in each step.
    """

    def forward(
        self, x: Tensor, edge_index: tuple[CSR, CSR], edge_weight: None = None
    ) -> Tensor:
        """Pass messages to both sides.

        Args:
            x: Vectors of users, then items, ``[num_users + num_items, channels]``.
            edge_index: Weighted user rows, and item rows, their transpose.
            edge_weight: Not read. (default: ``None``)
        """
        user_rows, item_rows = edge_index
        user, item = x.split([user_rows.num_rows, item_rows.num_rows])
        return torch.cat([spmm(user_rows, item), spmm(item_rows, user)])
