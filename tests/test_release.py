"""A release: one version, workflows of targets that are there, a wheel that works."""

import os
import re
import shlex
import subprocess
import sys
import sysconfig
import zipfile
from itertools import chain
from pathlib import Path

import pytest
import yaml

import tvdiff_pyg

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # comes with pytest there

ROOT = Path(__file__).parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
PYTHON = "Programming Language :: Python :: "


def read(name: str) -> str:
    return (ROOT / name).read_text()


def commands(workflow: Path) -> list[str]:
    """Return what the steps of a workflow run."""
    jobs = yaml.safe_load(workflow.read_text())["jobs"].values()
    return [step["run"] for job in jobs for step in job["steps"] if "run" in step]


def test_the_version_stands_in_one_place_and_others_agree() -> None:
    assert "version" not in PROJECT and "version" in PROJECT["dynamic"]
    assert yaml.safe_load(read("CITATION.cff"))["version"] == tvdiff_pyg.__version__
    newest = re.search(r"^## (\S+)", read("CHANGELOG.md"), flags=re.MULTILINE)
    assert newest is not None and newest[1] == tvdiff_pyg.__version__


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_make_what_can_be_made(path: Path) -> None:
    makefile = read("Makefile")
    made = [one for one in commands(path) if one.startswith("make ")]
    assert made
    for word in chain.from_iterable(shlex.split(one)[1:] for one in made):
        name, is_variable, _ = word.partition("=")
        start = rf"{name} *\?=" if is_variable else f"{name}: "
        assert re.search(rf"^{start}", makefile, flags=re.MULTILINE)


def test_workflows_run_what_the_classifiers_promise() -> None:
    workflow = yaml.safe_load(read(".github/workflows/tests.yml"))
    matrix = workflow["jobs"]["tests"]["strategy"]["matrix"]
    promised = [one.removeprefix(PYTHON) for one in PROJECT["classifiers"]]
    assert matrix["python"] == [one for one in promised if re.fullmatch(r"3\.\d+", one)]
    assert f">={matrix['python'][0]}" == PROJECT["requires-python"]
    names = {"ubuntu": "Linux", "macos": "MacOS", "windows": "Windows"}
    systems = [names[one.partition("-")[0]] for one in matrix["system"]]
    words = [one.split(" :: ") for one in PROJECT["classifiers"]]
    assert sorted(systems) == sorted(w[-1] for w in words if w[0] == "Operating System")


def test_a_tag_publishes_its_own_version_without_a_password() -> None:
    text = read(".github/workflows/release.yml")
    assert 'tags: ["v*"]' in text and "secrets." not in text
    publish = yaml.safe_load(text)["jobs"]["publish"]
    assert publish["permissions"] == {"id-token": "write"}
    assert publish["needs"] == "build"


def test_commits_are_checked_by_what_is_there() -> None:
    [repository] = yaml.safe_load(read(".pre-commit-config.yaml"))["repos"]
    [hook] = repository["hooks"]
    assert f"\n{hook['entry'].removeprefix('make ')}: " in read("Makefile")


def test_the_readme_stands_alone_on_a_package_index() -> None:
    hooks = PYPROJECT["tool"]["hatch"]["metadata"]["hooks"]
    shown = read("README.md")
    for one in hooks["fancy-pypi-readme"]["substitutions"]:
        shown = re.sub(one["pattern"], one["replacement"], shown)
    assert "](https://arxiv.org/" in shown and "![" in read("README.md")
    assert re.findall(r"\]\((?!https?://)[^)]*\)|^!.*", shown, flags=re.MULTILINE) == []


def run(*words: str | Path, cwd: Path) -> str:
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("build", reason="`make dist` needs build")
    dist = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", dist, ".", cwd=ROOT)
    [found] = dist.glob("*.whl")
    return found


@pytest.mark.slow
def test_a_package_index_takes_what_is_built(wheel: Path) -> None:
    pytest.importorskip("twine", reason="`make dist` needs twine")
    [source] = wheel.parent.glob("*.tar.gz")
    run(sys.executable, "-m", "twine", "check", "--strict", source, wheel, cwd=ROOT)
    with zipfile.ZipFile(wheel) as content:
        names = content.namelist()
        [metadata] = [name for name in names if name.endswith("METADATA")]
        about = content.read(metadata).decode()
    # An index shows no files beside the README.
    assert "denoising" in about and re.findall(r"\]\((?!https?://)[^)]*\)", about) == []
    roots = {name.partition("/")[0] for name in names}
    assert roots == {"tvdiff_pyg", metadata.partition("/")[0]}


@pytest.mark.slow
def test_the_wheel_works_in_an_environment_of_its_own(
    wheel: Path, tmp_path: Path
) -> None:
    home = tmp_path / "environment"
    run(sys.executable, "-m", "venv", home, cwd=tmp_path)
    folder = home / ("Scripts" if sys.platform == "win32" else "bin")
    python, tvdiff = folder / "python", folder / "tvdiff"
    run(python, "-m", "pip", "install", "--no-deps", "--quiet", wheel, cwd=tmp_path)
    # What it depends on is here already; the package itself is found before that.
    [own] = home.glob("**/site-packages")
    (own / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    where = run(python, "-c", "import tvdiff_pyg as it; print(it)", cwd=tmp_path)
    assert str(own) in where
    said = run(tvdiff, "--version", cwd=tmp_path)
    assert said.strip() == f"tvdiff {tvdiff_pyg.__version__}"
    fit = ["fit", "--data", "synthetic:num_users=40,num_items=30,num_interactions=300"]
    fit += ["--preset", "recommended", "--max-epochs", "1", "--hidden-channels", "8"]
    run(tvdiff, *fit, "--run", "run", "--progress", "false", cwd=tmp_path)
    best = run(tvdiff, "recommend", "run", "--user", "0", cwd=tmp_path)
    assert len(best.splitlines()) == 10
