"""Sparse rows: the one sparse format that the towers, loss and samplers share.

A :class:`CSR` is built once from any of PyG's adjacency formats and remembers its
transpose; :mod:`~tvdiff_pyg.sparse.products` multiplies with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor
from torch_geometric import EdgeIndex
from torch_geometric.typing import Adj, SparseTensor
from torch_geometric.utils import cumsum, is_torch_sparse_tensor


@dataclass(frozen=True, eq=False)
class CSR:
    r"""A sparse ``[num_rows, num_cols]`` matrix, columns ascending in each row.

    Args:
        rowptr: Row offsets, long, of shape ``[num_rows + 1]``.
        col: Column indices, long, of shape ``[nnz]``.
        num_cols: Number of columns.
        value: Entries of shape ``[nnz]``; ones if omitted. (default: ``None``)

    Example:
        >>> csr = CSR.from_edge_index(torch.tensor([[0, 1, 1], [2, 0, 1]]), (2, 3))
        >>> csr.degree().tolist()
        [1, 2]
    """

    rowptr: Tensor
    col: Tensor
    num_cols: int
    value: Tensor | None = None
    # The transposed pattern (rowptr, col, perm), shared by all that share it.
    _transposed: list[tuple[Tensor, Tensor, Tensor]] = field(
        default_factory=list, repr=False
    )

    @staticmethod
    def from_edge_index(
        edge_index: Tensor, size: tuple[int, int], value: Tensor | None = None
    ) -> "CSR":
        """Build from ``[2, nnz]`` (row, column) pairs in any order.

        Columns of pairs that are sorted already are not copied.
        """
        num_rows, num_cols = size
        row, col = edge_index[0], edge_index[1]
        key = row * num_cols + col
        if bool((key[1:] >= key[:-1]).all()):
            return CSR(_rowptr(row, num_rows), col.contiguous(), num_cols, value)
        perm = key.argsort()
        value = None if value is None else value[perm]
        return CSR(_rowptr(row, num_rows), col[perm], num_cols, value)

    @staticmethod
    def from_sorted_rows(row: Tensor, col: Tensor, size: tuple[int, int]) -> "CSR":
        """Build from pairs whose rows ascend; columns keep their order."""
        return CSR(_rowptr(row, size[0]), col, size[1])

    @staticmethod
    def stack(parts: Sequence["CSR"]) -> "CSR":
        """Stack patterns of equal width on top of each other."""
        degree = torch.cat([part.degree() for part in parts])
        col = torch.cat([part.col for part in parts])
        return CSR(cumsum(degree), col, parts[0].num_cols)

    @property
    def num_rows(self) -> int:
        """Number of rows."""
        return self.rowptr.numel() - 1

    @property
    def nnz(self) -> int:
        """Number of stored entries."""
        return self.col.numel()

    def degree(self) -> Tensor:
        """Return the number of entries in each row, of shape ``[num_rows]``."""
        return self.rowptr.diff()

    def row(self) -> Tensor:
        """Return the row index of each entry, of shape ``[nnz]``."""
        rows = torch.arange(self.num_rows, device=self.col.device)
        return rows.repeat_interleave(self.degree(), output_size=self.nnz)

    def position(self) -> Tensor:
        """Return each entry's position within its row, of shape ``[nnz]``."""
        entry = torch.arange(self.nnz, device=self.col.device)
        return entry - self.rowptr[:-1].repeat_interleave(self.degree())

    def values(self) -> Tensor:
        """Return the entries, of shape ``[nnz]``: ones where none are stored."""
        if self.value is not None:
            return self.value
        return torch.ones(self.nnz, device=self.col.device)

    def key(self) -> Tensor:
        """Return ``row * num_cols + col``, ascending: what membership tests need."""
        return self.row() * self.num_cols + self.col

    def with_value(self, value: Tensor | None) -> "CSR":
        """Return the same pattern with other entries."""
        return replace(self, value=value)

    def select(self, index: Tensor) -> "CSR":
        """Return the rows ``index`` (repeats allowed) as a new matrix."""
        degree = self.degree()[index]
        rowptr = cumsum(degree)
        offset = (self.rowptr[index] - rowptr[:-1]).repeat_interleave(degree)
        entry = torch.arange(offset.numel(), device=self.col.device) + offset
        value = None if self.value is None else self.value[entry]
        return CSR(rowptr, self.col[entry], self.num_cols, value)

    def head(self, length: Tensor) -> "CSR":
        """Keep the first ``length[r]`` entries of each row ``r``."""
        keep = self.position() < length.repeat_interleave(self.degree())
        rowptr = cumsum(torch.minimum(length, self.degree()))
        value = None if self.value is None else self.value[keep]
        return CSR(rowptr, self.col[keep], self.num_cols, value)

    def restrict(self, columns: Tensor) -> "CSR":
        """Keep only some columns, which become columns 0, 1, ... in that order.

        Args:
            columns: Distinct columns to keep, long, of shape ``[num_kept]``.
        """
        place = self.col.new_full((self.num_cols,), -1)
        place[columns] = torch.arange(columns.numel(), device=place.device)
        col = place[self.col]
        keep = col >= 0
        row, value = self.row()[keep], self.value
        value = None if value is None else value[keep]
        size = (self.num_rows, columns.numel())
        return CSR.from_edge_index(torch.stack([row, col[keep]]), size, value)

    def transpose(self) -> "CSR":
        """Return the transpose; its pattern is computed once and remembered."""
        if not self._transposed:
            perm = self.col.argsort(stable=True)
            rowptr = _rowptr(self.col, self.num_cols)
            self._transposed.append((rowptr, self.row()[perm], perm))
        rowptr, col, perm = self._transposed[0]
        value = None if self.value is None else self.value[perm]
        return CSR(rowptr, col, self.num_rows, value)

    def to(self, device: torch.device | str) -> "CSR":
        """Move to a device, the remembered transpose included."""
        value = None if self.value is None else self.value.to(device)
        transposed = [
            (rowptr.to(device), col.to(device), perm.to(device))
            for rowptr, col, perm in self._transposed
        ]
        rowptr, col = self.rowptr.to(device), self.col.to(device)
        return CSR(rowptr, col, self.num_cols, value, transposed)


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
    return torch.sparse_coo_tensor(
        torch.stack([csr.row(), csr.col]),
        csr.values(),
        (csr.num_rows, csr.num_cols),
        is_coalesced=True,
        check_invariants=False,
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
    adj_t = adj_t.to_sparse_csr()
    value = adj_t.values() if value is None else value
    return CSR(adj_t.crow_indices(), adj_t.col_indices(), adj_t.size(1), value)


def _rowptr(row: Tensor, num_rows: int) -> Tensor:
    return cumsum(torch.bincount(row, minlength=num_rows))
