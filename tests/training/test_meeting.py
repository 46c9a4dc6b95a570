"""Processes find each other as often as a script asks, each time anew."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.training.ranks import SECONDS, begin, free_port
from tvdiff_pyg.training.meeting import next_meeting

SCRIPT = """
import runpy, sys

work = "meet", {}, (sys.argv[2], 5), {}
runpy.run_path(sys.argv[1], {"work": work}, "__main__")
"""


def test_none_reads_what_another_was_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.setenv(name, "not read")
    place = "127.0.0.1", free_port(), 0, 1
    stores = [next_meeting(*place) for _ in range(3)]
    stores[0].set("where", "here")
    assert stores[0].check(["where"])
    assert not stores[1].check(["where"]) and not stores[2].check(["where"])


@pytest.mark.slow
def test_a_script_of_torchrun_works_in_several_processes_twice(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    work = Path(__file__).with_name("ranks_work.py")
    here = [str(script), str(work), str(tmp_path / "met")]
    process = subprocess.Popen([*command, *here])
    try:
        assert process.wait(SECONDS) == 0
    finally:
        process.terminate()  # With those that it has begun.
        process.wait()
    assert sorted(file.name for file in tmp_path.glob("met.*")) == ["met.0", "met.1"]


@pytest.mark.slow
def test_so_do_processes_that_nobody_keeps_a_store_for(tmp_path: Path) -> None:
    processes = begin(2, "slurm", "meet", str(tmp_path / "met"), 30)
    for process in processes:
        process.join(SECONDS)
    statuses = [process.exitcode for process in processes]
    for process in processes:
        process.kill()
    assert statuses == [0, 0]
