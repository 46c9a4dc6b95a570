"""Arithmetic that holds sums over all items."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor


def at_least_single(x: Tensor) -> Tensor:
    """Return numbers in single precision, or in the higher one that they are in.

    Example:
        >>> at_least_single(torch.ones(1, dtype=torch.bfloat16)).dtype
        torch.float32
    """
    return x.to(torch.promote_types(x.dtype, torch.float))


def wide_range(device: torch.device) -> AbstractContextManager[object]:
    """Leave autocast as it is, but for float16: that ends at 65,504.

    Args:
        device: Where numbers are.
    """
    if autocast_dtype(device) == torch.half:
        return torch.autocast(device.type, enabled=False)
    return nullcontext()


def autocast_dtype(device: torch.device) -> torch.dtype | None:
    """Return what autocast computes products in; ``None`` where it is off.

    Args:
        device: Where numbers are.
    """
    if not torch.is_autocast_enabled(device.type):
        return None
    return torch.get_autocast_dtype(device.type)
