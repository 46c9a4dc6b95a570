"""From PyG's adjacency formats to a CSR, and back to PyTorch's."""

import warnings
from functools import cache

import torch
from torch import Tensor
from torch_geometric import EdgeIndex
from torch_geometric.typing import Adj, SparseTensor
from torch_geometric.utils import is_torch_sparse_tensor

from tvdiff_pyg.sparse.csr import CSR


def to_csr(
    edge_index: Adj | CSR, size: tuple[int, int], value: Tensor | None = None
) -> Tensor | CSR:
    """Turn PyG's transposed sparse formats into a CSR; leave plain edges as they are.

    Args:
        edge_index: A ``torch_sparse.SparseTensor`` or ``torch.sparse`` tensor of
            shape ``[num_dst, num_src]``, an :class:`~torch_geometric.EdgeIndex` of
            (source, destination) pairs, a :class:`CSR`, or plain pairs
            ``[2, num_edges]``.
        size: ``(num_dst, num_src)``.
        value: One weight per edge, in the order of ``edge_index``; replaces the
            stored ones. (default: ``None``)

    Returns:
        A :class:`CSR` of destination rows, or the plain pairs.

    Raises:
        ValueError: If a sparse format is not of shape ``size``.
    """
    if isinstance(edge_index, CSR):
        # Its rows may be a batch of the destinations: only the sources must fit.
        csr, size = edge_index, (edge_index.num_rows, size[1])
    elif isinstance(edge_index, EdgeIndex):
        csr, value = _from_edge_index(edge_index, size, value), None
    elif isinstance(edge_index, SparseTensor):
        rowptr, col, stored = edge_index.csr()
        csr = CSR(rowptr, col, edge_index.size(1), stored)
    elif is_torch_sparse_tensor(edge_index):
        csr, value = _from_torch_sparse(edge_index, value), None
    else:
        return edge_index
    if (csr.num_rows, csr.num_cols) != size:
        raise ValueError(
            f"'edge_index' needs the transposed shape {list(size)} "
            f"(got {[csr.num_rows, csr.num_cols]})"
        )
    return csr if value is None else csr.with_value(value)


def to_sparse(csr: CSR) -> Tensor:
    """Turn a :class:`CSR` into a ``torch.sparse`` tensor."""
    _hear_of_beta()  # products of such tensors make CSR ones on their way
    return torch.sparse_coo_tensor(
        torch.stack([csr.row(), csr.col]),
        csr.values(),
        (csr.num_rows, csr.num_cols),
        is_coalesced=True,
        check_invariants=False,
    )


def to_torch_csr(csr: CSR) -> Tensor:
    """Turn a :class:`CSR` into a ``torch.sparse_csr`` tensor."""
    _hear_of_beta()
    size = csr.num_rows, csr.num_cols
    return torch.sparse_csr_tensor(
        csr.rowptr, csr.col, csr.values(), size, check_invariants=False
    )


def csr_rows(matrix: Tensor) -> CSR:
    """Turn a ``torch.sparse`` tensor into a :class:`CSR` with values."""
    csr = to_csr(matrix, (matrix.size(0), matrix.size(1)))
    assert isinstance(csr, CSR)
    return csr


def _from_edge_index(
    edge_index: EdgeIndex, size: tuple[int, int], value: Tensor | None
) -> CSR:
    num_src, num_dst = edge_index.sparse_size()
    # An EdgeIndex may leave a size open: it is then the one that is needed.
    shape = (num_dst or size[0], num_src or size[1])
    if not edge_index.is_sorted or None in (num_src, num_dst):
        pairs = edge_index.as_tensor().flip(0)
        return CSR.from_edge_index(pairs, shape, value)
    (colptr, row), perm = edge_index.get_csc()
    if value is not None and perm is not None:
        value = value[perm]
    return CSR(colptr, row, shape[1], value)


def _from_torch_sparse(adj_t: Tensor, value: Tensor | None) -> CSR:
    if value is not None and adj_t.layout == torch.sparse_csc:
        # Its edges are ordered by column: exchange the values before sorting by row.
        adj_t = torch.sparse_csc_tensor(
            adj_t.ccol_indices(),
            adj_t.row_indices(),
            value,
            adj_t.shape,
            check_invariants=False,
        )
        value = None
    _hear_of_beta()
    adj_t = adj_t.to_sparse_csr()
    value = adj_t.values() if value is None else value
    return CSR(adj_t.crow_indices(), adj_t.col_indices(), adj_t.size(1), value)


@cache
def _hear_of_beta() -> None:
    """Take, unheard, what PyTorch says at a process's first sparse CSR tensor: that
    they are in beta. We use but a few of their kernels.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.eye(1).to_sparse_csr()
