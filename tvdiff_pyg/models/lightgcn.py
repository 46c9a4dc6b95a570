"""LightGCN, as PyG implements it."""

import torch
import torch_geometric.nn.models as pyg
from torch import Tensor

from tvdiff_pyg.models.embedding import EmbeddingModel
from tvdiff_pyg.nn import BipartiteAdjacency, Normalization
from tvdiff_pyg.nn.anisotropic import check_sizes


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
        num_layers: Layers of propagation, at least 1. (default: ``1``)

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
        super().__init__(num_users, num_items, hidden_channels)
        check_sizes(num_layers=num_layers)
        self.num_layers = num_layers
        # The adjacency is weighed already, once rather than in each layer.
        self.net = pyg.LightGCN(
            num_users + num_items, hidden_channels, num_layers, normalize=False
        )

    def reset_parameters(self) -> None:
        """Draw all weights anew (Xavier uniform)."""
        self.net.reset_parameters()

    def forward(self, adjacency: BipartiteAdjacency) -> tuple[Tensor, Tensor]:
        """Propagate through all layers; return user factors and item factors."""
        weight = self.net.embedding.weight
        # PyTorch multiplies sparse matrices in single precision or better only.
        with torch.autocast(weight.device.type, enabled=False):
            out = self.net.get_embedding(_joined(adjacency, weight.dtype))
        return out[: self.num_users], out[self.num_users :]

    def __repr__(self) -> str:
        return (
            f"{self.__class__.__name__}({self.num_users}, {self.num_items}, "
            f"hidden_channels={self.hidden_channels}, num_layers={self.num_layers})"
        )


def _joined(adjacency: BipartiteAdjacency, dtype: torch.dtype) -> Tensor:
    """Join both orientations into one matrix, users before items."""
    items = adjacency.item_rows
    users = items.transpose()
    assert users.value is not None and items.value is not None
    num_nodes = users.num_rows + items.num_rows
    return torch.sparse_csr_tensor(
        torch.cat([users.rowptr, users.nnz + items.rowptr[1:]]),
        torch.cat([users.col + users.num_rows, items.col]),
        torch.cat([users.value, items.value]).to(dtype),
        size=(num_nodes, num_nodes),
        check_invariants=False,
    )
