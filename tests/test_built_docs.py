"""The documentation builds without a warning, and its pages need nothing else."""

import importlib
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.accessible import assert_accessible
from tests.browser import browser
from tvdiff_pyg import HelmholtzFreeEnergyLoss

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[1]
PYG = "https://pytorch-geometric.readthedocs.io/en/stable"
API = [f"api/{path.stem}" for path in sorted((ROOT / "docs/api").glob("*.md"))]
CLASSES = [
    f"api/classes/tvdiff_pyg.{name}"
    for name in (
        "loss.HelmholtzFreeEnergyLoss",
        "nn.AnisotropicDenoiser",
        "recommend.Recommender",
    )
]
PACKAGES = (
    "analysis",
    "data",
    "diffusion",
    "explore",
    "export",
    "metrics",
    "models",
    "nn",
    "negatives",
    "recommend",
    "significance",
    "study",
    "training",
    "tune",
)
# What a page or a style sheet loads from another host.
LOADED = re.compile(
    r"<(?:script|link|img|iframe|source)\b[^>]*(?:src|href)=\"(?:https?:)?//[^\"]*"
    r"|url\([\"']?(?:https?:)?//[^)]*|@import[^;]*//[^;]*"
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the built pages."""
    for package in ("furo", "myst_parser", "sphinx", "sphinx-mathjax-offline"):
        pytest.importorskip(package, reason=f"`make docs` needs {package}")
    folder = tmp_path_factory.mktemp("docs")
    options = ["--fail-on-warning", "--keep-going", "--quiet"]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *options, "docs", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_all_public_names_are_described(built: Path) -> None:
    inventory = importlib.import_module("sphinx.util.inventory").InventoryFile
    found = inventory.loads((built / "objects.inv").read_bytes(), uri="").data
    described = {name for names in found.values() for name in names}
    for package in PACKAGES:
        module = importlib.import_module(f"tvdiff_pyg.{package}")
        public = {f"tvdiff_pyg.{package}.{name}" for name in module.__all__}
        assert public <= described


@pytest.mark.parametrize("package", PACKAGES)
def test_each_public_class_has_a_page(built: Path, package: str) -> None:
    module = importlib.import_module(f"tvdiff_pyg.{package}")
    listed = (built / f"api/{package}.html").read_text()
    for name in module.__all__:
        if inspect.isclass(getattr(module, name)):
            page = f"classes/tvdiff_pyg.{package}.{name}.html"
            described = f'id="tvdiff_pyg.{package}.{name}"'
            assert f'href="{page}#' in listed and described not in listed
            assert described in (built / "api" / page).read_text()


def test_what_most_look_for_comes_first_and_settings_last(built: Path) -> None:
    text = (built / "api/nn.html").read_text()
    names = re.findall(r'<tr.*?href="classes/[^"]*#tvdiff_pyg\.nn\.(\w+)"', text)
    assert names[:2] == ["AnisotropicDenoiser", "BipartiteConv"]
    are_settings = [name.endswith("Config") for name in names]
    assert any(are_settings) and are_settings == sorted(are_settings)


def test_what_lightning_calls_is_left_out(built: Path) -> None:
    text = (
        built / "api/classes/tvdiff_pyg.training.RecommenderModule.html"
    ).read_text()
    described = re.findall(r'id="tvdiff_pyg\.training\.RecommenderModule\.(\w+)"', text)
    assert described == ["scorer"]


@pytest.mark.parametrize(
    ("page", "address"),
    [
        (
            "classes/tvdiff_pyg.nn.BipartiteConv",
            f"{PYG}/generated/torch_geometric.nn.conv.MessagePassing.html",
        ),
        ("data", f"{PYG}/generated/torch_geometric.data.HeteroData.html"),
        ("sampled", f"{PYG}/modules/loader.html#torch_geometric.loader.NeighborLoader"),
        (
            "classes/tvdiff_pyg.loss.HelmholtzFreeEnergyLoss",
            "https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html",
        ),
        ("loss", "https://docs.pytorch.org/docs/stable/tensors.html#torch.Tensor"),
    ],
)
def test_what_others_document_is_linked(built: Path, page: str, address: str) -> None:
    assert f'href="{address}"' in (built / f"api/{page}.html").read_text()


@pytest.mark.parametrize("kind", ["html", "css"])
def test_nothing_is_loaded_from_another_host(built: Path, kind: str) -> None:
    files = list(built.rglob(f"*.{kind}"))
    assert files
    assert {file.name: LOADED.findall(file.read_text()) for file in files} == {
        file.name: [] for file in files
    }


def test_formulas_are_drawn_without_network(built: Path) -> None:
    asked: list[str] = []
    with browser() as started:
        page = started.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.goto((built / f"{CLASSES[0]}.html").as_uri())
        page.wait_for_selector(".math mjx-container svg")
        page.wait_for_function("() => MathJax.startup.promise.then(() => true)")
        formulas = page.locator(".math").count()
        assert page.locator(".math mjx-container").count() == formulas > 1
        assert page.locator("[data-mjx-error]").count() == 0
    assert {url.partition(":")[0] for url in asked} <= {"file", "data"}


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    """Return a page of a browser, for all addresses in turn."""
    with browser() as started:
        yield started.new_page()


def test_code_is_copied_as_it_is_typed(built: Path) -> None:
    with browser() as started:
        context = started.new_context(permissions=["clipboard-read", "clipboard-write"])
        page = context.new_page()
        page.goto((built / f"{CLASSES[0]}.html").as_uri())
        button = page.locator("button.copy").first
        button.focus()
        page.keyboard.press("Enter")
        page.wait_for_function("() => document.activeElement.textContent == 'Copied'")
        copied = page.evaluate("() => navigator.clipboard.readText()")
    lines = (HelmholtzFreeEnergyLoss.__doc__ or "").splitlines()
    typed = [line.split(">>> ")[1] for line in lines if ">>> " in line]
    assert copied.splitlines() == typed


@pytest.mark.parametrize("name", ["index", "data", "results", *API, *CLASSES])
def test_pages_are_accessible(built: Path, page: Any, name: str) -> None:
    page.goto((built / f"{name}.html").as_uri())
    if page.locator(".math").count():
        page.wait_for_function("() => MathJax.startup.promise.then(() => true)")
    assert_accessible(page)
