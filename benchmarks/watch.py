"""What a training comes to at each check, and when it need not go on."""

import math
import time
from dataclasses import dataclass, field

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from tvdiff_pyg.grid import Record


@dataclass
class Watch(Callback):
    """Notes the processor's seconds at each check, and stops where enough is known.

    Args:
        metric: What is noted, of validation.
        start: The seconds at the start.
        target: Where it is reached, what is left of the training tells nothing more.
        limit: Where as many seconds have passed, nothing more is affordable.
    """

    metric: str
    start: float
    target: float = math.inf
    limit: float = math.inf
    curve: list[Record] = field(default_factory=list)

    def on_validation_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule
    ) -> None:
        """Note it, and stop there."""
        value = float(trainer.callback_metrics[f"validation/{self.metric}"])
        seconds = round(time.process_time() - self.start, 3)
        self.curve.append(
            {
                "epoch": trainer.current_epoch + 1,
                self.metric: round(value, 5),
                "seconds": seconds,
            }
        )
        trainer.should_stop |= value >= self.target or seconds >= self.limit
