"""Edges in any order: rows that are not sorted, for what needs each message."""

from dataclasses import InitVar, dataclass

import torch
from torch import Tensor

from tvdiff_pyg.sparse.checks import check_pairs, check_vector
from tvdiff_pyg.sparse.order import id_counts


@dataclass(frozen=True, eq=False)
class Edges:
    r"""A sparse ``[num_rows, num_cols]`` matrix by its entries, in any order.

    It is read as a :class:`~tvdiff_pyg.sparse.CSR` is, and needs no sorting: for the
    messages of PyG's own propagation, in the order that a hook or an explainer expects.

    Args:
        edge_index: Column, the source, and row, the destination, of each entry, of
            shape ``[2, nnz]``.
        num_rows: Number of rows.
        num_cols: Number of columns.
        value: Entries of shape ``[nnz]``; ones if omitted. (default: ``None``)
        normalized: Whether the entries are normalised weights already.
            (default: ``False``)
        check: Whether to check the indices; leave that out only for those that are
            checked elsewhere. (default: ``True``)

    Raises:
        ValueError: If an index is no integer or out of range, or a shape or a device
            does not fit.

    Example:
        >>> edges = Edges(torch.tensor([[2, 0, 1], [0, 1, 1]]), num_rows=2, num_cols=3)
        >>> edges.degree().tolist()
        [1, 2]
    """

    edge_index: Tensor
    num_rows: int
    num_cols: int
    value: Tensor | None = None
    normalized: bool = False
    check: InitVar[bool] = True

    def __post_init__(self, check: bool) -> None:
        """Check the indices."""
        if check:
            sides = check_pairs(self.edge_index, (self.num_cols, self.num_rows))
            if self.edge_index.dtype != torch.long:
                object.__setattr__(self, "edge_index", torch.stack(sides))
        if self.value is not None:
            check_vector("value", self.value, self.nnz, self.edge_index)

    @property
    def nnz(self) -> int:
        """Number of entries."""
        return self.edge_index.size(1)

    @property
    def col(self) -> Tensor:
        """Column of each entry, of shape ``[nnz]``."""
        return self.edge_index[0]

    def row(self) -> Tensor:
        """Return the row of each entry, of shape ``[nnz]``."""
        return self.edge_index[1]

    def degree(self) -> Tensor:
        """Return the number of entries in each row, of shape ``[num_rows]``."""
        return id_counts(self.row(), self.num_rows)

    def col_degree(self) -> Tensor:
        """Return the number of entries in each column, of shape ``[num_cols]``."""
        return id_counts(self.col, self.num_cols)

    def with_value(self, value: Tensor | None, normalized: bool = False) -> "Edges":
        """Return the same edges with other entries; see :meth:`CSR.with_value`."""
        size = self.num_rows, self.num_cols
        return Edges(self.edge_index, *size, value, normalized, check=False)

    def transpose(self) -> "Edges":
        """Return the edges the other way, in the same order."""
        size = self.num_cols, self.num_rows
        pairs, value = self.edge_index.flip(0), self.value
        return Edges(pairs, *size, value, self.normalized, check=False)
