"""Training: settings, Lightning module and data module, run folders."""

from tvdiff_pyg.data import GraphSize as GraphSize
from tvdiff_pyg.training.datamodule import InteractionDataModule
from tvdiff_pyg.training.diagnosis import Diagnosis, DiagnosisWarning
from tvdiff_pyg.training.fit import fit
from tvdiff_pyg.training.fit_options import FitOptions
from tvdiff_pyg.training.lazy_adam import LazyAdam
from tvdiff_pyg.training.memory_plan import (
    MemoryPlan,
    largest_batch,
    plan_engines,
    plan_memory,
    usable_memory,
)
from tvdiff_pyg.training.module import RecommenderModule
from tvdiff_pyg.training.presets import preset_names, read_preset
from tvdiff_pyg.training.run_folder import RunFolder
from tvdiff_pyg.training.settings import Settings, all_settings
from tvdiff_pyg.training.training_config import TrainingConfig

__all__ = [
    "Diagnosis",
    "DiagnosisWarning",
    "FitOptions",
    "InteractionDataModule",
    "LazyAdam",
    "MemoryPlan",
    "RecommenderModule",
    "RunFolder",
    "Settings",
    "TrainingConfig",
    "all_settings",
    "fit",
    "largest_batch",
    "plan_engines",
    "plan_memory",
    "preset_names",
    "read_preset",
    "usable_memory",
]
