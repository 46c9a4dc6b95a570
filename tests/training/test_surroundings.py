"""A fit leaves the process that it runs in as it was."""

import logging
import os
import random
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.builders import each_model, packages_of
from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.training import FitOptions, Settings, fit


def surroundings() -> dict[str, Any]:
    loggers = {
        name: (logger.level, logger.disabled, list(logger.handlers))
        for name, logger in logging.root.manager.loggerDict.items()
        if isinstance(logger, logging.Logger)
    }
    return {
        "torch": torch.get_rng_state().tolist(),
        "numpy": str(np.random.get_state()),
        "python": random.getstate(),
        "environment": dict(os.environ),
        "warnings": list(warnings.filters),
        "loggers": loggers,
        "dtype": torch.get_default_dtype(),
        "threads": torch.get_num_threads(),
        "between": torch.get_num_interop_threads(),
        "gradients": torch.is_grad_enabled(),
        "precision": torch.get_float32_matmul_precision(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
    }


@pytest.mark.parametrize(
    "model", each_model(["tvdiff", "ease", "implicit-bpr", "vaecf"])
)
def test_nothing_is_changed(
    model: str,
    graph: BipartiteGraph,
    options: FitOptions,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for package in packages_of(model):
        pytest.importorskip(package, reason="an optional extra")
    settings = Settings(model=model)
    small = {"max_epochs": 1, "n_epochs": 2, "hidden_channels": 8}
    settings = settings.but(**{n: v for n, v in small.items() if n in settings.flat()})
    fit(graph, settings, run=tmp_path / "imports", options=options)
    monkeypatch.setenv("PL_GLOBAL_SEED", "71")
    with torch.no_grad():
        before = surroundings()
        fit(graph, settings, run=tmp_path / "run", options=options)
        assert surroundings() == before


def test_nothing_is_changed_by_what_fails(
    graph: BipartiteGraph, settings: Settings, options: FitOptions, tmp_path: Path
) -> None:
    before = surroundings()
    with pytest.raises(ValueError, match="needs held-out validation interactions"):
        fit(graph.without_validation(), settings, run=tmp_path / "run", options=options)
    assert surroundings() == before
