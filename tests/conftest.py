"""Settings of all tests."""

import gc
import importlib
import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.benchmarks import BENCHMARKS, ImportBenchmark
from tests.forgetting import forgotten

# No deadline: how long an example takes says more about the machine than the code.
# The same examples each time; `--hypothesis-profile explore` tries others, and more.
settings.register_profile("tvdiff", deadline=None, derandomize=True, max_examples=50)
settings.register_profile("explore", deadline=None)
settings.load_profile("tvdiff")

# What is imported and collected stays: looking for garbage there is in vain.
gc.disable()


def pytest_configure(config: pytest.Config) -> None:
    """Processes that share the suite share the cores: they read this as they begin."""
    if getattr(config.option, "numprocesses", None):
        os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_finish() -> None:
    """Look for garbage from here on, among what tests leave."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def power_stays_on() -> Iterator[None]:
    """Wait for no disk: only a power cut would tell."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda file: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def ctrl_c_is_heard() -> None:
    """A shell lets what it runs in the background ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def import_benchmark() -> Iterator[ImportBenchmark]:
    """Import a script of the benchmarks; from then on these find each other."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        yield importlib.import_module


@pytest.fixture
def forgetful_registries() -> Iterator[None]:
    """What the test registers is forgotten after it."""
    with forgotten():
        yield


@pytest.fixture
def little_space() -> Iterator[None]:
    """Let no file grow beyond 64 KB, as on a full disk."""
    resource = pytest.importorskip("resource", reason="Windows has no such limits")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    signal.signal(signal.SIGXFSZ, handler)
