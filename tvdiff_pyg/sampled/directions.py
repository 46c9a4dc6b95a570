"""The edges that samplers follow: both directions between users and items."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch_geometric.data import HeteroData
from torch_geometric.typing import EdgeType

from tvdiff_pyg.data.interaction_data import RATED_BY, RATES
from tvdiff_pyg.sparse import (
    CSR,
    BipartiteAdjacency,
    Interactions,
    bipartite_adjacency,
)
from tvdiff_pyg.sparse.hetero import (
    EdgeTypeName,
    edge_pairs,
    interaction_type,
    known_size,
    reverse_type,
    stored_edges,
)
from tvdiff_pyg.sparse.order import row_offsets
from tvdiff_pyg.sparse.read_rows import read_rows


@dataclass(frozen=True, eq=False)
class Directions:
    """Edges between users and items, each way, as rows of their destinations.

    Args:
        rates: The type of the edges from users to items.
        rated_by: The type of those back.
        rows: Sources of each destination, by its node type. Values, if any, are the
            places of the edges among those of their type.
    """

    rates: EdgeType
    rated_by: EdgeType
    rows: dict[str, CSR]

    @property
    def user(self) -> str:
        """The node type of users."""
        return self.rates[0]

    @property
    def item(self) -> str:
        """The node type of items."""
        return self.rates[2]

    @property
    def num_nodes(self) -> dict[str, int]:
        """How many users and items there are."""
        return {node: rows.num_rows for node, rows in self.rows.items()}

    def into(self, node: str) -> EdgeType:
        """Return the type of the edges whose destinations are of a node type."""
        return self.rates if node == self.item else self.rated_by

    def others(self, node: str) -> str:
        """Return the node type of their sources."""
        return self.into(node)[0]


def read_directions(
    graph: Interactions, edge_type: EdgeTypeName = None, name: str = "graph"
) -> Directions:
    """Read both directions, of a ``HeteroData`` each from the edges of its own type.

    Args:
        graph: Interactions in any format.
        edge_type: The type of the interactions; see
            :func:`~tvdiff_pyg.sparse.hetero.interaction_type`. (default: ``None``)
        name: Name of the first argument, for the error. (default: ``"graph"``)

    Raises:
        ValueError: If there are no interactions in it, or no edges back.
    """
    if not isinstance(graph, HeteroData):
        return _unnamed(graph, edge_type, name)
    rates = interaction_type(graph, edge_type)
    rated_by = reverse_type(graph, rates)
    if rated_by is None:
        raise ValueError(
            f"'{name}' needs edges back from {rates[2]!r} to {rates[0]!r}, as "
            f"ToUndirected adds them (got {graph.edge_types})"
        )
    size = dict(zip(rates[::2], _size(graph, rates, name), strict=True))
    rows = {}
    for kind in (rated_by, rates):
        edges = stored_edges(graph, kind)
        found, order = read_rows(edges, (size[kind[2]], size[kind[0]]))
        order = torch.arange(found.nnz) if order is None else order
        rows[kind[2]] = found.with_value(order).to("cpu")
    return Directions(rates, rated_by, rows)


def read_distinct(
    graph: Interactions, edge_type: EdgeTypeName = None, name: str = "graph"
) -> Directions:
    """Read interactions, each once, and the same back.

    Args:
        graph: As in :func:`read_directions`; edges back may be missing.
        edge_type: As in :func:`read_directions`.
        name: As in :func:`read_directions`.

    Raises:
        ValueError: As :func:`read_directions`, or if edges back are others.
    """
    if not isinstance(graph, HeteroData):
        return _unnamed(graph, edge_type, name)
    rates = interaction_type(graph, edge_type)
    size = _size(graph, rates, name)
    there = _distinct(edge_pairs(stored_edges(graph, rates)).cpu(), size)
    rated_by, back = reverse_type(graph, rates), there.with_value(None)
    if rated_by is None:
        rated_by = rates[2], f"rev_{rates[1]}", rates[0]
    else:
        back = _distinct(edge_pairs(stored_edges(graph, rated_by)).flip(0).cpu(), size)
        if not torch.equal(back.key(), there.key()):
            raise ValueError(
                f"'{name}' needs the edges of {rates}, flipped, in {rated_by} (got "
                "others)"
            )
    rows = {rates[0]: back, rates[2]: there.transpose()}
    return Directions(rates, rated_by, rows)


def _unnamed(graph: Interactions, edge_type: EdgeTypeName, name: str) -> Directions:
    if edge_type is not None:
        raise ValueError(
            f"'edge_type' needs a HeteroData (got {edge_type!r} and "
            f"{type(graph).__name__})"
        )
    adjacency: BipartiteAdjacency = bipartite_adjacency(graph, name=name)
    rows = {"user": adjacency.user_rows, "item": adjacency.item_rows}
    patterns = {node: one.with_value(None) for node, one in rows.items()}
    return Directions(RATES, RATED_BY, patterns)


def _size(graph: HeteroData, edge_type: EdgeType, name: str) -> tuple[int, int]:
    num_users, num_items = known_size(graph, edge_type)
    if num_users is None or num_items is None:
        lacking = edge_type[0] if num_users is None else edge_type[2]
        raise ValueError(
            f"'{name}' needs 'num_nodes' or features of {lacking!r} (got neither)"
        )
    return num_users, num_items


def _distinct(pairs: Tensor, size: tuple[int, int]) -> CSR:
    """Sort distinct pairs into rows, whose values are their first places."""
    rows = CSR.from_edge_index(pairs, size, torch.arange(pairs.size(1)))
    key = rows.key()
    new = torch.ones_like(key, dtype=torch.bool)
    new[1:] = key[1:] != key[:-1]
    row, col, value = rows.row()[new], rows.col[new], rows.values()[new]
    return CSR(row_offsets(row, size[0]), col, size[1], value)
