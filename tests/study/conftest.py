"""A study small enough to carry out in a second or two, and records made up."""

from collections.abc import Callable
from typing import Any

import pytest

from tvdiff_pyg.grid.records import Record
from tvdiff_pyg.study import Cell, StudyOptions
from tvdiff_pyg.training import Settings

GRAPH = "synthetic:num_users=80,num_items=60,num_interactions=900"
SMALL: dict[str, Any] = {"hidden_channels": 8, "num_timesteps": 2, "max_epochs": 2}

MakeRecord = Callable[..., Record]


@pytest.fixture
def options() -> StudyOptions:
    return StudyOptions(
        [GRAPH], ["1", "2"], [0, 1], overrides=SMALL, jobs=0, progress=False
    )


@pytest.fixture
def make_record() -> MakeRecord:
    """Return a maker of records with given measures and rankings."""

    def make(
        data: str, variant: str, seed: int, ndcg: float = 0.1, **measures: float
    ) -> Record:
        cell = Cell("oversmoothing", data, variant, Settings(), seed)
        parts = ("validation", "test")
        epoch = measures.pop("epoch_seconds", 1.0)
        return {
            **cell.key(),
            "metrics": {p: {"recall@20": 2 * ndcg, "ndcg@20": ndcg} for p in parts},
            "graph": {"train": int(measures.pop("train", 1000))},
            "epochs": 14,  # Ten checks after the best one: patience ran out.
            "best_epoch": 4,
            "measures": measures,
            "seconds": {"epoch": epoch, "score": 0.1},
            "memory_mb": {"peak": 500.0},
            "hardware": {"device": "cpu", "cpu": "none", "threads": 1},
            "versions": {"python": "3"},
        }

    return make
