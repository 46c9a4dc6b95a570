"""Where to compute, by name, and how much memory there is."""

import os
from pathlib import Path
from typing import Literal, get_args

import torch

Device = Literal["auto", "cpu", "cuda"]

GIGABYTE = 2**30


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


def free_memory(device: torch.device | str) -> int:
    """Return the bytes that this process can still take on a device.

    Args:
        device: The CPU, or a CUDA GPU.

    Example:
        >>> free_memory("cpu") > 0
        True
    """
    if torch.device(device).type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    limits = [_free_host_memory()]
    group = Path("/sys/fs/cgroup/memory.max")
    if group.exists() and (limit := group.read_text().strip()).isdigit():
        limits.append(int(limit) - resident_memory())
    return min(limits)


def resident_memory() -> int:
    """Return the bytes of the host that this process holds; 0 where none can tell."""
    own = Path("/proc/self/statm")
    pages = int(own.read_text().split()[1]) if own.exists() else 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _free_host_memory() -> int:
    info = Path("/proc/meminfo")
    if not info.exists():
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    fields = dict(line.split(":") for line in info.read_text().splitlines())
    return int(fields["MemAvailable"].split()[0]) * 2**10
