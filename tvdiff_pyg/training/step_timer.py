"""How long training steps take, validation left out."""

from time import perf_counter
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback


class StepTimer(Callback):
    """Adds up the seconds of all training steps, each with the wait for its batch.

    A step lasts from the end of the one before it, or of a validation, or from the
    start of the epoch; so what is logged in between counts, too.

    Example:
        >>> StepTimer().step_seconds
        0.0
    """

    def __init__(self) -> None:
        self.step_seconds = 0.0
        self._since = 0.0

    def on_train_epoch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule
    ) -> None:
        """Start to wait for the first batch."""
        self._since = perf_counter()

    def on_train_batch_end(self, *args: Any) -> None:
        """Count the step, and start to wait for the next batch."""
        now = perf_counter()
        self.step_seconds += now - self._since
        self._since = now

    def state_dict(self) -> dict[str, Any]:
        """Return the seconds, for a checkpoint."""
        return {"step_seconds": self.step_seconds}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.step_seconds = state_dict["step_seconds"]

    def on_validation_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule
    ) -> None:
        """Go on after a validation within an epoch."""
        self._since = perf_counter()
