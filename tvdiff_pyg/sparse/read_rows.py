"""Any of PyG's adjacency formats, read as rows of destinations.

A format may order its edges by destination, by source, or not at all. What is read
comes with the order that it has them in, so that weights follow their edges.
"""

import torch
from torch import Tensor
from torch_geometric import EdgeIndex
from torch_geometric.typing import Adj, OptTensor, SparseTensor

from tvdiff_pyg.sparse.checks import (
    ascends,
    check_ascending,
    check_ids,
    check_vector,
)
from tvdiff_pyg.sparse.csr import CSR
from tvdiff_pyg.sparse.edges import Edges
from tvdiff_pyg.sparse.order import (
    Pattern,
    Transposed,
    row_offsets,
    stable_order,
)
from tvdiff_pyg.sparse.read_edges import (
    Rows,
    Size,
    check_shape,
    check_stored,
    is_sparse,
    read_edges,
    real,
    unchecked_edges,
)


def weigh(
    rows: Rows, order: OptTensor, weight: OptTensor, name: str = "edge_weight"
) -> Rows:
    """Give rows other values, one for each edge that they were read from.

    Args:
        rows: The rows.
        order: Where each entry is among the edges; ``None`` if in order.
        weight: One weight per edge; if ``None``, the rows are left as they are.
        name: Name of the argument, for the error. (default: ``"edge_weight"``)

    Raises:
        ValueError: If there is not one weight for each edge.
    """
    if weight is None or weight is rows.value:
        return rows
    check_vector(name, weight, rows.nnz, rows.col)
    return rows.with_value(in_order(weight, order))


def in_order(weight: Tensor, order: OptTensor) -> Tensor:
    """Put one weight per edge into the order that edges were read in."""
    return weight if order is None else weight.index_select(0, order)


def to_csr(edge_index: Adj | Rows, size: Size, value: OptTensor = None) -> CSR:
    """Sort edges of any format into rows of destinations.

    Args:
        edge_index: A ``torch_sparse.SparseTensor`` or ``torch.sparse`` tensor of shape
            ``[num_dst, num_src]``, an :class:`~torch_geometric.EdgeIndex` or plain
            pairs of (source, destination), ``[2, num_edges]``, or a :class:`CSR`.
        size: ``(num_dst, num_src)``.
        value: One weight per edge, in the order of ``edge_index``; the stored ones if
            omitted. (default: ``None``)

    Returns:
        Rows of destinations. Sources ascend in each where ``edge_index`` has them so;
        duplicates are kept.

    Raises:
        ValueError: If an index is no integer or out of range, or a shape does not fit.

    Example:
        >>> to_csr(torch.tensor([[2, 0, 1], [1, 0, 1]]), (2, 3)).col.tolist()
        [0, 2, 1]
    """
    rows, order = read_rows(edge_index, size)
    if value is None:
        return rows
    check_vector("value", value, rows.nnz, rows.col)
    return rows.with_value(in_order(value, order))


def csr_rows(matrix: Tensor) -> CSR:
    """Turn a ``torch.sparse`` tensor into a :class:`CSR` with values."""
    return to_csr(matrix, (matrix.size(0), matrix.size(1)))


def read_rows(edge_index: Adj | Rows, size: Size) -> tuple[CSR, OptTensor]:
    """Sort edges of any format into rows of destinations, with the stored values.

    What a format keeps sorted is not sorted again, and an ``EdgeIndex`` or a
    ``SparseTensor`` remembers what it was sorted into.

    Args:
        edge_index: As in :func:`to_csr`.
        size: ``(num_dst, num_src)``.

    Returns:
        The rows, and where each entry is among the edges of ``edge_index``; ``None``
        if they are in its order.

    Raises:
        ValueError: If an index is no integer or out of range, or a shape does not fit.
    """
    check_shape(edge_index, size)
    if isinstance(edge_index, CSR):
        return edge_index, None
    if isinstance(edge_index, SparseTensor):
        return _rows_of_sparse_tensor(edge_index), None
    if is_sparse(edge_index):
        if edge_index.layout == torch.sparse_csr:
            rows = edge_index.crow_indices(), edge_index.col_indices()
            return CSR(*rows, size[1], real(edge_index.values())), None
        if edge_index.layout == torch.sparse_csc:
            rows = edge_index.ccol_indices(), edge_index.row_indices()
            return _turn(CSR(*rows, size[0]), real(edge_index.values()))
    if isinstance(edge_index, EdgeIndex) and None not in edge_index.sparse_size():
        edges = read_edges(edge_index, size)
        if edge_index.is_sorted_by_col:
            rows_of = _rows_by_destination(edge_index, edges)
            if rows_of is not None:
                return rows_of, None
        elif edge_index.is_sorted_by_row:
            rows_of = _rows_by_source(edge_index, edges)
            if rows_of is not None:
                return _turn(rows_of, None)
    return _sort(unchecked_edges(edge_index, size))


def _sort(edges: Edges) -> tuple[CSR, OptTensor]:
    """Check edges and sort them: each side right before it is read again, so that this
    finds it in the cache.
    """
    value = edges.value
    dst = check_ids("edge_index[1]", edges.row(), edges.num_rows)
    sorted_already = ascends(dst)
    if not sorted_already and ascends(edges.col):
        src = check_ids("edge_index[0]", edges.col, edges.num_cols)
        rowptr = row_offsets(src, edges.num_cols)
        by_source = CSR(rowptr, dst.contiguous(), edges.num_rows, check=False)
        return _turn(by_source, value)
    order = None if sorted_already else stable_order(dst, edges.num_rows)
    if value is not None:
        value = in_order(value, order)
    rowptr = row_offsets(dst, edges.num_rows)
    src = check_ids("edge_index[0]", edges.col, edges.num_cols)
    rows = rowptr, in_order(src, order).contiguous(), edges.num_cols
    return CSR(*rows, value, edges.normalized, check=False), order


def _turn(by_source: CSR, value: OptTensor) -> tuple[CSR, Tensor]:
    """Turn rows of sources into rows of destinations, with values of the former."""
    rows, order = by_source.transpose(), by_source.transposed_order()
    return rows if value is None else rows.with_value(in_order(value, order)), order


def _rows_of_sparse_tensor(adj_t: SparseTensor) -> CSR:
    check_stored(adj_t)
    rowptr, col, value = adj_t.csr()
    storage = adj_t.storage
    order = storage.csr2csc()
    back = Pattern(storage.colptr(), storage.row().index_select(0, order), order)
    rows = rowptr, col, adj_t.size(1)
    return CSR(*rows, real(value), False, Transposed(back), check=False)


def _rows_by_destination(edge_index: EdgeIndex, edges: Edges) -> CSR | None:
    """Return the rows that are remembered, or ``None`` if these are of other edges."""
    check_ascending("edge_index[1]", edges.row())
    (colptr, row), _ = edge_index.get_csc()
    (rowptr, col), order = edge_index.get_csr()
    back = _pattern(rowptr, col, order)
    if not (
        _begin(colptr, edges.row(), edges.num_rows)
        and _begin(back.rowptr, edges.col, edges.num_cols, back.perm)
    ):
        return None
    rows = colptr.long(), row.long(), edges.num_cols
    return CSR(*rows, None, False, Transposed(back), check=False)


def _rows_by_source(edge_index: EdgeIndex, edges: Edges) -> CSR | None:
    check_ascending("edge_index[0]", edges.col)
    (rowptr, col), _ = edge_index.get_csr()
    (colptr, row), order = edge_index.get_csc()
    back = _pattern(colptr, row, order)
    if not (
        _begin(rowptr, edges.col, edges.num_cols)
        and _begin(back.rowptr, edges.row(), edges.num_rows, back.perm)
    ):
        return None
    rows = rowptr.long(), col.long(), edges.num_rows
    return CSR(*rows, None, False, Transposed(back), check=False)


def _begin(
    offsets: Tensor, ids: Tensor, num_rows: int, order: OptTensor = None
) -> bool:
    """Whether each row begins and ends where ids, put in order, say so.

    An ``EdgeIndex`` that was flipped has the offsets of its two sides exchanged.
    """
    if offsets.is_meta:
        return True
    if offsets.numel() != num_rows + 1 or int(offsets[-1]) != ids.numel():
        return False
    row = offsets.diff().nonzero().view(-1)
    ends = torch.cat([offsets[row], offsets[row + 1] - 1])
    return torch.equal(ids[ends if order is None else order[ends]], row.repeat(2))


def _pattern(*parts: Tensor) -> Pattern:
    return Pattern(*(part.long() for part in parts))
