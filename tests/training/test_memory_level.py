"""Memory stays level, over many epochs and many recommendations."""

from pathlib import Path

import pytest

from tvdiff_pyg import Recommender
from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.machine import MEGABYTE, resident_memory
from tvdiff_pyg.training import FitOptions, RecommenderModule, Settings, fit


@pytest.mark.slow
def test_memory_stays_level(
    graph: BipartiteGraph,
    settings: Settings,
    options: FitOptions,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held: list[int] = []
    monkeypatch.setattr(
        RecommenderModule,
        "on_train_epoch_start",
        lambda self: held.append(resident_memory()),
    )
    longer = settings.but(max_epochs=500, patience=500)
    fit(graph, longer, run=tmp_path / "run", options=options)
    assert len(held) == 500
    assert max(held[-50:]) - max(held[100:150]) < 16 * MEGABYTE

    recommender = Recommender.load(tmp_path / "run", "cpu")
    users = graph.user_ids.ids(graph.train_index[0].unique())
    held.clear()
    for number in range(5000):
        recommender.recommend([users[number % len(users)]])
        held.append(resident_memory())
    assert held[-1] - held[500] < 8 * MEGABYTE
