"""Stored entries of sparse rows, found by row and column."""

import torch
from torch import Tensor

from tvdiff_pyg.sparse.csr import CSR


def look_up(rows: CSR, row: Tensor, col: Tensor) -> Tensor:
    """Read stored entries, each by bisection of its row.

    Args:
        rows: A matrix without duplicates, whose columns ascend in each row.
        row: Row of each entry, long, of shape ``[num_read]``.
        col: Column of each, of the same shape; it needs to be stored there.

    Returns:
        The entries, of shape ``[num_read]``.

    Example:
        >>> pairs, value = torch.tensor([[0, 0, 1], [0, 2, 1]]), torch.arange(3.0)
        >>> rows = CSR.from_edge_index(pairs, (2, 3), value)
        >>> look_up(rows, torch.tensor([1, 0]), torch.tensor([1, 2])).tolist()
        [2.0, 1.0]
    """
    low, high = rows.rowptr[row], rows.rowptr[row + 1] - 1
    longest = int((high - low).max()) if row.numel() > 0 else 0
    for _ in range(longest.bit_length()):
        middle = (low + high) // 2
        is_below = rows.col[middle] < col
        low = torch.where(is_below, middle + 1, low)
        high = torch.where(is_below, high, middle)
    return rows.values()[low]
