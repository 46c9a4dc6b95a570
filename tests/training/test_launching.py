"""Processes that a command begins end together, whatever ends one of them."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.test_signals import GRAPH, LONG, assert_ends_well, begin, wait_until
from tests.training.ranks import free_port
from tvdiff_pyg.training import RunFolder

SECONDS = 60


def begin_two(folder: Path, *more: str) -> "tuple[subprocess.Popen[str], RunFolder]":
    """Begin a long training of two processes, and wait for its first epochs."""
    run = RunFolder(folder / "run")
    args = ["fit", "--data", GRAPH, "--run", str(run.path), "--devices", "2"]
    process = begin(folder, *args, *LONG, *more)
    # The last checkpoint of an epoch is written after the best one.
    wait_until(lambda: run.best_checkpoint.exists() and run.last_checkpoint.exists())
    return process, run


def ranks(process: "subprocess.Popen[str] | psutil.Process") -> list[Any]:
    """Return the processes that train, by their rank."""
    children = psutil.Process(process.pid).children()
    begun = [one for one in children if "spawn_main" in " ".join(one.cmdline())]
    return sorted(begun, key=lambda one: one.pid)


def epochs(run: RunFolder) -> int:
    saved = run.read_tensors(run.last_checkpoint)
    return int(saved["epoch"]) + 1


@pytest.mark.slow
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_all_end_with_the_command(signum: int, tmp_path: Path) -> None:
    process, run = begin_two(tmp_path)
    assert len(ranks(process)) == 2
    sentence = assert_ends_well(process, tmp_path, signum, 2)
    assert re.search(r"; epoch \d+ is kept in", sentence)
    assert run.metrics()["finished"] is False and run.metrics()["processes"] == 2


@pytest.mark.slow
@pytest.mark.parametrize("rank", [0, 1])
def test_all_end_where_one_is_killed(rank: int, tmp_path: Path) -> None:
    process, run = begin_two(tmp_path)
    both = ranks(process)
    wait_until(lambda: run.last_checkpoint.exists() and epochs(run) > 2)
    both[rank].kill()
    _, said = process.communicate(timeout=SECONDS)
    assert process.returncode == 2 and not any(one.is_running() for one in both)
    kept = f"epoch {epochs(run)} is kept in {run.path}, for 'resume' to go on from"
    ended = f"tvdiff: process {rank} of 2 was ended by SIGKILL; {kept}"
    assert said.splitlines()[-1] == ended
    # With one process, for as many epochs more.
    more = ["--resume", "--max-epochs", str(epochs(run) + 1), "--device", "cpu"]
    args = ["fit", "--data", GRAPH, "--run", str(run.path), *LONG, *more]
    (tmp_path / "again").mkdir()
    _, said = begin(tmp_path / "again", *args).communicate(timeout=SECONDS)
    assert run.metrics()["finished"] and run.metrics()["processes"] == 1, said


@pytest.mark.slow
def test_none_outlives_the_command(tmp_path: Path) -> None:
    process, run = begin_two(tmp_path)
    both = ranks(process)
    process.kill()
    process.communicate()
    wait_until(lambda: not any(one.is_running() for one in both), SECONDS)
    assert epochs(run) >= 1


@pytest.mark.slow
def test_what_one_raises_is_what_is_said(tmp_path: Path) -> None:
    args = ["fit", "--data", GRAPH, "--run", str(tmp_path / "run"), "--devices", "2"]
    process = begin(tmp_path, *args, "--learning-rate", "1e30", "--device", "cpu")
    _, said = process.communicate(timeout=2 * SECONDS)
    assert process.returncode == 2
    assert re.fullmatch(
        "tvdiff: 'learning_rate' needs to be lower, .*", said.splitlines()[-1]
    )
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_two_machines_and_a_script(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from tvdiff_pyg import FitOptions, Settings, fit\n"
        "from tvdiff_pyg.data import SyntheticBipartite\n"
        "if __name__ == '__main__':\n"
        "    graph = SyntheticBipartite(60, 40, 600)[0]\n"
        "    settings = Settings(hidden_channels=4, num_timesteps=2, max_epochs=2)\n"
        "    options = FitOptions(num_nodes=2, progress=False, device='cpu')\n"
        f"    told = fit(graph, settings, run={str(tmp_path / 'run')!r}, "
        "options=options)\n"
        "    print(told['epochs'], told['processes'], told['test']['ndcg@20'])\n"
    )
    meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    machines = [
        subprocess.Popen(
            [sys.executable, str(script)],
            env={**os.environ, **meeting, "NODE_RANK": str(node)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for node in (0, 1)
    ]
    end = time.monotonic() + 5 * SECONDS
    told = [one.communicate(timeout=end - time.monotonic())[0] for one in machines]
    assert told[0].startswith("2 2 0.") and told[1] == told[0]
