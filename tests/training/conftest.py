"""A graph small enough to train on in a second, with structure to be learned."""

import shutil
from pathlib import Path

import pytest

from tests.training.threads import in_threads as in_threads
from tests.training.threads import whole as whole
from tvdiff_pyg.data import BipartiteGraph, SyntheticBipartite
from tvdiff_pyg.training import FitOptions, Settings, fit


@pytest.fixture(scope="session")
def graph() -> BipartiteGraph:
    return SyntheticBipartite(120, 80, 1500, num_communities=4, seed=1)[0]


@pytest.fixture(scope="session")
def settings() -> Settings:
    return Settings(
        hidden_channels=16, num_timesteps=3, batch_size=256, max_epochs=3, patience=50
    )


@pytest.fixture(scope="session")
def options() -> FitOptions:
    return FitOptions(device="cpu", progress=False)


@pytest.fixture(scope="session")
def fitted(
    graph: BipartiteGraph,
    settings: Settings,
    options: FitOptions,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Return the folder of a finished run, which is not to be changed."""
    run = tmp_path_factory.mktemp("fitted") / "run"
    fit(graph, settings, run=run, options=options)
    return run


@pytest.fixture
def copied(fitted: Path, tmp_path: Path) -> Path:
    """Return a copy of the run, to be changed."""
    return shutil.copytree(fitted, tmp_path / "copied")
