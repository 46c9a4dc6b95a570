"""Lightning's trainer, set up for a run folder."""

import logging
import signal
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import (
    Callback,
    EarlyStopping,
    ModelCheckpoint,
    Timer,
)
from pytorch_lightning.profilers import SimpleProfiler
from pytorch_lightning.strategies import DDPStrategy
from pytorch_lightning.utilities.exceptions import SIGTERMException

from tvdiff_pyg.machine import resolve_device
from tvdiff_pyg.training.additions import Additions
from tvdiff_pyg.training.checkpoints import BestCheckpoint, FolderCheckpoints
from tvdiff_pyg.training.curve_file import EpochCurves
from tvdiff_pyg.training.datamodule import InteractionDataModule
from tvdiff_pyg.training.diagnosis import Diagnosis
from tvdiff_pyg.training.divergence import Divergence
from tvdiff_pyg.training.fit_options import FitOptions
from tvdiff_pyg.training.loggers import logger_of
from tvdiff_pyg.training.module import RecommenderModule
from tvdiff_pyg.training.one_of_several import OneOfSeveral
from tvdiff_pyg.training.progress import progress_bar
from tvdiff_pyg.training.run_folder import RunFolder
from tvdiff_pyg.training.training_config import TrainingConfig


def make_trainer(
    training: TrainingConfig,
    options: FitOptions,
    folder: RunFolder,
    further: Sequence[Callback],
    additions: Additions,
    strategy: Callable[..., DDPStrategy],
) -> pl.Trainer:
    """Build the trainer of a run.

    Args:
        training: How to train.
        options: Device, log, progress bar, diagnosis, and what selects the epoch.
        folder: Where checkpoints and curves go.
        further: Callbacks that come before those of every run.
        additions: What the caller adds.
        strategy: Builds what reduces gradients, if there are several processes.
    """
    own = logger_of(options.log, folder.path)
    loggers = [*([] if own is None else [own]), *additions.loggers]
    given: dict[str, Any] = {"log_every_n_steps": 1, "enable_model_summary": False}
    if options.profile:
        logs = Path(folder.path, "logs")
        given["profiler"] = SimpleProfiler(dirpath=logs, filename="profile")
    return pl.Trainer(
        accelerator=resolve_device(options.device).type,
        **options.processes.trainer_arguments(strategy),
        precision=training.precision,
        max_epochs=training.max_epochs,
        # A run too short for its first check is checked once, at its end.
        check_val_every_n_epoch=min(training.check_every, training.max_epochs),
        limit_val_batches=1.0 if options.selects_on else 0,
        num_sanity_val_steps=0,
        # The data module shares its batches itself, and pads nothing.
        use_distributed_sampler=False,
        logger=loggers or False,
        callbacks=[
            *further,
            *additions.callbacks,
            *_callbacks(training, options, folder),
        ],
        enable_progress_bar=options.progress,
        default_root_dir=str(folder.path),
        plugins=[FolderCheckpoints(folder)],
        **{**given, **additions.trainer_kwargs},
    )


def _callbacks(
    training: TrainingConfig, options: FitOptions, folder: RunFolder
) -> list[Callback]:
    # Whether the epoch was checked or not; with the state of all callbacks after it.
    last = ModelCheckpoint(
        folder.last_checkpoint.parent,
        folder.last_checkpoint.stem,
        save_on_train_epoch_end=True,
        enable_version_counter=False,
    )
    bar: list[Callback] = [progress_bar()] if options.progress else []
    diagnosis: list[Callback] = [Diagnosis()] if options.diagnose else []
    kept = _kept(training, options, folder)
    several = options.processes.world_size > 1
    own: list[Callback] = [OneOfSeveral(options.seed)] if several else []
    return [*own, Timer(), EpochCurves(), *kept, last, Divergence(), *bar, *diagnosis]


def _kept(
    training: TrainingConfig, options: FitOptions, folder: RunFolder
) -> list[Callback]:
    """Keep the epoch that ranks best, and stop some time after it; or all epochs."""
    kept = partial(
        BestCheckpoint,
        folder.best_checkpoint.parent,
        folder.best_checkpoint.stem,
        save_weights_only=True,
        enable_version_counter=False,
    )
    if options.selects_on is None:
        # The last: there is no better one to be told.
        every = training.max_epochs
        return [kept(every_n_epochs=every, save_on_train_epoch_end=True)]
    monitor = f"{options.selects_on}/{options.monitor}"
    best = kept(monitor=monitor, mode="max", save_on_train_epoch_end=False)
    stop = _EarlyStopping(
        monitor, mode="max", patience=training.patience, check_on_train_epoch_end=False
    )
    return [best, stop]


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


class _EarlyStopping(EarlyStopping):
    """Stops a resumed run at once that was stopped before."""

    def on_train_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule
    ) -> None:
        trainer.should_stop |= self.wait_count >= self.patience

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        # The patience is that of whoever resumes.
        super().load_state_dict({**state_dict, "patience": self.patience})


def carry_out(
    trainer: pl.Trainer,
    module: RecommenderModule,
    data: InteractionDataModule,
    resume_from: Path | None,
) -> bool:
    """Train; return whether training was left to finish."""
    try:
        trainer.fit(module, data, ckpt_path=resume_from, weights_only=True)
    except SIGTERMException:
        # Lightning ends the epoch first; then the process, unless its owner objects.
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.raise_signal(signal.SIGTERM)
        return False
    except (KeyboardInterrupt, SystemExit):
        # Lightning answers Ctrl-C by closing down, ignoring further ones, and exiting.
        return False
    return True


@contextmanager
def quiet_lightning() -> Iterator[None]:
    """Leave the screen to the progress bar: no notes on hardware or products."""
    logger = logging.getLogger("pytorch_lightning")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="pytorch_lightning")
            yield
    finally:
        logger.setLevel(level)
