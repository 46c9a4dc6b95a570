"""A graph small enough to train on in a second, with structure to be learned."""

import pytest

from tvdiff_pyg.data import BipartiteGraph, SyntheticBipartite
from tvdiff_pyg.training import FitOptions, Settings


@pytest.fixture(scope="session")
def graph() -> BipartiteGraph:
    return SyntheticBipartite(120, 80, 1500, num_communities=4, seed=1)[0]


@pytest.fixture
def settings() -> Settings:
    return Settings(
        hidden_channels=16, num_timesteps=3, batch_size=256, max_epochs=3, patience=50
    )


@pytest.fixture
def options() -> FitOptions:
    return FitOptions(device="cpu", progress=False)
