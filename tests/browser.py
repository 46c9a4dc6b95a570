"""A real browser without a window, for tests of pages."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

# Where Playwright's own is not installed.
SYSTEM = ("chromium", "chromium-browser", "google-chrome")


@contextmanager
def browser() -> Iterator[Any]:
    """Start Chromium, or skip the test where there is none."""
    api = pytest.importorskip("playwright.sync_api", reason="needs the extra 'browser'")
    with api.sync_playwright() as playwright:
        own = playwright.chromium
        try:
            started = own.launch()
        except api.Error:
            path = next(filter(None, map(shutil.which, SYSTEM)), None)
            if path is None:
                pytest.skip("needs Chromium (playwright install chromium)")
            started = own.launch(executable_path=path)
        with started:
            yield started
