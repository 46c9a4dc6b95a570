"""The interactions of a ``HeteroData`` of any type names: which edges they are."""

from collections.abc import Sequence

from torch import Tensor
from torch_geometric import EdgeIndex
from torch_geometric.data import HeteroData
from torch_geometric.typing import Adj, EdgeType, SparseTensor

from tvdiff_pyg.sparse.checks import check_integers, check_two_sides
from tvdiff_pyg.sparse.read_edges import is_sparse, read_edges, shape_of

EdgeTypeName = Sequence[str] | str | None
OpenSize = tuple[int | None, int | None]

# What PyG keeps edges in; the second one is transposed.
FORMATS = "edge_index", "adj_t"


def interaction_type(data: HeteroData, edge_type: EdgeTypeName = None) -> EdgeType:
    """Find the edge type whose sources are users and whose destinations are items.

    Args:
        data: A heterogeneous graph.
        edge_type: The type, as PyG takes it: ``(source, relation, destination)``,
            ``(source, destination)`` or the relation alone. If omitted, it is the only
            one between two types of nodes that neither is called ``"rev_..."`` nor ends
            at ``"user"``. (default: ``None``)

    Returns:
        ``(source, relation, destination)``.

    Raises:
        ValueError: If there is no such type, or more than one.

    Example:
        >>> import torch
        >>> data = HeteroData()
        >>> data["user", "rates", "movie"].edge_index = torch.tensor([[0], [1]])
        >>> data["movie", "rev_rates", "user"].edge_index = torch.tensor([[1], [0]])
        >>> interaction_type(data)
        ('user', 'rates', 'movie')
    """
    found = [
        key for key in data.edge_types if key[0] != key[2] and has_edges(data, key)
    ]
    if edge_type is None:
        named = _forward(found)
    else:
        parts = (edge_type,) if isinstance(edge_type, str) else _parts(edge_type)
        named = [key for key in found if _is_named(key, parts)]
    if len(named) == 1:
        return named[0]
    raise ValueError(
        f"'edge_type' needs to be one of {found} (got {edge_type!r}; "
        "BipartiteGraph.from_hetero_data takes it)"
        if found
        else "'data' needs edges between two types of nodes, in 'edge_index' or "
        f"'adj_t' (got {data.edge_types})"
    )


def reverse_type(data: HeteroData, edge_type: EdgeType) -> EdgeType | None:
    """Find the edge type that goes back, if there is one.

    Args:
        data: A heterogeneous graph.
        edge_type: ``(source, relation, destination)``.

    Returns:
        The type from destinations to sources that is called ``"rev_..."`` after it,
        or else the only one that is not called so after another.

    Raises:
        ValueError: If there are several.
    """
    source, relation, target = edge_type
    types = [kind for kind in data.edge_types if has_edges(data, kind)]
    named = (target, f"rev_{relation}", source)
    if named in types:
        return named
    of_others = {(target, f"rev_{x[1]}", source) for x in types if x[0] == source}
    back = (target, source)
    found = [kind for kind in types if kind[::2] == back and kind not in of_others]
    if len(found) > 1:
        raise ValueError(
            f"'data' needs one type of edges back of {edge_type}, or {named} (got "
            f"{found})"
        )
    return found[0] if found else None


def _parts(edge_type: object) -> tuple[str, ...]:
    # What is no sequence names nothing.
    return tuple(edge_type) if isinstance(edge_type, Sequence) else ()


def _is_named(key: EdgeType, parts: tuple[str, ...]) -> bool:
    names = {1: key[1:2], 2: (key[0], key[2]), 3: key}
    return names.get(len(parts)) == parts


def _forward(found: list[EdgeType]) -> list[EdgeType]:
    """Leave out what goes back, by its name or as it ends at users."""
    return [key for key in found if not key[1].startswith("rev_") and key[2] != "user"]


def has_edges(data: HeteroData, edge_type: EdgeType) -> bool:
    """Whether edges of a type are stored in any format."""
    found = edge_type in data.edge_types
    return found and any(name in data[edge_type] for name in FORMATS)


def stored_edges(data: HeteroData, edge_type: EdgeType) -> Adj:
    """Return the edges of a type in the format that they are stored in."""
    store = data[edge_type]
    return store[next(name for name in FORMATS if name in store)]


def edge_pairs(edges: Adj) -> Tensor:
    """Return edges of any format as pairs (source, destination).

    Args:
        edges: As :func:`~tvdiff_pyg.sparse.to_csr` takes them.

    Returns:
        The pairs in their own order, long, of shape ``[2, num_edges]``.

    Raises:
        ValueError: If they are no pairs of integers.
    """
    if isinstance(edges, EdgeIndex):
        return check_integers("edge_index", edges.as_tensor())
    if isinstance(edges, SparseTensor) or is_sparse(edges):
        num_dst, num_src = shape_of(edges)
        assert num_dst is not None and num_src is not None
        return read_edges(edges, (num_dst, num_src)).edge_index
    check_two_sides(edges)
    return check_integers("edge_index", edges)


def known_size(data: HeteroData, edge_type: EdgeType) -> OpenSize:
    """Return how many users and items there are, as far as a graph says so itself."""
    num_dst, num_src = shape_of(stored_edges(data, edge_type))
    user, item = (
        data[node].num_nodes
        if node in data.node_types and data[node].can_infer_num_nodes
        else size
        for node, size in ((edge_type[0], num_src), (edge_type[2], num_dst))
    )
    return user, item
