"""What a run is carried out on: devices, memory, processor and versions."""

import os
import platform
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, get_args

import psutil
import torch

Device = Literal["auto", "cpu", "cuda"]

MEGABYTE, GIGABYTE = 2**20, 2**30
PACKAGES = ("tvdiff_pyg", "torch", "torch_geometric", "pytorch_lightning")


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
    limits = [int(psutil.virtual_memory().available)]
    group = Path("/sys/fs/cgroup/memory.max")
    if group.exists() and (limit := group.read_text().strip()).isdigit():
        limits.append(int(limit) - resident_memory())
    return min(limits)


def resident_memory() -> int:
    """Return the bytes of the host that this process holds.

    Example:
        >>> resident_memory() > MEGABYTE
        True
    """
    return int(psutil.Process().memory_info().rss)


def peak_memory_mb() -> float:
    """Return the most memory that this process has held, in MB of 2**20 bytes.

    On a GPU that is the allocator's peak, otherwise the resident set of the process.

    Example:
        >>> peak_memory_mb() > 1
        True
    """
    if torch.cuda.is_available() and torch.cuda.max_memory_allocated() > 0:
        return torch.cuda.max_memory_allocated() / MEGABYTE
    return peak_host_memory_mb()


def peak_host_memory_mb() -> float:
    """Return the largest resident set of this process, in MB of 2**20 bytes.

    Example:
        >>> peak_host_memory_mb() > 1
        True
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            # Unlike the usage below, it forgets the process that started this one.
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 2**10
    if sys.platform == "win32":  # which has no `resource`
        return float(psutil.Process().memory_info().peak_wset) / MEGABYTE
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / MEGABYTE if sys.platform == "darwin" else peak / 2**10


def hardware() -> dict[str, Any]:
    """Return what a timing depends on: processor, cores, threads, and the GPU.

    Example:
        >>> list(hardware())[:3]
        ['cpu', 'cores', 'threads']
    """
    found: dict[str, Any] = {
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
    }
    if torch.cuda.is_available():
        found["gpu"] = torch.cuda.get_device_name()
    return found


def versions(*further: str) -> dict[str, str]:
    """Return the versions that a figure depends on.

    Args:
        *further: Packages that it depends on besides, by the names that pip knows.

    Raises:
        ImportError: If one is not installed; it says what to install.

    Example:
        >>> list(versions("polars"))[-3:]
        ['torch_geometric', 'pytorch_lightning', 'polars']
    """
    try:
        found = {package: version(package) for package in (*PACKAGES, *further)}
    except PackageNotFoundError as missing:
        raise ImportError(
            f"this needs the package {missing.name}, which is not installed "
            f"(pip install {missing.name})"
        ) from None
    return {"python": platform.python_version(), **found}


def check_installed(packages: Sequence[str], what: str, extra: str) -> None:
    """Check that packages are there.

    Args:
        packages: Their names, as they are imported.
        what: What needs them, in words.
        extra: The extra of this package that brings them.

    Raises:
        ImportError: If one is not; it says what to install.

    Example:
        >>> check_installed(["torch"], "training", "all")
    """
    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        raise ImportError(
            f"{what} needs {' and '.join(missing)} (pip install 'tvdiff_pyg[{extra}]')"
        )


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
