"""What each item of a history is worth: scores without it, from factors."""

from collections.abc import Callable

import torch
from torch import Tensor

from tvdiff_pyg.sparse import CSR

# Entries of the histories that are queried at once.
ENTRIES_AT_ONCE = 2**22


def leave_one_out(
    query: Callable[[CSR], Tensor], history: CSR, item_factor: Tensor
) -> Tensor:
    """Compute by how much scores fall if an item is missing from a history.

    All that is compared are user factors: the histories are as many as the history
    has items, and none of their other scores is formed.

    Args:
        query: Computes the user factors of histories.
        history: One user's items, of shape ``[1, num_items]``.
        item_factor: Factors of what is scored, of shape ``[num_scored, channels]``.

    Returns:
        Differences, of shape ``[history.nnz, num_scored]``.

    Example:
        >>> history = CSR.from_edge_index(torch.tensor([[0, 0], [0, 2]]), (1, 3))
        >>> scores = torch.tensor([[1.0], [2.0], [4.0]])
        >>> def query(rows):
        ...     return torch.stack([scores[row.col].sum(0) for row in map(rows.select,
        ...         torch.arange(rows.num_rows).split(1))])
        >>> leave_one_out(query, history, torch.ones(1, 1)).flatten().tolist()
        [1.0, 4.0]
    """
    count = history.nnz
    if count == 0:
        return item_factor.new_zeros(0, item_factor.size(0))
    entries = torch.arange(count, device=history.col.device)
    whole = query(history)
    return torch.cat(
        [
            (whole - query(_without_each(history, block))) @ item_factor.t()
            for block in entries.split(max(ENTRIES_AT_ONCE // count, 1))
        ]
    )


def _without_each(history: CSR, entry: Tensor) -> CSR:
    """Return a copy of a single row for each of some entries, which lacks it."""
    kept, device = history.nnz - 1, entry.device
    place = torch.arange(kept, device=device)
    # Those from the entry on move up by one.
    place = (place + (place >= entry[:, None])).flatten()
    rowptr = kept * torch.arange(entry.numel() + 1, device=device)
    value = None if history.value is None else history.value[place]
    return CSR(rowptr, history.col[place], history.num_cols, value, check=False)
