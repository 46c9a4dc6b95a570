"""Ctrl-C and SIGTERM: a command ends in seconds, in a sentence, and leaves nothing."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import torch
from pytorch_lightning.callbacks import Callback

from tvdiff_pyg.cli.signals import Stopping
from tvdiff_pyg.data import BipartiteGraph, SyntheticBipartite
from tvdiff_pyg.training import FitOptions, RunFolder, Settings, fit

COMMAND = "import sys; from tvdiff_pyg.cli import main; sys.exit(main())"
GRAPH = "synthetic:num_users=120,num_items=80,num_interactions=1500"
LONG = ["--max-epochs", "100000", "--patience", "100000", "--hidden-channels", "8"]
LONG += ["--num-timesteps", "2", "--device", "cpu"]
# Of a machine that does other work as well.
SECONDS = 15


def begin(folder: Path, *args: str) -> "subprocess.Popen[str]":
    """Begin a command, with a process group and temporary files of its own."""
    (folder / "tmp").mkdir()
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, *args],
        env={**os.environ, "TMPDIR": str(folder / "tmp")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_until(true: Callable[[], object], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def assert_ends_well(
    process: "subprocess.Popen[str]",
    folder: Path,
    signum: int,
    times: int = 1,
    group: bool = False,
) -> str:
    """Send a signal, to all of a group as Ctrl-C does if asked; return what is said."""
    others = psutil.Process(process.pid).children(recursive=True)
    began = time.monotonic()
    for _ in range(times):
        send = os.killpg if group or signum == signal.SIGINT else os.kill
        send(process.pid, signum)
        time.sleep(0.2)
    _, said = process.communicate(timeout=60)
    assert time.monotonic() - began < SECONDS
    assert process.returncode == 128 + signum
    how = "interrupted" if signum == signal.SIGINT else "terminated"
    *logged, sentence = said.splitlines()
    assert not any("Traceback" in line or "SIGTERM" in line for line in logged)
    assert sentence.startswith(f"tvdiff: {how}")
    wait_until(lambda: not any(one.is_running() for one in others), 10)
    # PyG and torch leave files of their own, whatever happens.
    for name in ("tvdiff-*", "pymp-*"):
        assert list((folder / "tmp").glob(name)) == []
    return sentence


@pytest.mark.slow
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("times", [1, 3])
def test_a_fit_keeps_its_best_epoch(signum: int, times: int, tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    args = ["fit", "--data", GRAPH, "--run", str(run.path), *LONG]
    process = begin(tmp_path, *args)
    wait_until(run.best_checkpoint.exists)
    sentence = assert_ends_well(process, tmp_path, signum, times)
    assert "is kept in" in sentence
    metrics = run.metrics()
    assert metrics["finished"] is False and metrics["validation"]["ndcg@20"] > 0
    assert metrics["test"] == {} and run.model() is not None


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.3, 1.0, 2.0, 3.0])
def test_before_the_first_epoch(seconds: float, tmp_path: Path) -> None:
    process = begin(tmp_path, "fit", "--data", GRAPH, "--run", str(tmp_path / "run"))
    time.sleep(seconds)
    assert_ends_well(process, tmp_path, signal.SIGINT)


@pytest.mark.slow
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_fit_with_workers(signum: int, tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    args = ["fit", "--data", GRAPH, "--run", str(run.path), *LONG]
    process = begin(tmp_path, *args, "--engine", "sampled", "--num-workers", "2")
    wait_until(run.best_checkpoint.exists)
    assert_ends_well(process, tmp_path, signum, 2)


@pytest.mark.slow
def test_workers_that_a_signal_ends_leave_no_sockets() -> None:
    # Of a short name, or sockets are elsewhere.
    with tempfile.TemporaryDirectory(prefix="s-") as folder:
        args = ["fit", "--data", GRAPH, "--run", f"{folder}/run", *LONG]
        args += ["--engine", "sampled", "--num-workers", "2", "--batch-size", "8"]
        process = begin(Path(folder), *args)
        wait_until(lambda: any(Path(folder, "tmp").rglob("listener-*")))
        # As services and containers are stopped.
        assert_ends_well(process, Path(folder), signal.SIGTERM, group=True)


@pytest.mark.slow
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("jobs", [0, 2])
def test_a_study(signum: int, jobs: int, tmp_path: Path) -> None:
    args = ["study", "oversmoothing", "--data", GRAPH, "--values", "1", "2"]
    args += ["--out", str(tmp_path / "out"), "--jobs", str(jobs), *LONG]
    process = begin(tmp_path, *args)
    runs = max(jobs, 1)
    wait_until(lambda: len(list((tmp_path / "tmp").rglob("best.ckpt"))) == runs)
    assert "0 of 6 cells are kept" in assert_ends_well(process, tmp_path, signum, 2)


@pytest.mark.slow
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("jobs", [0, 2])
def test_a_tuning(signum: int, jobs: int, tmp_path: Path) -> None:
    pytest.importorskip("optuna", reason="tuning needs optuna")
    args = ["tune", "--models", "tvdiff", "--data", GRAPH, "--trials", "3"]
    args += ["--out", str(tmp_path / "out"), "--jobs", str(jobs), *LONG]
    process = begin(tmp_path, *args)
    runs = max(jobs, 1)
    wait_until(lambda: len(list((tmp_path / "tmp").rglob("best.ckpt"))) == runs)
    assert "0 trials are kept" in assert_ends_well(process, tmp_path, signum, 2)


@pytest.mark.slow
def test_processes_of_a_study_end_with_it(tmp_path: Path) -> None:
    args = ["study", "oversmoothing", "--data", GRAPH, "--values", "1", "2"]
    process = begin(
        tmp_path, *args, "--out", str(tmp_path / "out"), "--jobs", "2", *LONG
    )
    wait_until(lambda: len(list((tmp_path / "tmp").rglob("best.ckpt"))) == 2)
    others = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.communicate()
    wait_until(lambda: not any(one.is_running() for one in others), SECONDS)
    assert list((tmp_path / "tmp").glob("tvdiff-*")) == []


@pytest.mark.slow
def test_a_long_call_of_another_library_is_ended(tmp_path: Path) -> None:
    code = (
        "import ctypes, os, signal, tvdiff_pyg.cli.signals as signals\n"
        "signals.GRACE_SECONDS = 1\n"
        "with signals.Stopping(process_ends=True):\n"
        "    signal.siginterrupt(signal.SIGTERM, False)\n"
        "    print(flush=True)\n"
        "    ctypes.CDLL(None).read(os.pipe()[0], ctypes.create_string_buffer(1), 1)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None and process.stdout.readline()
    time.sleep(1)  # until it waits for what never comes
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 143 and said == b"tvdiff: terminated\n"


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_only_the_first_signal_counts(signum: int) -> None:
    before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]
    with Stopping(process_ends=False) as stopping:
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signum)
        signal.raise_signal(signal.SIGINT)
        assert stopping.status == 128 + signum
    after = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]
    assert after == before and signal.set_wakeup_fd(-1) == -1


def test_a_command_leaves_signals_as_they_were() -> None:
    before = {one: signal.getsignal(one) for one in signal.valid_signals()}
    with Stopping(process_ends=True):
        pass
    assert {one: signal.getsignal(one) for one in signal.valid_signals()} == before


def test_ctrl_c_after_all_is_done_is_of_no_use() -> None:
    """While Python shuts down, that is: what is registered first is called last."""
    source = (
        "import atexit, signal\n"
        "atexit.register(signal.raise_signal, signal.SIGINT)\n"
        "from tvdiff_pyg.cli.signals import Stopping\n"
        "with Stopping(process_ends=True):\n"
        "    pass\n"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True)
    assert done.returncode == 0 and not done.stderr


class Finalised:
    """Stands for what a signal meets while it is removed, such as a data loader."""

    def __init__(self, signum: int) -> None:
        self.signum = signum

    def __del__(self) -> None:
        signal.raise_signal(self.signum)
        time.sleep(SECONDS)  # Nobody comes here.


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_a_finaliser_swallows_is_not_lost(
    signum: int, capsys: pytest.CaptureFixture[str]
) -> None:
    began, hook = time.monotonic(), sys.unraisablehook
    with pytest.raises(KeyboardInterrupt), Stopping(process_ends=False) as stopping:
        Finalised(signum)
        time.sleep(SECONDS)
    assert time.monotonic() - began < SECONDS / 2
    assert stopping.signum == signum and sys.unraisablehook is hook
    assert not capsys.readouterr().err


def test_what_else_a_finaliser_raises_is_heard_as_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Wrong:
        def __del__(self) -> None:
            raise OSError("unwell")

    heard: list[str] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda it: heard.append(str(it[1])))
    with Stopping(process_ends=False):
        Wrong()
    assert heard == ["unwell"]


def test_a_function_leaves_signals_to_its_caller(tmp_path: Path) -> None:
    graph = SyntheticBipartite(120, 80, 1500)[0]
    settings = Settings(hidden_channels=4, max_epochs=100_000, patience=100_000)
    run, over, times = RunFolder(tmp_path / "run"), threading.Event(), []

    def press_ctrl_c() -> None:
        wait_until(run.best_checkpoint.exists)
        while not times or not over.wait(60):  # A lost one fails, and hangs nothing.
            times.append(1)
            os.kill(os.getpid(), signal.SIGINT)

    before = {one: signal.getsignal(one) for one in signal.valid_signals()}
    threading.Thread(target=press_ctrl_c).start()
    with pytest.raises(KeyboardInterrupt, match=r"epoch \d+ is kept in"):
        fit(graph, settings, run=run.path, options=FitOptions(progress=False))
    over.set()
    assert times == [1]
    assert {one: signal.getsignal(one) for one in signal.valid_signals()} == before
    assert run.metrics()["finished"] is False


class Removing(Callback):
    """Removes what meets Ctrl-C in its finaliser, in the third batch."""

    seen = 0

    def on_train_batch_start(self, *_: object) -> None:
        self.seen += 1
        if self.seen == 3:
            Met()
        assert self.seen < 30  # Nobody comes here.


class Met:
    def __del__(self) -> None:
        signal.raise_signal(signal.SIGINT)


def test_a_function_ends_for_what_a_finaliser_swallows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", said.append)
    hook, graph = sys.unraisablehook, SyntheticBipartite(120, 80, 1500)[0]
    settings = Settings(hidden_channels=4, max_epochs=100_000, patience=100_000)
    options, removing = FitOptions(progress=False), Removing()
    with pytest.raises(KeyboardInterrupt, match="epoch"):
        fit(
            graph,
            settings,
            run=tmp_path / "run",
            options=options,
            callbacks=[removing],
        )
    assert removing.seen == 3 and not said and sys.unraisablehook is hook


def test_a_function_leaves_ctrl_c_to_who_handles_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda it: said.append(it.exc_value))

    def press(*_: object) -> None:
        raise KeyboardInterrupt("mine")

    before = signal.signal(signal.SIGINT, press)
    try:
        fit(
            SyntheticBipartite(120, 80, 1500)[0],
            Settings(hidden_channels=4, max_epochs=5),
            run=tmp_path / "run",
            options=FitOptions(progress=False),
            callbacks=[Removing()],
        )
    finally:
        signal.signal(signal.SIGINT, before)
    assert [str(one) for one in said] == ["mine"]


@pytest.mark.slow
def test_a_function_is_terminated_as_usual(tmp_path: Path) -> None:
    code = (
        "from tvdiff_pyg.data import SyntheticBipartite\n"
        "from tvdiff_pyg.training import *\n"
        "settings = Settings(hidden_channels=4, max_epochs=10**5, patience=10**5)\n"
        "graph = SyntheticBipartite(120, 80, 1500)[0]\n"
        f"fit(graph, settings, run={str(tmp_path / 'run')!r}, "
        "options=FitOptions(progress=False))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code])
    wait_until(RunFolder(tmp_path / "run").best_checkpoint.exists)
    process.terminate()
    assert process.wait(SECONDS) == -signal.SIGTERM


def test_in_another_thread(tmp_path: Path) -> None:
    told: list[dict[str, object]] = []
    graph: BipartiteGraph = SyntheticBipartite(60, 40, 600)[0]
    settings = Settings(hidden_channels=4, max_epochs=2)

    def work() -> None:
        with Stopping(process_ends=False):
            options = FitOptions(progress=False)
            told.append(fit(graph, settings, run=tmp_path / "run", options=options))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert told[0]["epochs"] == 2 and torch.is_grad_enabled()
