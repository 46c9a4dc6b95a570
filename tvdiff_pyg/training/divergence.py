"""Stopping a training that has left the numbers."""

from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback

from tvdiff_pyg.models.finite import first_not_finite
from tvdiff_pyg.training.collectives import mean_of_processes
from tvdiff_pyg.training.module import RecommenderModule


class Divergence(Callback):
    """Raises where an epoch leaves weights or a loss that are not finite.

    Once an epoch, before it is checked and kept: the epochs before stay.
    """

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Look at the weights after the last step of an epoch."""
        if not trainer.is_last_batch:
            return
        assert isinstance(pl_module, RecommenderModule)
        name = first_not_finite(pl_module.model.state_dict())
        # In whichever process, so that all of them end.
        if not torch.isfinite(mean_of_processes(outputs["loss"])):
            name = name or "loss"
        if name is not None:
            rate = pl_module.settings.training.learning_rate
            raise ValueError(
                f"'learning_rate' needs to be lower, for training diverged in epoch "
                f"{trainer.current_epoch + 1}, with no finite {name!r} (got {rate})"
            )
