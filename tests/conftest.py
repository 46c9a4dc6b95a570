"""Settings of all tests."""

import pytest
from hypothesis import settings

from tvdiff_pyg.data import DATASETS
from tvdiff_pyg.metrics import METRICS

# No deadline: how long an example takes says more about the machine than the code.
settings.register_profile("tvdiff", deadline=None)
settings.load_profile("tvdiff")


@pytest.fixture
def forgetful_registries(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the test registers is forgotten after it."""
    for registry in (DATASETS, METRICS):
        monkeypatch.setattr(registry, "_entries", dict(registry._entries))
