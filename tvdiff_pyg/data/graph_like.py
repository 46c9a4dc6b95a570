"""Whatever holds interactions in PyG, as the graph that the library works on."""

from collections.abc import Sequence
from typing import TypeAlias

import torch
from torch import Tensor
from torch_geometric import EdgeIndex
from torch_geometric.data import Dataset, HeteroData
from torch_geometric.typing import Adj, SparseTensor

from tvdiff_pyg.data.edge_weights import check_weights
from tvdiff_pyg.data.features import NodeFeatures
from tvdiff_pyg.data.graph import BipartiteGraph
from tvdiff_pyg.data.interaction_data import RATED_BY, RATES, check_whole
from tvdiff_pyg.data.missing_parts import hold_out
from tvdiff_pyg.data.pairs import pair_keys
from tvdiff_pyg.data.prepared import PreparedData
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency
from tvdiff_pyg.sparse.read_edges import shape_of

#: A graph, a data set of one, prepared data, the three that ``RandomLinkSplit``
#: returns, or edges from users to items, sorted already or in any of PyG's formats.
GraphLike: TypeAlias = (
    HeteroData
    | Dataset
    | Sequence[HeteroData]
    | BipartiteAdjacency
    | PreparedData
    | Adj
)


def as_graph(data: GraphLike) -> BipartiteGraph:
    """Returns a graph as it is, and any other ``HeteroData`` as a graph.

    Args:
        data: A graph, a ``HeteroData`` as
            :meth:`~tvdiff_pyg.data.BipartiteGraph.from_hetero_data` reads it, a data
            set that holds one of these, or the three parts that ``RandomLinkSplit``
            returns; or edges alone: (user, item) pairs, an ``EdgeIndex``, or, of shape
            ``[num_items, num_users]``, a ``torch.sparse`` tensor or a ``SparseTensor``,
            whose values are not read; or an adjacency.

    Returns:
        The graph, on the CPU.

    Raises:
        ValueError: If it is anything else, or cannot be read.

    Example:
        >>> data = HeteroData()
        >>> data["user", "rates", "movie"].edge_index = torch.tensor([[0, 1], [2, 0]])
        >>> as_graph(data).num_items
        3
    """
    data = _unwrapped(data)
    if isinstance(data, BipartiteGraph) and not _has_adj_t_only(data):
        return _checked(data)
    if isinstance(data, HeteroData):
        return BipartiteGraph.from_hetero_data(data)
    if isinstance(data, BipartiteAdjacency):
        return _of_rows(data.user_rows)
    if isinstance(data, Tensor | SparseTensor):
        return BipartiteGraph.from_hetero_data(_stored(data))
    if isinstance(data, Sequence) and len(data) == 3:
        train, validation, test = data
        return BipartiteGraph.from_hetero_data(train, validation=validation, test=test)
    raise ValueError(
        "'graph' needs to be a BipartiteGraph, a HeteroData, the three of "
        f"RandomLinkSplit or edges from users to items (got {type(data).__name__})"
    )


def graph_to_fit(data: GraphLike, seed: int) -> BipartiteGraph:
    """Returns a graph as it is; what others hold no part for is drawn.

    Args:
        data: As in :func:`as_graph`.
        seed: The seed of the draw; see :func:`~tvdiff_pyg.data.hold_out`.
    """
    data = _unwrapped(data)
    graph = as_graph(data)
    return graph if isinstance(data, BipartiteGraph) else hold_out(graph, seed=seed)


def _unwrapped(data: GraphLike) -> GraphLike:
    """Take the graph out of a data set of one, or out of its files."""
    if isinstance(data, PreparedData):
        return data.whole()
    return data[0] if isinstance(data, Dataset) and len(data) == 1 else data


def _of_rows(rows: CSR) -> BipartiteGraph:
    pairs, size = torch.stack([rows.row(), rows.col]), (rows.num_rows, rows.num_cols)
    return BipartiteGraph.from_edge_index(pairs, *size, edge_weight=rows.value)


def _stored(edges: Adj) -> HeteroData:
    """Put edges from users to items into a graph."""
    is_pairs = isinstance(edges, EdgeIndex) or None in shape_of(edges)
    data = HeteroData()
    data[RATES]["edge_index" if is_pairs else "adj_t"] = edges
    return data


def _has_adj_t_only(graph: BipartiteGraph) -> bool:
    store = graph[RATES] if RATES in graph.edge_types else {}
    return "adj_t" in store and "edge_index" not in store


def _checked(graph: BipartiteGraph) -> BipartiteGraph:
    """Return a graph as it is, sorted anew if need be, or raise if it is not whole."""
    check_whole(graph)
    size, train = (graph.num_users, graph.num_items), graph.train_index
    back = graph[RATED_BY].get("edge_index") if RATED_BY in graph.edge_types else None
    keys = pair_keys(train, "edge_index", *size)
    if keys.numel() == 0:
        raise ValueError("'graph' needs at least one training pair (got none)")
    if back is None or not (
        torch.equal(back.flip(0), train)
        or torch.equal(pair_keys(back.flip(0), "edge_index", *size), keys)
    ):
        raise ValueError(
            f"'graph' needs its training pairs, flipped, in {RATED_BY} (got others: "
            "one of both has been changed alone)"
        )
    check_weights(graph[RATES], graph[RATED_BY])
    graph = NodeFeatures.of(graph).put(graph)
    if not torch.equal(train[0] * size[1] + train[1], keys):
        return BipartiteGraph.from_hetero_data(graph)
    return graph if train.device.type == "cpu" else graph.clone().cpu()
