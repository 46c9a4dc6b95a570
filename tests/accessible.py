"""Whether a page in a browser can be used by everybody, as far as axe can tell."""

from typing import Any

import pytest


def assert_accessible(page: Any) -> None:
    """Fail where axe finds anything; skip without it."""
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="needs the extra 'browser'"
    )
    found = axe.Axe().run(page).response["violations"]
    shown = [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]
    assert shown == []
