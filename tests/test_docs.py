"""The documentation builds without a warning, and describes all public names."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = (
    "analysis",
    "data",
    "diffusion",
    "metrics",
    "models",
    "nn",
    "negatives",
    "study",
    "training",
)


@pytest.mark.slow
def test_documentation_builds_without_warnings(tmp_path: Path) -> None:
    for package in ("furo", "myst_parser", "sphinx"):
        pytest.importorskip(package, reason=f"`make docs` needs {package}")
    options = ["--fail-on-warning", "--keep-going", "--quiet"]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *options, "docs", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    inventory = importlib.import_module("sphinx.util.inventory").InventoryFile
    found = inventory.loads((tmp_path / "objects.inv").read_bytes(), uri="").data
    described = {name for names in found.values() for name in names}
    for package in PACKAGES:
        module = importlib.import_module(f"tvdiff_pyg.{package}")
        public = {f"tvdiff_pyg.{package}.{name}" for name in module.__all__}
        assert public <= described
