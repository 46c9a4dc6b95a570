"""Training: settings, Lightning module and data module, run folders."""

from tvdiff_pyg.training.datamodule import InteractionDataModule
from tvdiff_pyg.training.diagnosis import Diagnosis, DiagnosisWarning
from tvdiff_pyg.training.fit import fit
from tvdiff_pyg.training.fit_options import FitOptions
from tvdiff_pyg.training.lazy_adam import LazyAdam
from tvdiff_pyg.training.memory import (
    GraphSize,
    MemoryPlan,
    largest_batch,
    plan_engines,
    plan_memory,
    usable_memory,
)
from tvdiff_pyg.training.module import TVDiffModule
from tvdiff_pyg.training.run_folder import RunFolder
from tvdiff_pyg.training.settings import PRESETS, Settings

__all__ = [
    "PRESETS",
    "Diagnosis",
    "DiagnosisWarning",
    "FitOptions",
    "GraphSize",
    "InteractionDataModule",
    "LazyAdam",
    "MemoryPlan",
    "RunFolder",
    "Settings",
    "TVDiffModule",
    "fit",
    "largest_batch",
    "plan_engines",
    "plan_memory",
    "usable_memory",
]
