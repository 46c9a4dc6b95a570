"""A pipe in the place of a file or a folder: refused, not waited for, not replaced."""

import os
import shutil
import stat
from functools import partial
from pathlib import Path

import pytest

from tests.fuzz.case import Case, command, judge
from tests.fuzz.folders import GRAPH, SMALL, fitted

pytestmark = pytest.mark.skipif(
    not hasattr(os, "mkfifo"), reason="Windows has no named pipes"
)
AGAIN = f"--data={GRAPH} --max-epochs=2 {' '.join(SMALL)}"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fitted(tmp_path_factory.mktemp("pipes") / "run")


def refuse(words: str, run: Path, pipe: Path) -> None:
    """Carry a command out, which has to end, and to leave the pipe where it is."""
    given = words.replace("RUN", str(run)).replace("PIPE", str(pipe))
    case = Case("pipe", given, partial(command, *given.split()), refused=True)
    assert judge(case) == ("clear", "")
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize(
    "words",
    [
        "fit --run new --data PIPE",
        "fit --run new --data log.csv --test-file PIPE",
        "fit --run new --data log.csv --features beside --user-features PIPE",
        f"fit --run new --config PIPE --data {GRAPH}",
        f"fit --run PIPE --data {GRAPH}",
        "fit --run new --data /dev/null",
        "final RUN --run PIPE",
        "evaluate PIPE",
        "similar PIPE --item 1",
        "recommend RUN --users PIPE --out best.csv",
        "recommend RUN --users all --out PIPE",
        "recommend RUN --user 1 --new-items PIPE",
        "explore RUN --out PIPE",
        "explore RUN --out /dev/null",
        "export RUN --to safetensors --out PIPE",
        "prepare --data PIPE --out new",
        f"study losses --data {GRAPH} --out PIPE",
        f"tune --models ease --data {GRAPH} --out PIPE",
        "--plugin PIPE models",
        "datasets PIPE",
    ],
)
def test_what_is_given_is_no_pipe(
    words: str, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("jinja2", "safetensors", "optuna", "matplotlib"):
        pytest.importorskip(package, reason="needs the extras of all commands")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "log.csv").write_text("user,item\n1,1\n2,2\n1,2\n2,3\n")
    pipe = tmp_path / ("pipe.py" if "--plugin" in words else "pipe.csv")
    os.mkfifo(pipe)
    refuse(words, run, pipe)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.csv", pipe.name]


@pytest.mark.parametrize(
    ("words", "file"),
    [
        ("evaluate RUN", "graph.pt"),
        ("evaluate RUN", "manifest.json"),
        ("evaluate RUN", "checkpoints/best.ckpt"),
        (f"fit --run RUN --resume {AGAIN}", "checkpoints/last.ckpt"),
        (f"fit --run RUN --resume {AGAIN}", "config.yaml"),
        (f"fit --run RUN --overwrite {AGAIN}", "metrics.json"),
        ("final RUN --run RUN/../new", "metrics.json"),
        ("explore RUN --out page.html", "logs/version_0/metrics.csv"),
        ("relocate RUN --data RUN/data", "data/prepared.json"),
        (f"study losses --values none --data {GRAPH} --out RUN", "cells.jsonl"),
        (f"tune --models ease --data {GRAPH} --out RUN/new", "new/journal.log"),
    ],
)
def test_what_a_folder_holds_is_no_pipe(
    words: str, file: str, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    copy = Path(shutil.copytree(run, tmp_path / "run"))
    pipe = copy / file
    pipe.parent.mkdir(exist_ok=True)
    pipe.unlink(missing_ok=True)
    os.mkfifo(pipe)
    refuse(words, copy, pipe)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
