"""What arguments need to be, before their shapes are read."""

from types import NoneType

import numpy as np
import torch
from torch import Tensor

_COUNTS = int, np.integer, torch.SymInt, NoneType


def check_tensor(name: str, value: object) -> None:
    """Raise a ``ValueError`` unless something is a tensor."""
    if not isinstance(value, Tensor):
        raise ValueError(f"'{name}' needs to be a tensor (got {type(value).__name__})")


def check_size(
    size: tuple[int | None, int | None], name: str = "size"
) -> tuple[int | None, int | None]:
    """Return how many there are of two sides, or raise a ``ValueError``.

    Args:
        size: Two integers, at least 0; ``None`` where a side is open.
        name: Name of the argument, for the error. (default: ``"size"``)

    Example:
        >>> check_size([3, None])
        (3, None)
    """
    if not isinstance(size, tuple | list) or len(size) != 2:
        raise ValueError(f"'{name}' needs to be two numbers (got {size!r})")
    for count in size:
        whole = isinstance(count, _COUNTS) and not isinstance(count, bool)
        if not whole or (count is not None and count < 0):
            raise ValueError(
                f"'{name}' needs to hold integers, at least 0 (got {count!r})"
            )
    return size[0], size[1]
