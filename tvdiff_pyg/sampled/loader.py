"""Mini-batches for large graphs: PyG's loaders, a hop around users and items a layer.

A batch holds some users with a sample of their items, and of the users of all items
that it needs: those, and a random *pool* that energy, noise and negatives are drawn
from. The sampled loss of :class:`tvdiff_pyg.models.TVDiff` trains on it.
"""

from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import HeteroData
from torch_geometric.loader import LinkNeighborLoader, NeighborLoader

from tvdiff_pyg.data.hetero_nodes import is_loaded
from tvdiff_pyg.sampled.directions import Directions
from tvdiff_pyg.sampled.pool import PoolSampler
from tvdiff_pyg.sparse import Interactions
from tvdiff_pyg.sparse.checks import check_ids, check_pairs
from tvdiff_pyg.sparse.hetero import FORMATS, EdgeTypeName, edge_pairs, stored_edges

_OF_PYGS_SAMPLER = {
    "replace",
    "subgraph_type",
    "disjoint",
    "temporal_strategy",
    "time_attr",
    "weight_attr",
    "is_sorted",
    "directed",
}


def neighbor_loader(
    adjacency: Interactions,
    index: Tensor,
    num_neighbors: int = 32,
    num_pool: int = 4096,
    num_layers: int = 1,
    edge_type: EdgeTypeName = None,
    **kwargs: Any,
) -> NeighborLoader | LinkNeighborLoader:
    """Return PyG's loader of sampled batches, over users or over interactions.

    Batches of a ``HeteroData`` have its types, and what its users, items and their
    edges have; those of other formats have the types of
    :class:`~tvdiff_pyg.data.BipartiteGraph`.

    Args:
        adjacency: The training graph, on the CPU: an adjacency, a ``HeteroData``, or
            any of PyG's formats that says how many users and items there are.
            Duplicates count once.
        index: Users, long, of shape ``[num_rows]``; or (user, item) pairs of shape
            ``[2, num_rows]``, whose items are then the positives of BPR.
        num_neighbors: Most neighbours of a node; -1 for all. (default: ``32``)
        num_pool: Size of the random item pool. (default: ``4096``)
        num_layers: Layers of the denoiser, each of which takes a hop.
            (default: ``1``)
        edge_type: The type of the interactions of a ``HeteroData``, where it needs to
            be said. (default: ``None``)
        **kwargs: Arguments of :class:`torch.utils.data.DataLoader`: ``batch_size``,
            ``shuffle``, ``num_workers``, ``persistent_workers``, ``pin_memory``,
            ``generator`` and so on; or of PyG's loaders, but for those of their own
            sampler.

    Returns:
        A :class:`~torch_geometric.loader.NeighborLoader` for users, a
        :class:`~torch_geometric.loader.LinkNeighborLoader` for interactions.

    Raises:
        ValueError: If an argument is outside its range.

    Example:
        >>> from tvdiff_pyg.sparse import BipartiteAdjacency
        >>> pairs = torch.tensor([[0, 0, 1], [0, 1, 2]])
        >>> adjacency = BipartiteAdjacency.from_edge_index(pairs, (2, 3))
        >>> batch = next(iter(neighbor_loader(adjacency, pairs, batch_size=2)))
        >>> batch["item"].num_nodes
        3
    """
    for name in sorted(_OF_PYGS_SAMPLER & kwargs.keys()):
        raise ValueError(
            f"'{name}' needs to be left out, as PyG's own sampler is not at work (got "
            f"{kwargs[name]!r})"
        )
    sampler = PoolSampler(adjacency, num_neighbors, num_pool, num_layers, edge_type)
    return loader_of(sampler, adjacency, index, **kwargs)


def loader_of(
    sampler: PoolSampler, graph: Interactions, index: Tensor, **kwargs: Any
) -> NeighborLoader | LinkNeighborLoader:
    """Return PyG's loader of what a sampler draws.

    Args:
        sampler: The sampler.
        graph: The training graph that it draws from.
        index: Users or interactions, as for :func:`neighbor_loader`.
        **kwargs: As for :func:`neighbor_loader`.

    Raises:
        ValueError: If a row of ``index`` is out of range.
    """
    directions, sizes = sampler.directions, tuple(sampler.num_nodes.values())
    data = _loaded(graph, directions)
    data[directions.rates].num_pool = sampler.num_pool
    if index.dim() == 1:
        check_ids("index", index, sizes[0])
        seeds = directions.user, index
        return NeighborLoader(data, None, seeds, neighbor_sampler=sampler, **kwargs)
    check_pairs(index, (sizes[0], sizes[1]), "index")
    pairs = directions.rates, index
    return LinkNeighborLoader(data, None, pairs, neighbor_sampler=sampler, **kwargs)


def _loaded(graph: Interactions, directions: Directions) -> HeteroData:
    """Return what PyG's loaders copy into a batch: the types, and their attributes."""
    data = HeteroData()
    for node, size in directions.num_nodes.items():
        if isinstance(graph, HeteroData):
            if is_loaded(graph[node]):
                raise ValueError(
                    "'adjacency' needs to be a whole graph (got a loader's batch, "
                    f"with 'n_id' of {node!r})"
                )
            data[node].update(graph[node])
        data[node].num_nodes = size
    for kind in (directions.rates, directions.rated_by):
        # The sampler reads the edges; the loaders only replace them.
        data[kind].edge_index = torch.empty(2, 0).long()
        if isinstance(graph, HeteroData) and kind in graph.edge_types:
            data[kind].edge_index = edge_pairs(stored_edges(graph, kind))
            for name, value in graph[kind].items():
                if name not in FORMATS and not name.startswith("edge_label"):
                    data[kind][name] = value
    return data
