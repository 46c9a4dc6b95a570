"""Sparse rows: the one sparse format that the towers, loss and samplers share.

A :class:`CSR` is built once, from any of PyG's adjacency formats by
:func:`~tvdiff_pyg.sparse.to_csr`, and remembers its transpose;
:mod:`~tvdiff_pyg.sparse.products` multiplies with it.
"""

from dataclasses import InitVar, dataclass, field

import torch
from torch import Tensor
from torch_geometric.utils import cumsum

from tvdiff_pyg.sparse.checks import (
    MAX_INT,
    ascends,
    check_ascending,
    check_ids,
    check_pairs,
    check_rows,
    check_vector,
)
from tvdiff_pyg.sparse.order import (
    Transposed,
    id_counts,
    row_index,
    row_offsets,
    stable_order,
)


@dataclass(frozen=True, eq=False)
class CSR:
    r"""A sparse ``[num_rows, num_cols]`` matrix, columns ascending in each row.

    Indices are checked once, here: the products trust them.

    Args:
        rowptr: Row offsets, integers, of shape ``[num_rows + 1]``.
        col: Column indices, integers, of shape ``[nnz]``.
        num_cols: Number of columns.
        value: Entries of shape ``[nnz]``; ones if omitted. (default: ``None``)
        normalized: Whether the entries are normalised weights already, so that a layer
            does not normalise them again. (default: ``False``)
        check: Whether to check the indices; leave that out only for those of another
            one. (default: ``True``)

    Raises:
        ValueError: If an index is no integer or out of range, columns of a row do not
            ascend, or a shape or a device does not fit.

    Example:
        >>> csr = CSR.from_edge_index(torch.tensor([[0, 1, 1], [2, 0, 1]]), (2, 3))
        >>> csr.degree().tolist()
        [1, 2]
    """

    rowptr: Tensor
    col: Tensor
    num_cols: int
    value: Tensor | None = None
    normalized: bool = False
    # Shared by all of the same pattern.
    _transposed: Transposed = field(default=None, repr=False)  # type: ignore[assignment]
    # What this is the transpose of, entries included.
    origin: "CSR | None" = field(default=None, repr=False)
    check: InitVar[bool] = True

    def __post_init__(self, check: bool) -> None:
        """Check what the products trust."""
        if self._transposed is None:
            object.__setattr__(self, "_transposed", Transposed())
        if self.value is not None:
            check_vector("value", self.value, self.nnz, self.col)
        if check:
            rowptr, col = check_rows(self.rowptr, self.col, self.num_cols)
            object.__setattr__(self, "rowptr", rowptr)
            object.__setattr__(self, "col", col)

    @staticmethod
    def from_edge_index(
        edge_index: Tensor, size: tuple[int, int], value: Tensor | None = None
    ) -> "CSR":
        """Build from (row, column) pairs in any order.

        Columns of pairs that are sorted already are not copied.

        Args:
            edge_index: Pairs, integers, of shape ``[2, nnz]``.
            size: ``(num_rows, num_cols)``.
            value: Entries in the order of the pairs, of shape ``[nnz]``; ones if
                omitted. (default: ``None``)

        Raises:
            ValueError: If a pair is no two integers in range.
        """
        row, col = check_pairs(edge_index, size)
        if value is not None:
            check_vector("value", value, col.numel(), col)
        key = row * size[1] + col
        if not ascends(key):
            perm = stable_order(key, size[0] * size[1])
            col = col.index_select(0, perm)
            value = None if value is None else value.index_select(0, perm)
        rows = row_offsets(row, size[0]), col.contiguous(), size[1]
        return CSR(*rows, value, check=False)

    @staticmethod
    def from_sorted_rows(row: Tensor, col: Tensor, size: tuple[int, int]) -> "CSR":
        """Build from pairs whose rows ascend; columns keep their order.

        Raises:
            ValueError: If an index is no integer or out of range, or a row descends.
        """
        row = check_ids("row", row, size[0])
        check_ascending("row", row)
        col = check_ids("col", col, size[1])
        return CSR(row_offsets(row, size[0]), col, size[1], check=False)

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

    def col_degree(self) -> Tensor:
        """Return the number of entries in each column, of shape ``[num_cols]``."""
        known = self._transposed.degree()
        return id_counts(self.col, self.num_cols) if known is None else known

    def row(self) -> Tensor:
        """Return the row index of each entry, of shape ``[nnz]``."""
        return row_index(self.rowptr, self.nnz)

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

    def with_value(self, value: Tensor | None, normalized: bool = False) -> "CSR":
        """Return the same pattern with other entries.

        Args:
            value: The entries, of shape ``[nnz]``; ones if ``None``.
            normalized: Whether they are normalised weights. (default: ``False``)
        """
        pattern = self.rowptr, self.col, self.num_cols
        return CSR(*pattern, value, normalized, self._transposed, check=False)

    def select(self, index: Tensor, name: str = "index") -> "CSR":
        """Return some rows as a new matrix.

        Args:
            index: Rows, integers, of shape ``[num_selected]``; may repeat.
            name: What an error calls them. (default: ``"index"``)

        Raises:
            ValueError: If one is no integer or out of range.
        """
        index = check_ids(name, index, self.num_rows)
        rowptr = cumsum(degree := self.degree()[index])
        offset = (self.rowptr[index] - rowptr[:-1]).repeat_interleave(degree)
        entry = torch.arange(offset.numel(), device=self.col.device) + offset
        value = None if self.value is None else self.value.index_select(0, entry)
        rows = rowptr, self.col.index_select(0, entry), self.num_cols
        return CSR(*rows, value, self.normalized, check=False)

    def head(self, length: Tensor) -> "CSR":
        """Keep the first ``length[r]`` entries, 0 or more, of each row ``r``."""
        check_vector("length", length, self.num_rows, self.col)
        length = check_ids("length", length, MAX_INT)
        keep = self.position() < length.repeat_interleave(self.degree())
        rowptr = cumsum(torch.minimum(length, self.degree()))
        value = None if self.value is None else self.value[keep]
        return CSR(rowptr, self.col[keep], self.num_cols, value, check=False)

    def restrict(self, columns: Tensor) -> "CSR":
        """Keep only some columns, which become columns 0, 1, ... in that order.

        Args:
            columns: Distinct columns to keep, long, of shape ``[num_kept]``.
        """
        columns = check_ids("columns", columns, self.num_cols)
        place = self.col.new_full((self.num_cols,), -1)
        place[columns] = torch.arange(columns.numel(), device=place.device)
        col = place[self.col]
        keep = col >= 0
        value = None if self.value is None else self.value[keep]
        pairs = torch.stack([self.row()[keep], col[keep]])
        return CSR.from_edge_index(pairs, (self.num_rows, columns.numel()), value)

    def transpose(self) -> "CSR":
        """Return the transpose; its pattern is computed once and remembered."""
        if self.origin is not None:
            return self.origin
        read = self._transposed.read(self.rowptr, self.col, self.num_cols)
        (rowptr, col, perm), back = read
        value = None if self.value is None else self.value.index_select(0, perm)
        rows = rowptr, col, self.num_rows
        return CSR(*rows, value, self.normalized, back, self, check=False)

    def transposed_order(self) -> Tensor:
        """Return where each entry of the transpose is among these, ``[nnz]``."""
        pattern, _ = self._transposed.read(self.rowptr, self.col, self.num_cols)
        return pattern.perm

    def to(self, device: torch.device | str) -> "CSR":
        """Move to a device, the remembered transpose included."""
        value = None if self.value is None else self.value.to(device)
        rows = self.rowptr.to(device), self.col.to(device), self.num_cols
        transposed = self._transposed.to(device)
        return CSR(*rows, value, self.normalized, transposed, check=False)
