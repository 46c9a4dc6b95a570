"""Lightning's trainer, set up for a run folder."""

import logging
import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import (
    Callback,
    EarlyStopping,
    ModelCheckpoint,
    RichProgressBar,
    Timer,
)
from pytorch_lightning.loggers import CSVLogger, Logger, TensorBoardLogger

from tvdiff_pyg.machine import resolve_device
from tvdiff_pyg.training.datamodule import InteractionDataModule
from tvdiff_pyg.training.diagnosis import Diagnosis
from tvdiff_pyg.training.fit_options import FitOptions, Log
from tvdiff_pyg.training.module import RecommenderModule
from tvdiff_pyg.training.run_folder import RunFolder
from tvdiff_pyg.training.step_timer import StepTimer
from tvdiff_pyg.training.training_config import TrainingConfig

SELECTION_METRIC = "ndcg@20"


def make_trainer(
    training: TrainingConfig,
    options: FitOptions,
    folder: RunFolder,
    timer: StepTimer,
) -> pl.Trainer:
    """Build the trainer of a run.

    Args:
        training: How to train.
        options: Device, log, progress bar, diagnosis, and what selects the epoch.
        folder: Where checkpoints and curves go.
        timer: What measures the training steps.
    """
    return pl.Trainer(
        accelerator=resolve_device(options.device).type,
        devices=1,
        precision=training.precision,
        max_epochs=training.max_epochs,
        # A run too short for its first check is checked once, at its end.
        check_val_every_n_epoch=min(training.check_every, training.max_epochs),
        num_sanity_val_steps=0,
        log_every_n_steps=1,
        logger=_logger(options.log, folder),
        callbacks=[timer, *_callbacks(training, options, folder)],
        enable_progress_bar=options.progress,
        enable_model_summary=False,
        default_root_dir=str(folder.path),
    )


def _callbacks(
    training: TrainingConfig, options: FitOptions, folder: RunFolder
) -> list[Callback]:
    monitor = f"{options.selects_on}/{SELECTION_METRIC}"
    where = folder.best_checkpoint.parent
    best = ModelCheckpoint(
        where,
        folder.best_checkpoint.stem,
        monitor=monitor,
        mode="max",
        save_weights_only=True,
        enable_version_counter=False,
    )
    last = ModelCheckpoint(
        where, folder.last_checkpoint.stem, enable_version_counter=False
    )
    stop = EarlyStopping(monitor, mode="max", patience=training.patience)
    bar: list[Callback] = [_ProgressBar()] if options.progress else []
    diagnosis: list[Callback] = [Diagnosis()] if options.diagnose else []
    return [Timer(), best, last, stop, *bar, *diagnosis]


def trained_seconds(checkpoint: dict[str, Any]) -> float:
    """Return how long the run of a checkpoint has trained so far."""
    timer = checkpoint["callbacks"].get("Timer")
    # Earlier versions did not keep the time.
    return timer["time_elapsed"]["train"] if timer else 0.0


def findings(trainer: pl.Trainer) -> list[dict[str, Any]]:
    """Return what the diagnosis of a run has found, as plain values."""
    # Lightning's lists of callbacks are untyped.
    callbacks: list[Callback] = trainer.callbacks  # type: ignore[attr-defined]
    return [
        asdict(finding)
        for callback in callbacks
        if isinstance(callback, Diagnosis)
        for finding in callback.findings
    ]


class _ProgressBar(RichProgressBar):
    """Shows what is learned; Lightning adds the number of the log folder."""

    def get_metrics(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule
    ) -> dict[str, int | str | float | dict[str, float]]:
        metrics = super().get_metrics(trainer, pl_module)
        metrics.pop("v_num", None)
        return metrics


def _logger(log: Log, folder: RunFolder) -> Logger | bool:
    if log == "none":
        return False
    kind = TensorBoardLogger if log == "tensorboard" else CSVLogger
    # A resumed run adds a version of its own and leaves the earlier curves alone.
    return kind(str(folder.path), name="logs")


def carry_out(
    trainer: pl.Trainer,
    module: RecommenderModule,
    data: InteractionDataModule,
    resume_from: Path | None,
) -> bool:
    """Train; return whether training was left to finish."""
    on_interrupt = signal.getsignal(signal.SIGINT)
    try:
        trainer.fit(module, data, ckpt_path=resume_from, weights_only=True)
    except (KeyboardInterrupt, SystemExit):
        # Lightning answers Ctrl-C by closing down, ignoring further ones, and exiting.
        signal.signal(signal.SIGINT, on_interrupt)
        return False
    return True


@contextmanager
def quiet_lightning() -> Iterator[None]:
    """Leave the screen to the progress bar: no notes on hardware or products."""
    logger = logging.getLogger("pytorch_lightning.utilities.rank_zero")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="pytorch_lightning")
            yield
    finally:
        logger.setLevel(level)
