"""Runs and a page of them, made once."""

from pathlib import Path

import pytest

from tests.explore.shop import Page, fitted
from tvdiff_pyg.explore import explore


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return fitted(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="session")
def page_file(runs: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("jinja2", reason="needs the extra 'explore'")
    file = tmp_path_factory.mktemp("page") / "page.html"
    explore(runs, file, num_users=12, k=5)
    return file


@pytest.fixture(scope="session")
def page(page_file: Path) -> Page:
    return Page(page_file)
