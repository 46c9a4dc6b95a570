"""Ctrl-C and SIGTERM while a command writes: what was there stays as it was."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from tests.test_full_disk import contents, graph_of
from tests.test_signals import COMMAND, GRAPH, assert_ends_well, wait_until
from tvdiff_pyg.training import FitOptions, Settings, fit

# A command that stays where what it wrote is whole, and has not yet taken its place.
PAUSED = f"""
import os, pathlib, time, tvdiff_pyg.files
def wait(path):
    pathlib.Path(os.environ["MARK"]).touch()
    time.sleep(600)
tvdiff_pyg.files._flush = wait
{COMMAND}
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    settings = Settings(hidden_channels=4, num_timesteps=2, max_epochs=1)
    options = FitOptions(progress=False, device="cpu")
    fit(graph_of(900), settings, run=folder, options=options)
    pl.DataFrame({"user": [1, 1, 2], "item": [1, 2, 1]}).write_parquet(
        folder.parent / "rows.parquet"
    )
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    "words",
    [
        "export RUN --to safetensors --out OUT/new",
        "explore RUN --out OUT/page.html",
        "prepare --data RUN/../rows.parquet --out OUT/new",
        "recommend RUN --users all --out OUT/best.csv",
        f"fit --data {GRAPH} --run OUT/new --model ease",
        f"fit --data {GRAPH} --run OUT/new --model vaecf --n-epochs 1",
    ],
)
def test_nothing_changes(words: str, signum: int, run: Path, tmp_path: Path) -> None:
    for package in ("safetensors", "jinja2", "cornac"):
        pytest.importorskip(package, reason="needs the extras of what is stopped")
    (tmp_path / "tmp").mkdir()
    (tmp_path / "out").mkdir()
    mark, kept = tmp_path / "mark", contents(run)
    given = words.replace("RUN", str(run)).replace("OUT", str(tmp_path / "out"))
    process = subprocess.Popen(
        [sys.executable, "-c", PAUSED, *given.split()],
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp"), "MARK": str(mark)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_until(mark.exists)
    assert_ends_well(process, tmp_path, signum, times=2)
    assert contents(run) == kept
    assert [path.name for path in (tmp_path / "out").rglob("*")] == []
