"""Groups of items that the same users meet: k-means on the spectrum of the graph."""

import torch
import torch.nn.functional as F
from torch import Tensor

from tvdiff_pyg.nn.spectral import singular_vectors
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency, spmm

# Singular vectors that are looked at, and most rounds of Lloyd's algorithm.
NUM_VECTORS, MAX_ROUNDS = 64, 50


@torch.no_grad()
def cluster_items(user_rows: CSR, num_clusters: int, seed: int = 0) -> Tensor:
    r"""Cluster items by the directions of their spectral vectors.

    The vectors are :math:`V \Sigma` of the leading part :math:`U \Sigma V^{\top}` of
    :math:`D_u^{-1/2} R D_i^{-1/2}`, each item's of length 1, as in `"On Spectral
    Clustering"
    <https://proceedings.neurips.cc/paper/2001/hash/801272ee79cfde7fa5960571fee36b9b-Abstract.html>`_.

    Args:
        user_rows: Each user's items, of shape ``[num_users, num_items]``.
        num_clusters: How many clusters, at least 1; some may stay empty.
        seed: Seed of what is random. (default: ``0``)

    Returns:
        The cluster of each item, long, of shape ``[num_items]``.

    Example:
        >>> pairs = torch.tensor([[0, 0, 1, 1, 2, 2], [0, 1, 0, 1, 2, 3]])
        >>> cluster = cluster_items(CSR.from_edge_index(pairs, (3, 4)), 2)
        >>> bool(cluster[0] == cluster[1] != cluster[2] == cluster[3])
        True
    """
    size = user_rows.num_rows, user_rows.num_cols
    pairs = torch.stack([user_rows.row(), user_rows.col])
    graph = BipartiteAdjacency.from_edge_index(pairs, size)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        user = singular_vectors(user_rows.with_value(None), min(NUM_VECTORS, *size))[0]
        # Read from the users' side, directions that no edge has vanish.
        vector = F.normalize(spmm(graph.item_rows, user).cpu(), dim=1)
        return k_means(vector, num_clusters).to(user_rows.col.device)


def k_means(point: Tensor, num_clusters: int) -> Tensor:
    """Cluster points by Lloyd's algorithm, from centres drawn far apart (k-means++).

    Args:
        point: Points, of shape ``[num_points, channels]``.
        num_clusters: How many clusters, at least 1.

    Returns:
        The cluster of each point, long, of shape ``[num_points]``. They depend on
        PyTorch's global random state.

    Example:
        >>> k_means(torch.tensor([[0.0], [5.0], [0.1]]), 2).diff().abs().tolist()
        [1, 1]
    """
    center = _far_apart(point, num_clusters)
    cluster = torch.cdist(point, center).argmin(dim=1)
    for _ in range(MAX_ROUNDS):
        total = torch.zeros_like(center).index_add_(0, cluster, point)
        count = cluster.bincount(minlength=num_clusters)[:, None]
        center = torch.where(count > 0, total / count.clamp(min=1), center)
        nearest = torch.cdist(point, center).argmin(dim=1)
        if torch.equal(nearest, cluster):
            break
        cluster = nearest
    return cluster


def _far_apart(point: Tensor, number: int) -> Tensor:
    """Draw centres among points, each by its squared distance to those before it."""
    weight = point.new_ones(point.size(0))
    center = point[:0]
    for _ in range(number):
        # Where all are taken, one is drawn again.
        weight = weight if weight.any() else torch.ones_like(weight)
        center = torch.cat([center, point[weight.multinomial(1)]])
        weight = torch.cdist(point, center).amin(dim=1).square()
    return center
