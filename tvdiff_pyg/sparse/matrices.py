"""What dense matrices need to be, before a product reads or broadcasts them."""

import torch
from torch import Tensor

from tvdiff_pyg.sparse.checks import check_device


def check_dense(name: str, x: Tensor) -> None:
    """Raise a ``ValueError`` unless something is a dense tensor of real numbers."""
    if not isinstance(x, Tensor) or x.layout != torch.strided:
        got = x.layout if isinstance(x, Tensor) else type(x).__name__
        raise ValueError(f"'{name}' needs to be a dense tensor (got {got})")
    if not x.is_floating_point():
        raise ValueError(
            f"'{name}' needs to hold floating-point numbers (got {x.dtype})"
        )


def check_matrix(name: str, x: Tensor) -> None:
    """Raise a ``ValueError`` unless something is a dense matrix of real numbers."""
    check_dense(name, x)
    if x.dim() != 2:
        raise ValueError(
            f"'{name}' needs to be of shape [*, channels] (got {list(x.shape)})"
        )


def check_width(name: str, x: Tensor, channels: int) -> None:
    """Raise a ``ValueError`` unless something is a dense matrix of a width."""
    check_dense(name, x)
    if x.dim() != 2 or x.size(1) != channels:
        raise ValueError(
            f"'{name}' needs to be of shape [*, {channels}] (got {list(x.shape)})"
        )


def check_channels(name: str, x: Tensor, like: Tensor) -> None:
    """Raise a ``ValueError`` unless a matrix is as wide as another, in its place."""
    check_width(name, x, like.size(1))
    check_device(name, x, like)


def check_num_rows(name: str, x: Tensor, num_rows: int, like: Tensor) -> None:
    """Raise a ``ValueError`` unless a matrix has a row for each of something.

    Args:
        name: Name of the argument, for the error.
        x: What needs to be of shape ``[num_rows, channels]``.
        num_rows: How many.
        like: On the device of this.
    """
    check_dense(name, x)
    if x.dim() != 2 or x.size(0) != num_rows:
        raise ValueError(
            f"'{name}' needs to be of shape [{num_rows}, channels] "
            f"(got {list(x.shape)})"
        )
    check_device(name, x, like)


def as_factors(user_factor: Tensor, item_factor: Tensor) -> tuple[Tensor, Tensor]:
    """Return two matrices in one type, or raise a ``ValueError`` unless they are
    equally wide and in one place.

    Example:
        >>> as_factors(torch.ones(3, 4), torch.ones(2, 1))
        Traceback (most recent call last):
            ...
        ValueError: 'item_factor' needs to be of shape [*, 4] (got [2, 1])
    """
    check_matrix("user_factor", user_factor)
    check_channels("item_factor", item_factor, user_factor)
    return same_type(user_factor, item_factor)


def same_type(user: Tensor, item: Tensor) -> tuple[Tensor, Tensor]:
    """Return two matrices in the wider one of their types.

    Example:
        >>> [x.dtype for x in same_type(torch.ones(1), torch.ones(1).double())]
        [torch.float64, torch.float64]
    """
    dtype = torch.promote_types(user.dtype, item.dtype)
    return user.to(dtype), item.to(dtype)
