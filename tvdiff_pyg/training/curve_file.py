"""The training curves as CSV."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.loggers import CSVLogger
from pytorch_lightning.utilities import rank_zero_only

from tvdiff_pyg.files import append, write_text
from tvdiff_pyg.training.module import TRAINED


class CurveFile(CSVLogger):
    """Logs to ``logs/version_N/metrics.csv``, a file of whole rows at any time.

    Lightning's own is for a moment empty where a column is new.

    Args:
        folder: The run folder.
    """

    def __init__(self, folder: str) -> None:
        super().__init__(folder, name="logs")
        self._rows: list[dict[str, Any]] = []
        self._names: list[str] = []
        self._num_saved = 0

    @property
    def experiment(self) -> Any:
        """Nothing, for Lightning's own makes a folder that may stay empty."""
        return None

    @rank_zero_only
    def log_hyperparams(self, params: Any = None) -> None:
        """Do nothing: ``config.yaml`` holds the settings."""

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Keep a row until it is saved."""
        self._rows.append({**metrics, "step": step})

    @rank_zero_only
    def save(self) -> None:
        """Write what was logged."""
        new = self._rows[self._num_saved :]
        if not new:
            return
        file = Path(self.log_dir, "metrics.csv")
        names = sorted({*self._names, *(name for row in new for name in row)})
        if names != self._names:
            self._names = names
            file.parent.mkdir(parents=True, exist_ok=True)
            header = dict(zip(names, names, strict=True))
            write_text(file, self._text([header, *self._rows]))
        else:
            append(file, self._text(new).encode())
        self._num_saved = len(self._rows)

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """Write what was logged last."""
        self.save()

    def _text(self, rows: list[dict[str, Any]]) -> str:
        text = io.StringIO(newline="")
        csv.DictWriter(text, self._names).writerows(rows)
        return text.getvalue()


class EpochCurves(Callback):
    """Logs what the training of an epoch came to, before the epoch is kept.

    Lightning logs it after: killed in between, a resumed run would lack it.
    """

    def on_train_epoch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule
    ) -> None:
        """Log the means over the epoch, at its last step."""
        row = {name: trainer.callback_metrics[name].item() for name in TRAINED}
        for logger in trainer.loggers:
            step = trainer.global_step - 1
            logger.log_metrics({**row, "epoch": trainer.current_epoch}, step)
            logger.save()
