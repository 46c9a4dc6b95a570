"""Where to compute, by name."""

from typing import Literal, get_args

import torch

Device = Literal["auto", "cpu", "cuda"]


def resolve_device(device: Device) -> torch.device:
    """Turn a name into a device; "auto" takes a CUDA GPU if there is one.

    Args:
        device: ``"auto"``, ``"cpu"`` or ``"cuda"``.

    Raises:
        ValueError: If the name is unknown, or there is no such device.

    Example:
        >>> resolve_device("cpu")
        device(type='cpu')
    """
    if device not in get_args(Device):
        raise ValueError(
            f"'device' needs to be one of {list(get_args(Device))} (got {device!r})"
        )
    has_gpu = torch.cuda.is_available()
    if device == "cuda" and not has_gpu:
        raise ValueError("'device' needs a CUDA GPU to be 'cuda' (got none here)")
    return torch.device("cuda" if has_gpu and device != "cpu" else "cpu")
