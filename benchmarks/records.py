"""Results as JSON lines: one record a measurement, with what it was measured on."""

import json
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

RESULTS = Path(__file__).parent / "results"


def hardware() -> dict[str, Any]:
    """Return what a timing depends on."""
    found: dict[str, Any] = {
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
    }
    if torch.cuda.is_available():
        found["gpu"] = torch.cuda.get_device_name()
    return found


def append_record(file: Path, record: Mapping[str, Any]) -> None:
    """Add one line, at once, so that a long run can be cut off and continued."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as lines:
        lines.write(json.dumps(dict(record)) + "\n")


def read_records(file: Path) -> list[dict[str, Any]]:
    """Return all records of a file; none if it is absent."""
    if not file.exists():
        return []
    return [json.loads(line) for line in file.read_text().splitlines()]


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
