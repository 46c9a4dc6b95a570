"""Sorting by ids: of entries into rows, and of rows into columns."""

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch_geometric.utils import cumsum

from tvdiff_pyg.sparse.checks import numpy_reads, traced


def stable_order(index: Tensor, size: int) -> Tensor:
    """Return the permutation that sorts ids and keeps equal ones in their order.

    Args:
        index: Ids in [0, size), long, of shape ``[num_ids]``.
        size: How many different ones there are.

    Example:
        >>> stable_order(torch.tensor([2, 0, 2, 1]), size=3).tolist()
        [1, 3, 0, 2]
    """
    if traced():  # ONNX sorts, but not stably
        place = torch.arange(index.numel(), device=index.device)
        return (index * index.numel() + place).argsort()
    if not numpy_reads(index):
        return index.argsort(stable=True)
    ids, bits = index.numpy(), int(size).bit_length()
    digit = 63 - len(ids).bit_length()
    if bits <= digit:
        return torch.from_numpy(_order_of_digit(ids, bits))
    order = _order_of_digit(ids & (1 << digit) - 1, digit)
    for low in range(digit, bits, digit):
        order = order[_order_of_digit(ids[order] >> low, digit)]
    return torch.from_numpy(order)


def _order_of_digit(ids: Any, bits: int) -> Any:
    """Sort ids and their places as one number each: vector instructions do that,
    several times as fast as places are sorted by ids.
    """
    place = len(ids).bit_length()
    key = ids.astype(np.uint32 if bits + place <= 32 else np.uint64)
    key <<= place
    key |= np.arange(len(ids), dtype=key.dtype)
    key.sort()
    key &= (1 << place) - 1
    return key.astype(np.int64)


def row_offsets(row: Tensor, num_rows: int) -> Tensor:
    """Return where each row begins, and the end, of shape ``[num_rows + 1]``."""
    return cumsum(id_counts(row, num_rows))


def id_counts(index: Tensor, size: int) -> Tensor:
    """Count how often each id comes, of shape ``[size]``.

    Args:
        index: Ids in [0, size), long, of shape ``[num_ids]``.
        size: How many different ones there are.

    Example:
        >>> id_counts(torch.tensor([2, 0, 2]), size=4).tolist()
        [1, 0, 2, 0]
    """
    if traced() or index.is_meta:
        return index.new_zeros(size).scatter_add(0, index, torch.ones_like(index))
    return torch.bincount(index, minlength=size)


def row_index(rowptr: Tensor, nnz: int) -> Tensor:
    """Return the row of each entry, of shape ``[nnz]``."""
    if traced():  # by what ONNX has, too: how many rows began before
        begun = rowptr.new_zeros(nnz + 1)
        one = torch.ones_like(rowptr[1:-1])
        return begun.scatter_add(0, rowptr[1:-1], one)[:-1].cumsum(0)
    return torch.repeat_interleave(rowptr.diff(), output_size=nnz)


class Pattern(NamedTuple):
    """Rows, and the order in which they hold the entries of another pattern.

    Args:
        rowptr: Row offsets, of shape ``[num_rows + 1]``.
        col: Column indices, of shape ``[nnz]``.
        perm: Place of each entry in the other pattern, of shape ``[nnz]``.
    """

    rowptr: Tensor
    col: Tensor
    perm: Tensor

    def to(self, device: torch.device | str) -> "Pattern":
        """Move to a device."""
        return Pattern(*(part.to(device) for part in self))


class Transposed:
    """The transpose of a pattern, computed when it is first read, then remembered.

    Args:
        pattern: The transpose, where it is at hand. (default: ``None``)
        origin: What the pattern itself is the transpose of, and in which order; the
            way back then needs no sorting. (default: ``None``)
    """

    def __init__(
        self, pattern: Pattern | None = None, origin: Pattern | None = None
    ) -> None:
        self._pattern = pattern
        self._origin = origin
        # One way only: a circle would outlive its last reader.
        self._back: Transposed | None = None

    def read(
        self, rowptr: Tensor, col: Tensor, num_cols: int
    ) -> tuple[Pattern, "Transposed"]:
        """Return the transpose of ``rowptr`` and ``col``, and the way back from it."""
        pattern = self._pattern or self._transpose(rowptr, col, num_cols)
        back = self._back or Transposed(origin=Pattern(rowptr, col, pattern.perm))
        if not traced():  # such tensors do not outlive it
            self._pattern, self._back = pattern, back
        return pattern, back

    def _transpose(self, rowptr: Tensor, col: Tensor, num_cols: int) -> Pattern:
        if self._origin is not None:
            order = self._origin.perm
            place = torch.arange(order.numel(), device=order.device)
            perm = torch.empty_like(order).scatter_(0, order, place)
            return self._origin._replace(perm=perm)
        perm = stable_order(col, num_cols)
        row = row_index(rowptr, col.numel()).index_select(0, perm)
        return Pattern(row_offsets(col, num_cols), row, perm)

    def degree(self) -> Tensor | None:
        """Return how many entries each row of the transpose has, where it is known."""
        known = self._pattern or self._origin
        return None if known is None else known.rowptr.diff()

    def to(self, device: torch.device | str) -> "Transposed":
        """Move to a device."""
        pattern, origin = (
            part if part is None else part.to(device)
            for part in (self._pattern, self._origin)
        )
        return Transposed(pattern, origin)
