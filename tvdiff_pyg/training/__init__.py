"""Training: settings, Lightning module and data module, run folders.

Names are imported when they are first read: reading a run folder needs no Lightning.
"""

from typing import TYPE_CHECKING

from tvdiff_pyg.lazy import names_of

if TYPE_CHECKING:
    from tvdiff_pyg.training.collectives import ProcessLostError
    from tvdiff_pyg.training.datamodule import InteractionDataModule
    from tvdiff_pyg.training.diagnosis import Diagnosis, DiagnosisWarning
    from tvdiff_pyg.training.final import fit_final
    from tvdiff_pyg.training.fit_options import FitOptions
    from tvdiff_pyg.training.fitting import fit
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
    from tvdiff_pyg.training.process_options import ProcessOptions
    from tvdiff_pyg.training.relocating import relocate
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
    "ProcessLostError",
    "ProcessOptions",
    "RecommenderModule",
    "RunFolder",
    "Settings",
    "TrainingConfig",
    "all_settings",
    "fit",
    "fit_final",
    "largest_batch",
    "plan_engines",
    "plan_memory",
    "preset_names",
    "read_preset",
    "relocate",
    "usable_memory",
]

# The modules that the names above are in.
_HOMES = {
    "Diagnosis": "diagnosis",
    "DiagnosisWarning": "diagnosis",
    "FitOptions": "fit_options",
    "InteractionDataModule": "datamodule",
    "LazyAdam": "lazy_adam",
    "MemoryPlan": "memory_plan",
    "ProcessLostError": "collectives",
    "ProcessOptions": "process_options",
    "RecommenderModule": "module",
    "RunFolder": "run_folder",
    "Settings": "settings",
    "TrainingConfig": "training_config",
    "all_settings": "settings",
    "fit": "fitting",
    "fit_final": "final",
    "largest_batch": "memory_plan",
    "plan_engines": "memory_plan",
    "plan_memory": "memory_plan",
    "preset_names": "presets",
    "read_preset": "presets",
    "relocate": "relocating",
    "usable_memory": "memory_plan",
}

__getattr__ = names_of(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
