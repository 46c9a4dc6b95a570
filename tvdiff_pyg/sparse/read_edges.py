"""Any of PyG's adjacency formats, read in its own order."""

from typing import TypeGuard

import torch
from torch import Tensor
from torch_geometric import EdgeIndex
from torch_geometric.typing import Adj, OptTensor, SparseTensor

from tvdiff_pyg.sparse.checks import check_ids, check_offsets, check_two_sides
from tvdiff_pyg.sparse.csr import CSR
from tvdiff_pyg.sparse.edges import Edges
from tvdiff_pyg.sparse.order import row_index

Rows = CSR | Edges
Size = tuple[int, int]


def is_sparse(edge_index: object) -> TypeGuard[Tensor]:
    """Whether edges are a sparse tensor of PyTorch, of whatever layout."""
    return isinstance(edge_index, Tensor) and edge_index.layout != torch.strided


def shape_of(edge_index: Adj | Rows) -> tuple[int | None, int | None]:
    """Return ``(num_dst, num_src)`` as far as a format says it itself."""
    if isinstance(edge_index, CSR | Edges):
        return edge_index.num_rows, edge_index.num_cols
    if isinstance(edge_index, EdgeIndex):
        num_src, num_dst = edge_index.sparse_size()
        return num_dst, num_src
    if isinstance(edge_index, SparseTensor) or is_sparse(edge_index):
        return edge_index.size(0), edge_index.size(1)
    return None, None


def check_shape(edge_index: Adj | Rows, size: Size) -> None:
    """Raise a ``ValueError`` unless edges are of a shape; what is open may be any."""
    found = shape_of(edge_index)
    if isinstance(edge_index, CSR | Edges):
        # They may be a batch of the destinations: only the sources need to fit.
        found = None, found[1]
    shape = tuple(
        need if own is None else own for own, need in zip(found, size, strict=True)
    )
    if shape != size:
        raise ValueError(
            f"'edge_index' needs the transposed shape {list(size)} (got {list(shape)})"
        )


def read_edges(edge_index: Adj | Rows, size: Size) -> Edges:
    """Read edges of any format in their own order, with the stored values.

    Args:
        edge_index: As in :func:`to_csr`.
        size: ``(num_dst, num_src)``.

    Raises:
        ValueError: If an index is no integer or out of range, or a shape does not fit.
    """
    edges = unchecked_edges(edge_index, size)
    if isinstance(edge_index, CSR | Edges):
        return edges
    return Edges(edges.edge_index, *size, edges.value)


def unchecked_edges(edge_index: Adj | Rows, size: Size) -> Edges:
    """Read edges as :func:`read_edges` does, but for the checks of their indices."""
    check_shape(edge_index, size)
    if isinstance(edge_index, Edges):
        return edge_index
    if isinstance(edge_index, CSR):
        rows, pairs = edge_index, torch.stack([edge_index.col, edge_index.row()])
        shape = rows.num_rows, rows.num_cols
        return Edges(pairs, *shape, rows.value, rows.normalized, check=False)
    if isinstance(edge_index, EdgeIndex):
        return Edges(edge_index.as_tensor(), *size, check=False)
    if isinstance(edge_index, SparseTensor):
        check_stored(edge_index)
        row, col, value = edge_index.coo()
        return Edges(torch.stack([col, row]), *size, real(value), check=False)
    if not isinstance(edge_index, Tensor):
        raise ValueError(
            "'edge_index' needs to be pairs or a sparse adjacency "
            f"(got {type(edge_index).__name__})"
        )
    pairs, value = (
        _sparse_parts(edge_index) if is_sparse(edge_index) else (edge_index, None)
    )
    check_two_sides(pairs)
    return Edges(pairs, *size, real(value), check=False)


def _sparse_parts(adj_t: Tensor) -> tuple[Tensor, Tensor]:
    """Return the pairs (source, destination) of a sparse tensor, and its values."""
    if adj_t.layout == torch.sparse_coo:
        return _coo_parts(adj_t)
    if adj_t.layout == torch.sparse_csr:
        src, rowptr = adj_t.col_indices(), adj_t.crow_indices()
        check_offsets("crow_indices", rowptr, src.numel())
        pairs = src, row_index(rowptr, src.numel())
    elif adj_t.layout == torch.sparse_csc:
        dst, colptr = adj_t.row_indices(), adj_t.ccol_indices()
        check_offsets("ccol_indices", colptr, dst.numel())
        pairs = row_index(colptr, dst.numel()), dst
    else:
        raise ValueError(
            f"'edge_index' needs to be in the COO, CSR or CSC layout "
            f"(got {adj_t.layout})"
        )
    return torch.stack(pairs), adj_t.values()


def _coo_parts(adj_t: Tensor) -> tuple[Tensor, Tensor]:
    if adj_t.is_coalesced():
        return adj_t.indices().flip(0), adj_t.values()
    if adj_t.requires_grad:
        raise ValueError(
            "'edge_index' needs to be coalesced for a gradient of its values "
            "(got an uncoalesced tensor)"
        )
    # As they are: coalescing would take weights that come beside them from their edges.
    return adj_t._indices().flip(0), adj_t._values()


def check_stored(adj_t: SparseTensor) -> None:
    """Raise a ``ValueError`` unless what a ``SparseTensor`` stores is in range: before
    it is asked for anything that it computes from that, unchecked.
    """
    num_dst, num_src = adj_t.sparse_sizes()
    storage = adj_t.storage
    if storage.has_rowptr():
        check_offsets("rowptr", storage.rowptr(), storage.col().numel())
    else:
        check_ids("row", storage.row(), num_dst)
    check_ids("col", storage.col(), num_src)


def real(value: OptTensor) -> OptTensor:
    """Turn stored integers into floating-point numbers."""
    if value is None or value.is_floating_point() or value.is_complex():
        return value  # complex ones are refused with all other values
    return value.float()
