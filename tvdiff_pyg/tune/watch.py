"""What watches a trial while it trains: it is told, given up, or stopped in time."""

import time
from collections.abc import Callable

import pytorch_lightning as pl
from optuna.exceptions import TrialPruned
from pytorch_lightning.callbacks import Callback

#: Takes the epochs that have ended and what validation ranks, and says whether to give
#: the trial up.
Report = Callable[[int, float], bool]


class TrialWatch(Callback):
    """Reports each check of a training, and stops it when its time is over.

    Args:
        report: What is told of a check.
        monitor: The metric that it is told.
        deadline: When training stops, in seconds of ``time.time()``; never if not
            given. (default: ``None``)

    Attributes:
        out_of_time: Whether training was stopped.

    Raises:
        TrialPruned: Where the report says so.
    """

    def __init__(
        self, report: Report, monitor: str, deadline: float | None = None
    ) -> None:
        self.report, self.monitor, self.deadline = report, monitor, deadline
        self.out_of_time = False

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: object
    ) -> None:
        """Look at the clock; Lightning then checks the epoch as it is, and ends."""
        if self.deadline is not None and time.time() > self.deadline:
            self.out_of_time = trainer.should_stop = True

    def on_validation_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule
    ) -> None:
        """Report a check."""
        value = float(trainer.callback_metrics[f"validation/{self.monitor}"])
        if self.report(trainer.current_epoch + 1, value):
            raise TrialPruned(f"given up after {trainer.current_epoch + 1} epochs")
