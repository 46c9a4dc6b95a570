"""What the instruments share: the normalised graph and the checks of their inputs."""

import torch
from torch import Tensor

from tvdiff_pyg.sparse import CSR, bipartite_norm


def symmetric_rows(user_rows: CSR, dtype: torch.dtype) -> tuple[CSR, CSR]:
    r"""Weigh a graph symmetrically and return both of its orientations.

    .. math::
        \bar{\mathbf{R}} = \mathbf{D}_u^{-1/2} \mathbf{R} \mathbf{D}_i^{-1/2}

    Args:
        user_rows: Each user's items, ``[num_users, num_items]``; values are ignored.
        dtype: Type of the weights.

    Returns:
        :math:`\bar{\mathbf{R}}` and its transpose.

    Example:
        >>> rows = CSR.from_edge_index(torch.tensor([[0, 0], [0, 1]]), (1, 2))
        >>> symmetric_rows(rows, torch.float32)[0].value.tolist()
        [0.7071..., 0.7071...]
    """
    pairs = torch.stack([user_rows.row(), user_rows.col])
    one = torch.ones(user_rows.nnz, dtype=dtype, device=pairs.device)
    size = (user_rows.num_rows, user_rows.num_cols)
    weighted = user_rows.with_value(bipartite_norm(pairs, size, edge_weight=one))
    return weighted, weighted.transpose()


def connected(rows: CSR) -> Tensor:
    """Return which rows have an entry, as a boolean column ``[num_rows, 1]``."""
    return (rows.degree() > 0).unsqueeze(1)


def unit_rows(x: Tensor) -> Tensor:
    """Scale rows to length 1; rows of zeros stay.

    Example:
        >>> unit_rows(torch.tensor([[0.0, 2e-30], [0.0, 0.0]])).tolist()
        [[0.0, 1.0], [0.0, 0.0]]
    """
    # Squares of what has been smoothed away may be too small for single precision.
    largest = x.abs().amax(dim=1, keepdim=True)
    x = x / largest.where(largest > 0, 1)
    norm = x.norm(dim=1, keepdim=True)
    return x / norm.where(norm > 0, 1)


def check_rows(name: str, x: Tensor, num_rows: int) -> None:
    """Raise a ``ValueError`` unless a matrix has a row for each node."""
    if x.dim() != 2 or x.size(0) != num_rows:
        raise ValueError(
            f"'{name}' needs to be of shape [{num_rows}, channels] "
            f"(got {list(x.shape)})"
        )


def check_channels(name: str, x: Tensor, other: Tensor) -> None:
    """Raise a ``ValueError`` unless a matrix is as wide as another one."""
    if x.dim() != 2 or x.size(1) != other.size(1):
        raise ValueError(
            f"'{name}' needs to be of shape [*, {other.size(1)}] (got {list(x.shape)})"
        )


def check_pair(names: tuple[str, str], user: Tensor, item: Tensor, rows: CSR) -> None:
    """Raise a ``ValueError`` unless two matrices fit a graph and each other."""
    check_rows(names[0], user, rows.num_rows)
    check_rows(names[1], item, rows.num_cols)
    check_channels(names[1], item, user)
