"""Interactions in any format of PyG as rows of users: one conversion for all that reads
them.
"""

from typing import TypeAlias

import torch
from torch import Tensor
from torch_geometric.data import HeteroData
from torch_geometric.typing import Adj, SparseTensor

from tvdiff_pyg.sparse.adjacency import BipartiteAdjacency
from tvdiff_pyg.sparse.csr import CSR
from tvdiff_pyg.sparse.edges import Edges
from tvdiff_pyg.sparse.hetero import (
    OpenSize,
    interaction_type,
    known_size,
    stored_edges,
)
from tvdiff_pyg.sparse.normalization import Normalization
from tvdiff_pyg.sparse.order import stable_order
from tvdiff_pyg.sparse.read_edges import read_edges, shape_of
from tvdiff_pyg.sparse.shapes import check_size

#: Rows of users, a graph of ours or a ``HeteroData``, (user, item) pairs of shape
#: ``[2, num_edges]``, an ``EdgeIndex``, or, transposed to ``[num_items, num_users]`` as
#: PyG has them, a ``torch.sparse`` tensor or a ``SparseTensor``.
Interactions: TypeAlias = CSR | BipartiteAdjacency | HeteroData | Adj


def interaction_rows(
    graph: Interactions, size: OpenSize = (None, None), name: str = "graph"
) -> CSR:
    """Return each user's distinct items, ascending.

    Args:
        graph: Interactions in any format. Rows are returned as they are. Stored values
            stay, summed over duplicates, but those of a ``HeteroData`` do not.
        size: ``(num_users, num_items)``, where the graph does not say it itself; pairs
            alone do not. (default: ``(None, None)``)
        name: Name of the argument, for the error. (default: ``"graph"``)

    Returns:
        Rows of shape ``[num_users, num_items]``.

    Raises:
        ValueError: If there are no interactions in it, an id is no integer or out of
            range, or the size is open.

    Example:
        >>> pairs = torch.tensor([[1, 0, 1], [2, 0, 2]])
        >>> interaction_rows(pairs, (2, 3)).col.tolist()
        [0, 2]
    """
    found = _known_rows(graph)
    if found is not None:
        return found
    edges = _read(graph, size, name)
    shape = edges.num_cols, edges.num_rows
    rows = CSR.from_edge_index(edges.edge_index, shape, edges.value)
    key = rows.key()
    if not bool((key[1:] == key[:-1]).any()):
        return rows
    distinct, place = key.unique_consecutive(return_inverse=True)
    value = rows.value
    if value is not None:
        value = value.new_zeros(distinct.numel()).index_add(0, place, value)
    pairs = torch.stack([distinct // shape[1], distinct % shape[1]])
    return CSR.from_edge_index(pairs, shape, value)


def bipartite_adjacency(
    graph: Interactions,
    size: OpenSize = (None, None),
    name: str = "graph",
    normalization: Normalization = "symmetric",
) -> BipartiteAdjacency:
    """Return both orientations of interactions, sorted and weighed.

    Args:
        graph: As in :func:`interaction_rows`, but values are not read; an adjacency is
            returned as it is.
        size: As in :func:`interaction_rows`.
        name: As in :func:`interaction_rows`.
        normalization: How the item tower weighs its messages.
            (default: ``"symmetric"``)

    Raises:
        ValueError: As :func:`interaction_rows`.

    Example:
        >>> bipartite_adjacency(torch.tensor([[0], [1]]), (1, 2)).item_rows.degree()
        tensor([0, 1])
    """
    if isinstance(graph, BipartiteAdjacency):
        return graph
    rows = interaction_rows(graph, size, name)
    pairs, shape = torch.stack([rows.row(), rows.col]), (rows.num_rows, rows.num_cols)
    return BipartiteAdjacency.from_edge_index(pairs, shape, normalization)


def pair_rows(
    graph: Interactions, size: OpenSize = (None, None), name: str = "graph"
) -> CSR:
    """Return each user's pairs in the order in which they come, duplicates included.

    Args:
        graph: As in :func:`interaction_rows`.
        size: As in :func:`interaction_rows`.
        name: As in :func:`interaction_rows`.

    Raises:
        ValueError: As :func:`interaction_rows`.

    Example:
        >>> pairs = torch.tensor([[1, 0, 1], [2, 0, 2]])
        >>> pair_rows(pairs, (2, 3)).col.tolist()
        [0, 2, 2]
    """
    found = _known_rows(graph)
    if found is not None:
        return found
    edges = _read(graph, size, name)
    user, item = edges.edge_index
    order = stable_order(user, edges.num_cols)
    shape = edges.num_cols, edges.num_rows
    rows = CSR.from_sorted_rows(user[order], item[order], shape)
    return rows if edges.value is None else rows.with_value(edges.value[order])


def _known_rows(graph: Interactions) -> CSR | None:
    if isinstance(graph, BipartiteAdjacency):
        return graph.user_rows
    return graph if isinstance(graph, CSR) else None


def _read(graph: HeteroData | Adj, size: OpenSize, name: str) -> Edges:
    """Read edges from users to items."""
    if isinstance(graph, HeteroData):
        edge_type = interaction_type(graph)
        edges, known = stored_edges(graph, edge_type), known_size(graph, edge_type)
    else:
        edges, known = graph, shape_of(graph)[::-1]
    if not isinstance(edges, Tensor | SparseTensor):
        raise ValueError(
            f"'{name}' needs to hold interactions of users and items: a HeteroData, "
            "pairs, or a sparse matrix of shape [num_items, num_users] "
            f"(got {type(edges).__name__})"
        )
    num_users, num_items = (
        given if own is None else own
        for own, given in zip(known, check_size(size), strict=True)
    )
    if num_users is None or num_items is None:
        raise ValueError(
            f"'{name}' needs a size beside pairs, (num_users, num_items), in 'size' or "
            "in the 'sparse_size' of an EdgeIndex (got pairs alone)"
        )
    read = read_edges(edges, (num_items, num_users))
    if read.edge_index.is_meta:
        raise ValueError(f"'{name}' needs ids that are there (got a meta tensor)")
    return read.with_value(None) if isinstance(graph, HeteroData) else read
