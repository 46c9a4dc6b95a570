"""A process is killed at random moments: all end, and nothing is lost of an epoch."""

import multiprocessing
import random
import re
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from tests.training.ranks import PRELOADED
from tests.training.runs import curves, plain
from tvdiff_pyg.data import SyntheticBipartite
from tvdiff_pyg.training import (
    FitOptions,
    ProcessLostError,
    RunFolder,
    Settings,
    fit,
    launching,
)

EPOCHS, SECONDS = 5, 60
SETTINGS = Settings(
    hidden_channels=8, num_timesteps=2, batch_size=50, max_epochs=EPOCHS, patience=50
)
GRAPH = SyntheticBipartite(121, 80, 1500, 4, seed=1)[0]


def epochs_kept(run: Path) -> int:
    last = RunFolder(run).last_checkpoint
    return torch.load(last, weights_only=True)["epoch"] + 1 if last.exists() else 0


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Let processes be forked off one that has imported all; return the latest."""
    context: Any = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    processes: list[Any] = []

    def process(**given: Any) -> Any:
        processes.append(context.Process(**given))
        return processes[-1]

    forking = SimpleNamespace(Process=process, Pipe=context.Pipe)
    home = SimpleNamespace(get_context=lambda _: forking)
    monkeypatch.setattr(launching, "multiprocessing", home)
    yield processes
    assert not any(one.is_alive() for one in processes)


def train(run: Path, strategy: Any, resume: bool = False) -> None:
    options = FitOptions(
        device="cpu", progress=False, devices=2, strategy=strategy, resume=resume
    )
    fit(GRAPH, SETTINGS, run=run, options=options)


def kill_one(
    run: Path, begun: list[Any], moments: random.Random, whole: Path
) -> tuple[float, int]:
    """Kill one of two processes; return when, and how many epochs were kept by then."""
    rank, moment = moments.randrange(2), moments.uniform(-1, EPOCHS)
    seconds = RunFolder(whole).metrics()["fit_seconds"] / EPOCHS
    while len(begun) < 2 or begun[1].pid is None:
        time.sleep(0.002)
    while begun[rank].is_alive() and epochs_kept(run) < int(moment):
        time.sleep(0.002)
    time.sleep(abs(moment) % 1 * seconds)
    kept = epochs_kept(run)
    begun[rank].kill()
    return time.monotonic(), kept


def killed(run: Path, strategy: str, *given: Any) -> int:
    """Train while one is killed; return how many epochs are kept."""
    told, said = list[tuple[float, int]](), None
    kill = partial(kill_one, run, *given)
    thread = Thread(target=lambda: told.append(kill()), daemon=True)
    thread.start()
    try:
        train(run, strategy)
    except ProcessLostError as lost:
        said = re.fullmatch(
            r"process \d of 2 was ended by SIGKILL; "
            r"(no epoch ended|epoch (\d+) is kept in \S+, for 'resume' to go on from)",
            str(lost),
        )
        assert said is not None, lost
    ended = time.monotonic()
    thread.join(SECONDS)
    ((at, before),) = told
    assert ended - at < SECONDS
    kept = epochs_kept(run)
    # One that was done already is not missed.
    assert int(said[2] or 0) == kept if said else RunFolder(run).is_finished()
    assert kept >= before
    return kept


def what_it_comes_to(run: Path) -> dict[str, Any]:
    folder = RunFolder(run)
    told = folder.metrics()
    parts = {name: told[name] for name in ("validation", "test", "best_epoch")}
    return {**parts, "curves": curves(run), "model": plain(folder.model().state_dict())}


def carry_out(folder: Path, strategy: str, kills: int, begun: list[Any]) -> list[int]:
    """Kill, and let go on, so many trainings; return how many epochs each had kept."""
    moments, whole, kept = random.Random(strategy), folder / "whole", []
    train(whole, strategy)
    for number in range(kills):
        run = folder / str(number)
        begun.clear()
        kept.append(killed(run, strategy, begun, moments, whole))
        begun.clear()
        if not (run.exists() and RunFolder(run).is_finished()):
            train(run, strategy, resume=run.exists())
        assert what_it_comes_to(run) == what_it_comes_to(whole)
    return kept


@pytest.mark.slow
@pytest.mark.parametrize(("strategy", "kills"), [("partitioned", 3), ("ddp", 2)])
def test_nothing_is_lost(
    strategy: str, kills: int, tmp_path: Path, begun: list[Any]
) -> None:
    carry_out(tmp_path, strategy, kills, begun)
