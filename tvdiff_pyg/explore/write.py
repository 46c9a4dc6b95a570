"""Runs on a page: what each recommends to some users, and why."""

import os
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from torch import Tensor

from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.data.difference import first_difference
from tvdiff_pyg.explore.chosen import chosen_users, described
from tvdiff_pyg.explore.curves import chosen_by, curves_of
from tvdiff_pyg.explore.differences import differences
from tvdiff_pyg.explore.item_map import item_map
from tvdiff_pyg.explore.lists import RunLists
from tvdiff_pyg.explore.shelf import Shelf
from tvdiff_pyg.explore.typed import typed
from tvdiff_pyg.files import write_text
from tvdiff_pyg.grid.page import render_page
from tvdiff_pyg.machine import Device, check_installed
from tvdiff_pyg.metrics import MONITOR
from tvdiff_pyg.ranges import check_integer
from tvdiff_pyg.recommend import Id, Recommender
from tvdiff_pyg.training.run_folder import RunFolder

PACKAGES = ("jinja2",)
MOST_USERS, MOST_K = 1000, 100


def explore(
    runs: Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    users: Iterable[Id] | None = None,
    num_users: int = 100,
    k: int = 10,
    device: Device = "auto",
) -> None:
    r"""Write a page that shows what runs recommend, and why.

    The lists are those of :meth:`Recommender.recommend
    <tvdiff_pyg.recommend.Recommender.recommend>`, of users that are chosen when the
    page is written. For a history that is typed in, each run says how the page comes to
    its list: see :func:`~tvdiff_pyg.explore.typed.typed`.

    Args:
        runs: Run folders, at least one, of fits to the same interactions; in
            :meth:`~tvdiff_pyg.training.fit` and its final fit, held-out parts may
            differ.
        out: The page; it appears whole or not at all, in the place of one that is
            there.
        users: Original ids of the users on it, at most 1,000; some of all degrees of
            activity if omitted. (default: ``None``)
        num_users: How many those are, in [1, 1000]. (default: ``100``)
        k: How many items are recommended, in [1, 100]. (default: ``10``)
        device: Where to score. (default: ``"auto"``)

    Raises:
        FileNotFoundError: If a folder holds no finished epoch.
        ImportError: If jinja2 is not installed.
        OSError: If the page cannot be written.
        ValueError: If an argument is out of its range, a user is unknown, or runs are
            of other interactions.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from tvdiff_pyg import FitOptions, Settings, fit
        >>> from tvdiff_pyg.data import SyntheticBipartite
        >>> graph = SyntheticBipartite(60, 40, 600)[0]
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     run, page = f"{folder}/ease", f"{folder}/page.html"
        ...     _ = fit(graph, Settings(model="ease"), run=run)
        ...     explore([run], page, num_users=5)
        ...     Path(page).read_text()[:15]
        '<!doctype html>'
    """
    check_installed(PACKAGES, "a page of runs", "explore")
    check_integer("num_users", num_users, low=1, high=MOST_USERS)
    check_integer("k", k, low=1, high=MOST_K)
    if isinstance(runs, str | os.PathLike) or not runs:
        raise ValueError(f"'runs' needs a list of run folders (got {runs!r})")
    names = [os.fspath(run) for run in runs]
    recommenders = [Recommender.load(run, device) for run in names]
    graph = _shared_graph(names, [one.graph for one in recommenders])
    user = chosen_users(graph, users, num_users, MOST_USERS)
    content = _content(names, recommenders, user, k)
    page = render_page(
        __package__, "explore.html.jinja", title="Runs side by side", content=content
    )
    write_text(out, page)


def _shared_graph(
    runs: Sequence[str], graphs: Sequence[BipartiteGraph]
) -> BipartiteGraph:
    """Return the first graph, or raise if another is of other interactions."""
    first, *others = map(_told, graphs)
    for run, other in zip(runs[1:], others, strict=True):
        name = first_difference(first, other)
        if name is not None:
            raise ValueError(
                f"'runs' needs runs on the same interactions (got {runs[0]} and {run}, "
                f"which differ in their {name})"
            )
    return graphs[0]


def _told(graph: BipartiteGraph) -> dict[str, Any]:
    known = graph.known_index
    order = (known[0] * graph.num_items + known[1]).argsort()
    return {
        "users": graph.user_ids.ids(),
        "items": graph.item_ids.ids(),
        "interactions": known[:, order],
    }


def _content(
    names: Sequence[str], recommenders: Sequence[Recommender], user: Tensor, k: int
) -> dict[str, Any]:
    """Return all that the page shows, of plain values."""
    graph = recommenders[0].graph
    users = graph.user_ids.ids(user)
    lists = [RunLists.of(one, users, k) for one in recommenders]
    mentioned = chain.from_iterable(one.mentioned() for one in lists)
    shelf = Shelf.of(graph, user, mentioned)
    runs = [
        {
            "name": name,
            **_about(RunFolder(name)),
            "unexplained": found.unexplained,
            "lists": [row.on(shelf) for row in found.rows],
            "map": item_map(recommender, shelf),
            "typed": typed(recommender, shelf),
        }
        for name, recommender, found in zip(names, recommenders, lists, strict=True)
    ]
    return {
        "k": k,
        "numbers": graph.counts(),
        "items": shelf.rows(),
        "users": described(graph, user, shelf),
        "runs": runs,
        "differences": differences(
            [[row["items"] for row in run["lists"]] for run in runs]
        ),
    }


def _about(run: RunFolder) -> dict[str, Any]:
    """Return what a run was, and how its training went."""
    config, metrics = run.config(), run.metrics()
    monitor = config.get("monitor", MONITOR)
    return {
        "model": config["model"],
        "protocol": metrics["protocol"],
        "epochs": metrics["epochs"],
        "validation": metrics["validation"],
        "chosen_by": chosen_by(monitor),
        "curves": curves_of(run, monitor),
    }
