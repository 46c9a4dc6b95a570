r"""Sparse factors of the inverse of a Gram matrix, neither of which is ever formed.

With :math:`R^{\top} R + \lambda I \approx L D L^{\top}` for a unit lower triangular
:math:`L` and a diagonal :math:`D`, the inverse is :math:`M^{\top} D^{-1} M` with
:math:`M = L^{-1}`. Both have few entries in each column, the largest: of :math:`L`,
those that are largest beside the root of their row's diagonal, as frequent items share
more users with any.
"""

import logging
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tvdiff_pyg.ranking.scores import BLOCK_ENTRIES
from tvdiff_pyg.sparse import CSR, sparse_product

logger = logging.getLogger(__name__)

# The rows of a column's entries, ascending, and the entries.
Column = tuple[NDArray[np.int64], NDArray[np.float64]]


def sparse_inverse(users: CSR, l2: float, count: int) -> tuple[CSR, Tensor]:
    r"""Factorise the inverse of :math:`R^{\top} R + \lambda I`.

    Entries that are dropped may leave a pivot of 0 or less. Then the penalty is
    doubled, which is said, until there is none.

    Args:
        users: Each user's items, of shape ``[num_users, num_items]``.
        l2: The penalty :math:`\lambda`, above 0.
        count: Entries that are kept of each column beside the diagonal, at least 1.

    Returns:
        :math:`M^{\top}`, with a row for each item, of shape ``[num_items, num_items]``,
        and the diagonal of :math:`D`, of shape ``[num_items]``. Columns are in an order
        of their own.

    Example:
        >>> users = CSR.from_edge_index(torch.tensor([[0, 0, 1], [0, 1, 1]]), (2, 2))
        >>> rows, pivot = sparse_inverse(users, l2=1.0, count=1)
        >>> weighed = rows.with_value(rows.values() / pivot[rows.col])
        >>> sparse_product(weighed, rows.transpose())
        tensor([[ 0.6000, -0.2000],
                [-0.2000,  0.4000]])
    """
    device, users = users.col.device, users.to("cpu").with_value(None)
    order = users.col_degree().argsort(stable=True)  # little fills up, as few meet few
    penalty = l2
    while (factor := _factorise(users, order, penalty, count)) is None:
        penalty = max(2 * penalty, 1.0)
    if penalty > l2:
        logger.warning(
            "'l2' needs to be larger, or more entries to be kept, for a sparse "
            "factorisation: it is raised to %g (got %g)",
            penalty,
            l2,
        )
    columns, pivot = factor
    rows = _as_rows(_invert(columns, count), order)
    return rows.to(device), torch.from_numpy(pivot).float().to(device)


def _factorise(
    users: CSR, order: Tensor, l2: float, count: int
) -> tuple[list[Column], NDArray[np.float64]] | None:
    """Return the columns of the factor below its diagonal, and the pivots, if any."""
    num_items = order.numel()
    columns: list[Column] = []
    pivot = l2 + users.col_degree()[order].double().numpy()
    scale = np.sqrt(pivot)
    # Of each row, the columns whose next entry is there, and where in them that is.
    waiting: list[list[tuple[int, int]]] = [[] for _ in range(num_items)]
    for place, column in enumerate(_gram_columns(users, order)):
        if pivot[place] <= 0:
            return None
        for before, at in waiting[place]:
            row, entry = columns[before]
            column[row[at + 1 :]] -= entry[at] * pivot[before] * entry[at + 1 :]
            _wait(waiting, before, row, at + 1)
        row, value = _largest(column, place + 1, count, scale)
        pivot[row] -= value**2 / pivot[place]
        columns.append((row, value / pivot[place]))
        _wait(waiting, place, row, 0)
    return columns, pivot


def _wait(
    waiting: list[list[tuple[int, int]]], column: int, row: NDArray[np.int64], at: int
) -> None:
    if at < row.size:
        waiting[row[at]].append((column, at))


def _invert(columns: list[Column], count: int) -> list[Column]:
    """Return the columns of the inverse below its diagonal, by substitution."""
    inverse: list[Column] = []
    scale = np.ones(len(columns))
    for place, (row, entry) in reversed(list(enumerate(columns))):
        column = np.zeros(len(columns))
        for after, weight in zip(row, entry, strict=True):
            reached, value = inverse[len(columns) - 1 - after]
            column[after] -= weight
            column[reached] -= weight * value
        inverse.append(_largest(column, place + 1, count, scale))
    return inverse[::-1]


def _gram_columns(users: CSR, order: Tensor) -> Iterator[NDArray[np.float64]]:
    """Count the users that an item shares with each, in an order of the items."""
    raters = users.transpose().select(order)
    users = raters.transpose()
    block_size = max(BLOCK_ENTRIES // max(order.numel(), 1), 1)
    for block in torch.arange(order.numel()).split(block_size):
        yield from sparse_product(raters.select(block), users).double().numpy()


def _largest(
    column: NDArray[np.float64], start: int, count: int, scale: NDArray[np.float64]
) -> Column:
    """Return the entries from a row on that are furthest from 0, by a scale of rows."""
    row = start + column[start:].nonzero()[0]
    if row.size > count:
        heaviest = np.argsort(-abs(column[row]) / scale[row], kind="stable")
        row = np.sort(row[heaviest[:count]])
    return row, column[row]


def _as_rows(columns: list[Column], order: Tensor) -> CSR:
    """Return columns as rows of the items, with ones for the diagonal."""
    num_items = order.numel()
    place = torch.arange(num_items)
    degree = torch.tensor([row.size for row, _ in columns], dtype=torch.long)
    item = order[torch.cat([place, place.repeat_interleave(degree)])]
    rows = [place, *(torch.from_numpy(row) for row, _ in columns)]
    entries = [torch.ones(num_items), *(torch.from_numpy(one) for _, one in columns)]
    pairs = torch.stack([item, torch.cat(rows)])
    value = torch.cat(entries).float()
    return CSR.from_edge_index(pairs, (num_items, num_items), value)
