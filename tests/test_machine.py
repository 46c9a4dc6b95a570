"""Memory and versions, on this system and on those that lack what this one has."""

import sys
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import torch

from tvdiff_pyg import machine
from tvdiff_pyg.machine import versions

MEGABYTE = 2**20


@pytest.fixture
def no_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away the files of Linux."""
    monkeypatch.setattr(machine.Path, "exists", lambda path: False)


def test_peak_is_at_least_what_is_held_and_grows() -> None:
    before = machine.peak_host_memory_mb()
    assert before >= 0.99 * machine.resident_memory() / MEGABYTE
    held = torch.ones(machine.resident_memory() // 4)  # 4 bytes each: twice as much
    assert machine.peak_host_memory_mb() > before + 0.5 * held.nbytes / MEGABYTE


def test_peak_on_windows(no_proc: None, monkeypatch: pytest.MonkeyPatch) -> None:
    info = SimpleNamespace(rss=MEGABYTE, peak_wset=3 * MEGABYTE)
    process = SimpleNamespace(memory_info=lambda: info)
    monkeypatch.setattr(psutil, "Process", lambda: process)
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setitem(sys.modules, "resource", None)
    assert machine.peak_host_memory_mb() == 3.0
    assert machine.resident_memory() == MEGABYTE


@pytest.mark.parametrize(("platform", "unit"), [("darwin", 2**20), ("linux", 2**10)])
def test_peak_elsewhere(
    platform: str, unit: int, no_proc: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = SimpleNamespace(ru_maxrss=5 * unit)
    resource = SimpleNamespace(RUSAGE_SELF=0, getrusage=lambda who: usage)
    monkeypatch.setitem(sys.modules, "resource", resource)
    monkeypatch.setattr(sys, "platform", platform)
    assert machine.peak_host_memory_mb() == 5.0


@pytest.mark.parametrize("limit", ["max", "1", "4611686018427387904"])
def test_free_memory_keeps_to_the_limit_of_its_group(
    limit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = tmp_path / "memory.max"
    group.write_text(limit + "\n")
    monkeypatch.setattr(machine, "Path", lambda name: group)
    available = SimpleNamespace(available=2**40)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: available)
    free = machine.free_memory("cpu")
    assert free == 2**40 if limit != "1" else free < 0


def test_unknown_device() -> None:
    with pytest.raises(ValueError, match=r"'device' needs to be one of .*'tpu'"):
        machine.resolve_device("tpu")  # type: ignore[arg-type]


def test_a_package_that_is_not_there_is_named() -> None:
    said = r"needs the package no-such-package, .* \(pip install no-such-package\)"
    with pytest.raises(ImportError, match=said):
        versions("no-such-package")
