"""Results as JSON lines: one record a measurement, with what it was measured on."""

import json
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

Record = dict[str, Any]


def hardware() -> Record:
    """Return what a timing depends on: processor, cores, threads, and the GPU."""
    found: Record = {
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
    }
    if torch.cuda.is_available():
        found["gpu"] = torch.cuda.get_device_name()
    return found


def append_record(file: Path, record: Mapping[str, Any]) -> None:
    """Add one line, at once, so that a long run can be cut off and continued.

    Args:
        file: The file, made if absent, with its folder.
        record: What JSON can hold.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.exists() and not file.read_bytes().endswith(b"\n"):
        _cut_off_last_line(file)
    with file.open("a") as lines:
        lines.write(json.dumps(dict(record)) + "\n")


def read_records(file: Path) -> list[Record]:
    """Return all records of a file; none if it is absent.

    Args:
        file: A file of JSON lines. A last line whose writing was interrupted is left
            out.

    Raises:
        ValueError: If a line is not JSON.
    """
    if not file.exists():
        return []
    text = file.read_text()
    whole = text[: text.rfind("\n") + 1]
    try:
        return [json.loads(line) for line in whole.splitlines()]
    except json.JSONDecodeError as error:
        raise ValueError(
            f"'file' needs to hold a JSON record in each line (got {file}: {error})"
        ) from error


def _cut_off_last_line(file: Path) -> None:
    """Remove a line whose writing was interrupted, so that the next stands alone."""
    content = file.read_bytes()
    with file.open("r+b") as lines:
        lines.truncate(content.rfind(b"\n") + 1)


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
