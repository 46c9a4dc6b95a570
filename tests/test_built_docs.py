"""The documentation builds without a warning, and its pages need nothing else."""

import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.accessible import assert_accessible
from tests.browser import browser

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[1]
PYG = "https://pytorch-geometric.readthedocs.io/en/stable"
API = [f"api/{path.stem}" for path in sorted((ROOT / "docs/api").glob("*.md"))]
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


@pytest.mark.parametrize(
    ("page", "address"),
    [
        ("nn", f"{PYG}/generated/torch_geometric.nn.conv.MessagePassing.html"),
        ("data", f"{PYG}/generated/torch_geometric.data.HeteroData.html"),
        ("sampled", f"{PYG}/modules/loader.html#torch_geometric.loader.NeighborLoader"),
        ("nn", "https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html"),
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
        page.goto((built / "api" / "negatives.html").as_uri())
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


@pytest.mark.parametrize("name", ["index", "data", "results", *API])
def test_pages_are_accessible(built: Path, page: Any, name: str) -> None:
    page.goto((built / f"{name}.html").as_uri())
    if page.locator(".math").count():
        page.wait_for_function("() => MathJax.startup.promise.then(() => true)")
    assert_accessible(page)
