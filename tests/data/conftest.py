"""Fixtures of the data tests: where the benchmark files are."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder of the benchmark files; tests are skipped where it is absent."""
    beside = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    root = Path(os.environ.get("TVDIFF_DATA_ROOT", beside))
    if not (root / "lastfm" / "train.tsv.gz").is_file():
        pytest.skip("benchmark files are absent: set TVDIFF_DATA_ROOT to their folder")
    return root
