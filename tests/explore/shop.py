"""Runs on a small data set whose titles do their worst to a page."""

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np

from tvdiff_pyg import FitOptions, Settings, fit
from tvdiff_pyg.data import BipartiteGraph, from_arrays
from tvdiff_pyg.training import fit_final

HOSTILE = [
    "</script><script>window.hurt = 1</script>",
    "<img src=x onerror='window.hurt = 1'>",
    "{{ 7 * 7 }} {% raw %} {# note #}",
    "${window.hurt = 1} `",
    "<!-- <script>",
    "&lt;b&gt; &amp; ' \" \\",
    "line\u2028break\n\u0000",
    "\u202eright to left, שלום",
    "a long title without any place to break it " * 4 + "W" * 120,
    "",
]
# Beyond what a number of JavaScript can tell from its neighbours.
FAR = 2**60
QUIET = FitOptions(progress=False, device="cpu")
RUNS = {
    "tvdiff": Settings(hidden_channels=8, num_timesteps=3, max_epochs=2),
    "ease": Settings(model="ease"),
    "bpr": Settings(model="bpr-mf", hidden_channels=4, max_epochs=2),
}


def shop_of(seed: int = 0, num_users: int = 40) -> BipartiteGraph:
    """Draw interactions."""
    rng = np.random.default_rng(seed)
    users = [f"user {one}" for one in range(num_users) for _ in range(9)]
    rows = [rng.choice(30, 9, replace=False) for _ in range(num_users)]
    titles = {
        FAR + item: HOSTILE[item] if item < len(HOSTILE) else f"Title {item}"
        for item in range(30)
    }
    items = [FAR + int(item) for row in rows for item in row]
    return from_arrays(users, items, item_titles=titles, seed=0)


def fitted(home: Path) -> list[str]:
    """Fit each kind of run, and the first anew on everything."""
    graph = shop_of()
    for name, settings in RUNS.items():
        fit(graph, settings, run=home / name, options=QUIET)
    fit_final(home / "tvdiff", run=home / "final", options=QUIET)
    return [str(home / name) for name in (*RUNS, "final")]


class Page(HTMLParser):
    """What a browser would find in a page.

    Args:
        file: The page.
    """

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self._script = ""
        self._is_content = False
        self.text = file.read_text(encoding="utf-8")
        self.feed(self.text)
        self.content: dict[str, Any] = json.loads(self._script)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self._is_content = ("id", "content") in attrs

    def handle_endtag(self, tag: str) -> None:
        self._is_content = False

    def handle_data(self, data: str) -> None:
        if self._is_content:
            self._script += data
