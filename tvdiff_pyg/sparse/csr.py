"""Sparse rows: the one sparse format that the towers, loss and samplers share.

A :class:`CSR` is built once, from any of PyG's adjacency formats by
:func:`~tvdiff_pyg.sparse.to_csr`, and remembers its transpose;
:mod:`~tvdiff_pyg.sparse.products` multiplies with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor
from torch_geometric.utils import cumsum


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


def _rowptr(row: Tensor, num_rows: int) -> Tensor:
    return cumsum(torch.bincount(row, minlength=num_rows))
