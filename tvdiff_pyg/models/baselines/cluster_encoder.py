"""L-DiffRec's encoders: each compresses one cluster of items."""

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn import Embedding, Module, Parameter

from tvdiff_pyg.sparse import CSR, spmm


class ClusterEncoder(Module):
    r"""Computes distributions of codes, a part of them from each cluster of items.

    .. math::
        (\mu_u, \log \sigma^2_u)^{(k)} = \tanh \Big( b^{(k)} +
        \sum_{i \in N(u), \, k(i) = k} W^{(k)}_i \Big)

    Each part is as long as its share of the items, but at least 1. All are columns of
    one table, whose other entries are never read: clusters save nothing of it.

    Args:
        num_items: Number of items.
        latent_channels: Length of the code, at least as many as there are clusters.
        num_clusters: Number of clusters; all items begin in the first.
        dropout: Dropout on the histories, in [0, 1).

    Example:
        >>> encoder = ClusterEncoder(4, latent_channels=5, num_clusters=2, dropout=0.0)
        >>> encoder.cluster.copy_(torch.tensor([1, 0, 1, 1]))
        tensor([1, 0, 1, 1])
        >>> encoder.widths()
        tensor([1, 4])
    """

    cluster: Tensor

    def __init__(
        self, num_items: int, latent_channels: int, num_clusters: int, dropout: float
    ) -> None:
        super().__init__()
        self.latent_channels, self.num_clusters = latent_channels, num_clusters
        self.dropout = dropout
        # The input is nearly all zeros: a row for each item.
        self.item_embedding = Embedding(num_items, 2 * latent_channels)
        self.bias = Parameter(torch.empty(2 * latent_channels))
        self.register_buffer("cluster", torch.zeros(num_items, dtype=torch.long))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weights anew (Xavier uniform, zero bias), with items in one cluster."""
        torch.nn.init.xavier_uniform_(self.item_embedding.weight)
        torch.nn.init.zeros_(self.bias)
        self.cluster.zero_()

    def widths(self) -> Tensor:
        """Return how long each cluster's part of the code is, ``[num_clusters]``."""
        count = self.cluster.bincount(minlength=self.num_clusters)
        spare = self.latent_channels - self.num_clusters
        width = 1 + spare * count // self.cluster.numel()
        # What rounding leaves goes to the largest.
        width[count.argmax()] += self.latent_channels - width.sum()
        return width

    def forward(self, history: CSR) -> tuple[Tensor, Tensor]:
        """Compute the distributions.

        Args:
            history: Each user's items, of shape ``[batch_size, num_items]``.

        Returns:
            Means and log-variances, each of shape ``[batch_size, latent_channels]``.
        """
        value = F.dropout(history.values(), self.dropout, self.training)
        owner = torch.arange(self.num_clusters, device=value.device)
        owner = owner.repeat_interleave(self.widths()).repeat(2)
        weight = self.item_embedding.weight * (self.cluster[:, None] == owner)
        hidden = spmm(history.with_value(value), weight) + self.bias
        mean, log_variance = hidden.tanh().chunk(2, dim=1)
        return mean, log_variance
