"""Capped neighbours: a uniform sample of each row, all rows at once."""

import torch
from torch import Tensor
from torch_geometric.utils import cumsum

from tvdiff_pyg.ranges import check_integer
from tvdiff_pyg.sparse import CSR
from tvdiff_pyg.sparse.checks import MAX_INT, check_ids, check_vector


def sample_neighbors(
    rows: CSR,
    index: Tensor,
    num_neighbors: int | Tensor,
    generator: torch.Generator | None = None,
) -> CSR:
    """Select rows and keep at most ``num_neighbors`` entries of each.

    Entries are drawn uniformly without replacement; a row with no more than that many
    keeps them all. The work does not depend on the degrees.

    Args:
        rows: The neighbours of each node, of shape ``[num_rows, num_cols]``.
        index: Rows to read, long, of shape ``[num_selected]``.
        num_neighbors: Most entries of a row, at least 1; -1 keeps all. Or one number
            for each selected row, at least 0, long, of shape ``[num_selected]``.
        generator: Source of randomness. (default: ``None``)

    Returns:
        The sampled rows, of shape ``[num_selected, num_cols]``, in the order that they
        have in ``rows``, with their values.

    Raises:
        ValueError: If ``num_neighbors`` is neither -1 nor at least 1, or there is not
            one number, at least 0, for each row.

    Example:
        >>> rows = CSR.from_edge_index(torch.tensor([[0, 0, 0], [0, 1, 2]]), (1, 3))
        >>> sample_neighbors(rows, torch.tensor([0]), num_neighbors=2).nnz
        2
    """
    if not isinstance(num_neighbors, Tensor):
        check_num_neighbors(num_neighbors)
        if num_neighbors == -1:
            return rows.select(index)
    index = check_ids("index", index, rows.num_rows)
    cap = _caps(num_neighbors, index)
    start, degree = rows.rowptr[index], rows.rowptr[index + 1] - rows.rowptr[index]
    kept = torch.minimum(degree, cap)
    most = int(kept.max()) if kept.numel() > 0 else 0
    place = torch.arange(most, device=index.device).repeat(index.numel(), 1)
    capped = (degree > cap).nonzero().view(-1)
    place[capped] = _draw(degree[capped], cap[capped], most, generator)
    entry = (start.unsqueeze(-1) + place)[
        torch.arange(most, device=index.device) < kept.unsqueeze(-1)
    ]
    value = None if rows.value is None else rows.value[entry]
    return CSR(cumsum(kept), rows.col[entry], rows.num_cols, value, check=False)


def check_num_neighbors(num_neighbors: int) -> None:
    """Raise a ``ValueError`` unless the cap is positive, or -1 for none."""
    check_integer("num_neighbors", num_neighbors, low=-1)
    if num_neighbors == 0:
        raise ValueError(
            "'num_neighbors' needs to be at least 1, or -1 for all (got 0)"
        )


def _caps(num_neighbors: int | Tensor, index: Tensor) -> Tensor:
    """Return the cap of each selected row."""
    if not isinstance(num_neighbors, Tensor):
        return torch.full_like(index, num_neighbors)
    check_vector("num_neighbors", num_neighbors, index.numel(), index)
    return check_ids("num_neighbors", num_neighbors, MAX_INT)


def _draw(
    size: Tensor, count: Tensor, most: int, generator: torch.Generator | None
) -> Tensor:
    """Draw ``count`` of the numbers below each size, by Floyd's algorithm; up to
    ``most``, what follows them is no smaller than the size.
    """
    drawn = torch.empty(size.numel(), most, dtype=torch.long, device=size.device)
    unit = torch.rand(
        most, size.numel(), dtype=torch.double, device=size.device, generator=generator
    )
    for step in range(most):
        # One of the first `last + 1` numbers; if it was drawn before, the last.
        last = size - count + step
        number = (unit[step] * (last + 1)).long()
        taken = (drawn[:, :step] == number.unsqueeze(-1)).any(dim=1)
        drawn[:, step] = torch.where(taken | (step >= count), last, number)
    return drawn.sort(dim=1).values
