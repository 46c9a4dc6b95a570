"""Training by gradients, from a model to its best epoch."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pytorch_lightning.strategies import DDPStrategy

from tvdiff_pyg.models import Model
from tvdiff_pyg.training.additions import Additions
from tvdiff_pyg.training.checkpoints import without_arrays
from tvdiff_pyg.training.datamodule import InteractionDataModule
from tvdiff_pyg.training.fit_options import FitOptions
from tvdiff_pyg.training.module import RecommenderModule
from tvdiff_pyg.training.restoring import Restoring
from tvdiff_pyg.training.run_folder import RunFolder
from tvdiff_pyg.training.step_timer import StepTimer
from tvdiff_pyg.training.swallowed import Swallowed
from tvdiff_pyg.training.trainer import (
    carry_out,
    findings,
    make_trainer,
    quiet_lightning,
    trained_seconds,
)

# What goes on from a checkpoint, and its types.
PARTS = {
    "epoch": int,
    "global_step": int,
    "state_dict": dict,
    "callbacks": dict,
    "optimizer_states": list,
    "loops": dict,
    "random_state": list,
}


@dataclass(frozen=True)
class Trained:
    """What a fit leaves.

    Args:
        device: Where it was fitted.
        finished: Whether it was left to finish. (default: ``True``)
        epochs: Epochs trained in all. (default: ``0``)
        best_epoch: The best of them, from 1. (default: ``None``)
        step_seconds: What training steps took. (default: ``0.0``)
        earlier_seconds: What a resumed run took before. (default: ``0.0``)
        findings: What the diagnosis found. (default: nothing)
        checked: What the check of the best epoch measured. (default: nothing)
        model: The model, of the best epoch if it has epochs; ``None`` if it was not
            left to finish. (default: ``None``)
    """

    device: str
    finished: bool = True
    epochs: int = 0
    best_epoch: int | None = None
    step_seconds: float = 0.0
    earlier_seconds: float = 0.0
    findings: list[dict[str, Any]] = field(default_factory=list)
    checked: dict[str, float] = field(default_factory=dict)
    model: Model | None = None


def train(
    module: RecommenderModule,
    data: InteractionDataModule,
    options: FitOptions,
    folder: RunFolder,
    before: Callable[[], None],
    additions: Additions,
    strategy: Callable[..., DDPStrategy],
) -> Trained:
    """Train a model by gradients, or go on with it.

    Args:
        module: The model, prepared, with what it is trained and measured on.
        data: The batches.
        options: How the run is carried out.
        folder: Where checkpoints and curves go.
        before: Called when nothing is left to be refused, before the first step.
        additions: What the caller adds to Lightning's trainer.
        strategy: Builds what reduces gradients, if there are several processes.

    Raises:
        ValueError: If the run cannot be resumed.
    """
    checkpoint = _resumable(folder, module) if options.resume else {"callbacks": {}}
    restoring, timer, swallowed = Restoring(before), StepTimer(), Swallowed()
    with quiet_lightning(), swallowed:
        own = [restoring, timer, swallowed]
        training = module.settings.training
        trainer = make_trainer(training, options, folder, own, additions, strategy)
        resume_from = folder.last_checkpoint if options.resume else None
        with restoring.from_checkpoint(resume_from):
            earlier = trained_seconds(checkpoint)
            finished = carry_out(trainer, module, data, resume_from)
    if not restoring.begun:
        if not finished:
            raise KeyboardInterrupt("nothing was begun")
        before()  # All epochs had ended.
    kept = folder.best_checkpoint.is_file()
    best = without_arrays(folder.best_checkpoint) if kept else {}
    return Trained(
        device=str(trainer.strategy.root_device),
        finished=finished,
        epochs=trainer.current_epoch,
        best_epoch=best["epoch"] + 1 if kept else None,
        step_seconds=timer.step_seconds,
        earlier_seconds=earlier,
        findings=findings(trainer),
        checked=best.get("metrics", {}),
    )


def _resumable(folder: RunFolder, module: RecommenderModule) -> dict[str, Any]:
    """Return the checkpoint that these settings go on with, or raise."""
    folder.check(folder.last_checkpoint, folder.best_checkpoint)
    checkpoint = without_arrays(folder.last_checkpoint)
    if not isinstance(checkpoint, dict) or any(
        not isinstance(checkpoint.get(name), kind) for name, kind in PARTS.items()
    ):
        raise ValueError(
            f"'run' needs a checkpoint with {', '.join(PARTS)} "
            f"(got {folder.last_checkpoint})"
        )
    done, wanted = checkpoint["epoch"] + 1, module.settings.training.max_epochs
    # All epochs may have ended, but not what comes after them.
    least = done + 1 if folder.is_finished() else done
    if wanted < least:
        raise ValueError(f"'max_epochs' needs to be at least {least} (got {wanted})")
    return checkpoint
