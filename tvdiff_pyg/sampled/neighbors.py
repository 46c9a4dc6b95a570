"""Capped neighbours: a uniform sample of each row, all rows at once."""

import torch
from torch import Tensor
from torch_geometric.utils import cumsum

from tvdiff_pyg.sparse import CSR


def sample_neighbors(
    rows: CSR,
    index: Tensor,
    num_neighbors: int,
    generator: torch.Generator | None = None,
) -> CSR:
    """Select rows and keep at most ``num_neighbors`` entries of each.

    Entries are drawn uniformly without replacement; a row with no more than that many
    keeps them all. The work does not depend on the degrees.

    Args:
        rows: The neighbours of each node, of shape ``[num_rows, num_cols]``.
        index: Rows to read, long, of shape ``[num_selected]``.
        num_neighbors: Most entries of a row, at least 1; -1 keeps all.
        generator: Source of randomness. (default: ``None``)

    Returns:
        The sampled rows, of shape ``[num_selected, num_cols]``, columns ascending.

    Raises:
        ValueError: If ``num_neighbors`` is neither -1 nor at least 1.

    Example:
        >>> rows = CSR.from_edge_index(torch.tensor([[0, 0, 0], [0, 1, 2]]), (1, 3))
        >>> sample_neighbors(rows, torch.tensor([0]), num_neighbors=2).nnz
        2
    """
    check_num_neighbors(num_neighbors)
    if num_neighbors == -1:
        return rows.select(index)
    start, degree = rows.rowptr[index], rows.rowptr[index + 1] - rows.rowptr[index]
    kept = degree.clamp(max=num_neighbors)
    place = torch.arange(num_neighbors, device=index.device).repeat(index.numel(), 1)
    capped = (degree > num_neighbors).nonzero().view(-1)
    place[capped] = _draw(degree[capped], num_neighbors, generator)
    entry = (start.unsqueeze(-1) + place)[
        torch.arange(num_neighbors, device=index.device) < kept.unsqueeze(-1)
    ]
    return CSR(cumsum(kept), rows.col[entry], rows.num_cols)


def check_num_neighbors(num_neighbors: int) -> None:
    """Raise a ``ValueError`` unless the cap is positive, or -1 for none."""
    if num_neighbors != -1 and num_neighbors < 1:
        raise ValueError(
            f"'num_neighbors' needs to be at least 1, or -1 for all "
            f"(got {num_neighbors})"
        )


def _draw(size: Tensor, count: int, generator: torch.Generator | None) -> Tensor:
    """Draw ``count`` of the numbers below each size, by Floyd's algorithm."""
    drawn = torch.empty(size.numel(), count, dtype=torch.long, device=size.device)
    unit = torch.rand(
        count, size.numel(), dtype=torch.double, device=size.device, generator=generator
    )
    for step in range(count):
        # One of the first `last + 1` numbers; if it was drawn before, the last.
        last = size - count + step
        number = (unit[step] * (last + 1)).long()
        taken = (drawn[:, :step] == number.unsqueeze(-1)).any(dim=1)
        drawn[:, step] = torch.where(taken, last, number)
    return drawn.sort(dim=1).values
