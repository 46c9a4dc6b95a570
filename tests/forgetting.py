"""What was registered is forgotten, as in the next process."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tvdiff_pyg.data import DATASETS
from tvdiff_pyg.diffusion import SCHEDULES
from tvdiff_pyg.entropies import ENTROPIES
from tvdiff_pyg.metrics import METRICS
from tvdiff_pyg.models import MODELS
from tvdiff_pyg.negatives import SAMPLERS
from tvdiff_pyg.nn import DENOISERS
from tvdiff_pyg.registry import plugin_files
from tvdiff_pyg.study import COLUMNS, STUDIES

REGISTRIES = (DATASETS, DENOISERS, ENTROPIES, METRICS, MODELS, SAMPLERS, SCHEDULES)
REGISTRIES += (STUDIES,)


@contextmanager
def forgotten() -> Iterator[None]:
    """Forget at the end what was registered, and the plug-ins that were loaded."""
    before = plugin_files()
    with pytest.MonkeyPatch.context() as patch:
        for registry in REGISTRIES:
            patch.setattr(registry, "_entries", dict(registry._entries))
        patch.setattr("tvdiff_pyg.registry._FILES", plugin_files())
        patch.setattr(sys, "path", list(sys.path))
        columns = dict(COLUMNS)
        try:
            yield
        finally:
            for name in COLUMNS.keys() - columns.keys():
                del COLUMNS[name]
            loaded = plugin_files().keys() - before.keys()
            for name, module in list(sys.modules.items()):
                if getattr(module, "__file__", None) in loaded:
                    del sys.modules[name]
