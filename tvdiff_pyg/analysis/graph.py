"""What the instruments share: the normalised graph and the checks of their inputs."""

import torch
from torch import Tensor
from torch_geometric.data import Data

from tvdiff_pyg.sparse import CSR, Interactions, bipartite_norm, interaction_rows
from tvdiff_pyg.sparse.checks import check_device
from tvdiff_pyg.sparse.matrices import check_channels, check_dense, check_matrix


def rows_of(graph: Interactions, user_x: Tensor | None, item_x: Tensor | None) -> CSR:
    """Return a graph as rows of users, as large as its embeddings where it is open.

    Where there are none of a side, nodes without an edge take no part.
    """
    if isinstance(graph, Data):
        raise ValueError(
            "'graph' needs to hold interactions of users and items apart, as their "
            f"embeddings are (got a homogeneous {type(graph).__name__})"
        )
    size = [
        x.size(0) if isinstance(x, Tensor) and x.dim() > 0 else _met(graph, side)
        for side, x in enumerate((user_x, item_x))
    ]
    return interaction_rows(graph, (size[0], size[1]))


def _met(graph: Interactions, side: int) -> int | None:
    """Return how many nodes of a side pairs may speak of, if they are pairs."""
    if not isinstance(graph, Tensor) or graph.dim() != 2 or graph.numel() == 0:
        return None
    return int(graph[side].max()) + 1 if graph.layout == torch.strided else None


def both_sides(
    user_x: Tensor | None, item_x: Tensor | None, graph: Interactions | Data
) -> tuple[Tensor, Tensor, CSR]:
    """Return embeddings of both sides and rows of the graph between them, checked.

    A homogeneous graph is one from its nodes to the same nodes: the eigenvectors and
    the frequencies of that one are its own, and each of its edges is there twice.

    Args:
        user_x: Embeddings of users, or of all nodes of a homogeneous graph.
        item_x: Embeddings of items; ``None`` with a homogeneous graph.
        graph: Interactions or, homogeneous, a ``Data``.

    Raises:
        ValueError: If a shape does not fit, or the graph cannot be read.
    """
    if isinstance(graph, Data):
        if item_x is not None or user_x is None:
            raise ValueError(
                "'item_x' needs to be None, and 'user_x' to be of all nodes, with the "
                "graph of one type of nodes"
            )
        check_matrix("user_x", user_x)
        item_x, user_rows = user_x, homogeneous_rows(graph, user_x)
    elif user_x is None or item_x is None:
        missing = "user_x" if user_x is None else "item_x"
        raise ValueError(
            f"'{missing}' needs to be given with interactions (got None; a homogeneous "
            "graph is a Data)"
        )
    else:
        user_rows = rows_of(graph, user_x, item_x)
    check_pair(("user_x", "item_x"), user_x, item_x, user_rows)
    return user_x, item_x, user_rows


def homogeneous_rows(data: Data, x: Tensor) -> CSR:
    """Return each node's neighbours in a homogeneous graph.

    Args:
        data: The graph, undirected.
        x: Its embeddings, as many as it has nodes where it does not say that itself.

    Raises:
        ValueError: If it has no edges in it, or an edge goes one way only.
    """
    edges = data.edge_index if data.edge_index is not None else data.get("adj_t")
    if edges is None:
        raise ValueError("'graph' needs 'edge_index' or 'adj_t' (got neither)")
    said = data.num_nodes if "num_nodes" in data or data.x is not None else None
    num_nodes = x.size(0) if said is None else said
    rows = interaction_rows(edges, (num_nodes, num_nodes))
    back = rows.transpose()
    if not (torch.equal(rows.rowptr, back.rowptr) and torch.equal(rows.col, back.col)):
        raise ValueError(
            "'graph' needs to be undirected (got edges that go one way only; "
            "torch_geometric.transforms.ToUndirected adds the other one)"
        )
    return rows


def symmetric_rows(user_rows: CSR, dtype: torch.dtype) -> tuple[CSR, CSR]:
    r"""Weigh a graph symmetrically and return both of its orientations.

    .. math::
        \bar{\mathbf{R}} = \mathbf{D}_u^{-1/2} \mathbf{R} \mathbf{D}_i^{-1/2}

    Args:
        user_rows: Each user's items, ``[num_users, num_items]``; values are ignored.
        dtype: Type of the weights.

    Returns:
        :math:`\bar{\mathbf{R}}` and its transpose.

    Example:
        >>> rows = CSR.from_edge_index(torch.tensor([[0, 0], [0, 1]]), (1, 2))
        >>> symmetric_rows(rows, torch.float32)[0].value.tolist()
        [0.7071..., 0.7071...]
    """
    pairs = torch.stack([user_rows.row(), user_rows.col])
    one = torch.ones(user_rows.nnz, dtype=dtype, device=pairs.device)
    size = (user_rows.num_rows, user_rows.num_cols)
    weighted = user_rows.with_value(bipartite_norm(pairs, size, edge_weight=one))
    return weighted, weighted.transpose()


def connected(rows: CSR) -> Tensor:
    """Return which rows have an entry, as a boolean column ``[num_rows, 1]``."""
    return (rows.degree() > 0).unsqueeze(1)


def unit_rows(x: Tensor) -> Tensor:
    """Scale rows to length 1; rows of zeros stay.

    Example:
        >>> unit_rows(torch.tensor([[0.0, 2e-30], [0.0, 0.0]])).tolist()
        [[0.0, 1.0], [0.0, 0.0]]
    """
    # Squares of what has been smoothed away may be too small for single precision.
    largest = x.abs().amax(dim=1, keepdim=True)
    x = x / largest.where(largest > 0, 1)
    norm = x.norm(dim=1, keepdim=True)
    return x / norm.where(norm > 0, 1)


def check_rows(name: str, x: Tensor, num_rows: int) -> None:
    """Raise a ``ValueError`` unless a matrix has a row for each node."""
    check_dense(name, x)
    if x.dim() != 2 or x.size(0) != num_rows or x.size(1) == 0:
        raise ValueError(
            f"'{name}' needs to be of shape [{num_rows}, channels] "
            f"(got {list(x.shape)})"
        )


def check_pair(names: tuple[str, str], user: Tensor, item: Tensor, rows: CSR) -> None:
    """Raise a ``ValueError`` unless two matrices fit a graph and each other."""
    check_rows(names[0], user, rows.num_rows)
    check_rows(names[1], item, rows.num_cols)
    check_channels(names[1], item, user)
    check_device(names[0], user, rows.col)
