"""Killed at random moments and resumed: nothing is lost, and weights end bit-equal."""

import json
import multiprocessing
import random
import runpy
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.training.runs import SAMPLED, SHARE, curves, plain, state
from tvdiff_pyg.training import RunFolder

KILLS, EPOCHS = 10, 12
CHANGES: dict[str, dict[str, Any]] = {
    "checked": {},
    "checked every third epoch": {"check_every": 3},
    "sampled": {"check_every": 2, **SAMPLED, "sparse_grad": True},
    "chosen share": SHARE,
}


def begin(work: str, *args: object) -> Any:
    """Begin in a process forked off one that has imported everything."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tvdiff_pyg.training", "tvdiff_pyg.study"])
    # By its path: a package of this folder's name may be installed.
    script = Path(__file__).with_name("crash_work.py")
    process = context.Process(
        target=runpy.run_path,
        args=(str(script), {"work": (work, *args)}, "__main__"),
    )
    process.start()
    return process


def seconds_of(work: str, *args: object) -> float:
    """Carry out in a process of its own."""
    began = time.monotonic()
    process = begin(work, *args)
    process.join()
    assert process.exitcode == 0
    return time.monotonic() - began


def kill(process: Any, seconds: float) -> None:
    process.join(max(seconds, 0))
    process.kill()
    process.join()


def epochs_begun(run: Path) -> int:
    note = Path(f"{run}.epoch")
    text = note.read_text() if note.exists() else ""
    return int(text or 0)


@pytest.mark.slow
@pytest.mark.parametrize("name", CHANGES)
def test_a_training(name: str, tmp_path: Path) -> None:
    change = CHANGES[name]
    whole = tmp_path / "whole"
    seconds_of("train", str(tmp_path / "warm"), change, False)
    seconds_of("train", str(whole), change, False)
    weights = plain(RunFolder(whole).model().state_dict())
    epoch_seconds = RunFolder(whole).metrics()["fit_seconds"] / EPOCHS
    moments = random.Random(name)
    reached = []
    for number in range(KILLS):
        run = tmp_path / str(number)
        # From before the first epoch to after the last.
        moment = moments.uniform(-1, EPOCHS + 1)
        process = begin("train", str(run), change, False)
        while process.is_alive() and epochs_begun(run) < int(moment):
            time.sleep(0.002)
        kill(process, abs(moment) % 1 * epoch_seconds)
        last = RunFolder(run).last_checkpoint
        ended = torch.load(last, weights_only=True)["epoch"] + 1 if last.exists() else 0
        assert ended >= epochs_begun(run)
        if not (run.exists() and RunFolder(run).is_finished()):
            seconds_of("train", str(run), change, run.exists())
        assert state(run) == state(whole)
        assert curves(run) == curves(whole)
        assert plain(RunFolder(run).model().state_dict()) == weights
        told, expected = (RunFolder(one).metrics() for one in (run, whole))
        for part in ("test", "validation", "best_epoch", "epochs", "linear_share"):
            assert told[part] == expected[part]
        reached.append(ended)
    # The moments are spread over all of a training.
    assert len(set(reached)) > KILLS // 2


@pytest.mark.slow
def test_a_study(tmp_path: Path) -> None:
    def found(out: Path) -> list[dict[str, Any]]:
        lines = (out / "cells.jsonl").read_text().splitlines() if out.exists() else []
        whole = []
        for line in lines:
            try:
                record = json.loads(line)
            except json.JSONDecodeError:
                continue
            whole.append({n: record[n] for n in ("variant", "seed", "metrics")})
        return whole

    seconds_of("study", str(tmp_path / "warm"))
    seconds = seconds_of("study", str(tmp_path / "whole"))
    expected = found(tmp_path / "whole")
    moments = random.Random("study")
    for number in range(KILLS):
        out = tmp_path / str(number)
        kill(begin("study", str(out)), moments.uniform(0, seconds))
        kept = found(out) if (out / "cells.jsonl").exists() else []
        seconds_of("study", str(out))
        assert found(out)[: len(kept)] == kept
        assert found(out) == expected
        assert (out / "report.html").exists()
