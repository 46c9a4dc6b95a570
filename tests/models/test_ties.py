"""Models that tell no item from another are named once they are fitted."""

import logging
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.oracle import pairs_of, random_matrix
from tvdiff_pyg.data import BipartiteGraph, SyntheticBipartite
from tvdiff_pyg.models import EASE, Popularity
from tvdiff_pyg.models.ties import say_if_tied
from tvdiff_pyg.training import FitOptions, Settings, fit

QUIET = FitOptions(progress=False, device="cpu")


@pytest.fixture(scope="module")
def graph() -> BipartiteGraph:
    return SyntheticBipartite(60, 40, 600)[0]


@pytest.mark.parametrize(
    ("settings", "tied"),
    [
        ({"model": "slim", "l1": 1e6}, True),
        ({"model": "slim"}, False),
        ({"model": "ease", "l2": 1e30}, True),
        ({"model": "ease"}, False),
        ({"model": "rp3beta", "alpha": 1e6}, True),
        ({"model": "rp3beta"}, False),
        ({"model": "turbo-cf", "power": 1e6}, True),
        ({"model": "turbo-cf"}, False),
        ({"model": "user-knn"}, False),
        ({"model": "popularity"}, False),
        ({"model": "popularity", "linear_share": 0.5}, False),
        ({"model": "bpr-mf", "max_epochs": 1}, False),
    ],
    ids=str,
)
def test_a_fit_says_so(
    settings: dict[str, Any],
    tied: bool,
    graph: BipartiteGraph,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, logger="tvdiff_pyg")
    fit(graph, Settings(**settings), run=tmp_path / "run", options=QUIET)
    said = [one.getMessage() for one in caplog.records]
    model = settings["model"]
    assert [f"model '{model}' scores the best items of all" in s for s in said] == (
        [True] if tied else []
    )


def test_what_cannot_be_told_is_not_said(caplog: pytest.LogCaptureFixture) -> None:
    one_item = BipartiteGraph.from_edge_index(pairs_of(random_matrix(5, 1, 1.0)), 5, 1)
    say_if_tied(EASE(1.0).fit(one_item).scorer(one_item), "ease")
    # Only users without a history are told nothing.
    matrix = torch.zeros(6, 5)
    matrix[5, :3] = 1
    few = BipartiteGraph.from_edge_index(pairs_of(matrix), 6, 5)
    say_if_tied(Popularity().scorer(few), "popularity")
    assert caplog.records == []
