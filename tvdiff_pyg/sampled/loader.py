"""Mini-batches for large graphs: PyG's loaders, a hop around users and items a layer.

A batch holds some users with a sample of their items, and of the users of all items
that it needs: those, and a random *pool* that energy, noise and negatives are drawn
from. :meth:`tvdiff_pyg.models.TVDiff.sampled_loss` trains on it.
"""

from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import HeteroData
from torch_geometric.loader import LinkNeighborLoader, NeighborLoader
from torch_geometric.sampler import NegativeSampling

from tvdiff_pyg.data.interaction_data import RATED_BY, RATES
from tvdiff_pyg.sampled.sampler import BipartiteSampler
from tvdiff_pyg.sparse import BipartiteAdjacency


def neighbor_loader(
    adjacency: BipartiteAdjacency,
    index: Tensor,
    num_neighbors: int = 32,
    num_pool: int = 4096,
    num_layers: int = 1,
    **kwargs: Any,
) -> NeighborLoader | LinkNeighborLoader:
    """Return PyG's loader of sampled batches, over users or over interactions.

    Args:
        adjacency: The training graph, on the CPU.
        index: Users, long, of shape ``[num_rows]``; or (user, item) pairs of shape
            ``[2, num_rows]``, whose items are then the positives of BPR.
        num_neighbors: Most neighbours of a node; -1 for all. (default: ``32``)
        num_pool: Size of the random item pool. (default: ``4096``)
        num_layers: Layers of the denoiser, each of which takes a hop.
            (default: ``1``)
        **kwargs: Arguments of :class:`torch.utils.data.DataLoader`: ``batch_size``,
            ``shuffle``, ``num_workers``, ``persistent_workers``, ``pin_memory``,
            ``generator`` and so on.

    Returns:
        A :class:`~torch_geometric.loader.NeighborLoader` for users, a
        :class:`~torch_geometric.loader.LinkNeighborLoader` for interactions.

    Raises:
        ValueError: If an argument is outside its range.

    Example:
        >>> pairs = torch.tensor([[0, 0, 1], [0, 1, 2]])
        >>> adjacency = BipartiteAdjacency.from_edge_index(pairs, (2, 3))
        >>> batch = next(iter(neighbor_loader(adjacency, pairs, batch_size=2)))
        >>> batch["item"].num_nodes
        3
    """
    sampler = BipartiteSampler(adjacency, num_neighbors, num_pool, num_layers)
    data = _graph(adjacency)
    if index.dim() == 1:
        return NeighborLoader(
            data, None, ("user", index), neighbor_sampler=sampler, **kwargs
        )
    return LinkNeighborLoader(
        data,
        None,
        (RATES, index),
        neg_sampling=NegativeSampling("triplet"),
        neighbor_sampler=sampler,
        **kwargs,
    )


def _graph(adjacency: BipartiteAdjacency) -> HeteroData:
    """Return what PyG's loaders copy into a batch: the types, and no attribute."""
    data = HeteroData()
    data["user"].num_nodes = adjacency.user_rows.num_rows
    data["item"].num_nodes = adjacency.item_rows.num_rows
    # The sampler reads the edges; the loaders only replace them.
    data[RATES].edge_index = data[RATED_BY].edge_index = torch.empty(2, 0).long()
    return data
