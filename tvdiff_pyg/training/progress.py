"""How far training is: one line of a terminal, or a line of a file now and then."""

from datetime import timedelta
from time import monotonic
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import ProgressBar, RichProgressBar
from rich.progress import ProgressColumn, Task
from rich.table import Column
from rich.text import Text

from tvdiff_pyg.training.live import is_live

# A line for each tenth of the epochs, and for each half minute.
LINES, LINE_SECONDS = 10, 30.0
COLUMNS, BAR = 80, 12


def progress_bar() -> ProgressBar:
    """Return what shows the progress of a training where its output goes.

    Example:
        >>> isinstance(progress_bar(), ProgressBar)
        True
    """
    return LiveLine() if is_live() else LinesOfProgress()


class LiveLine(RichProgressBar):
    """Lightning's bar on one line, cut off where the terminal ends."""

    def __init__(self) -> None:
        super().__init__()
        self.line = _Line()

    def configure_columns(self, trainer: pl.Trainer) -> list[ProgressColumn]:
        """Return the only column."""
        return [self.line]

    def get_metrics(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> Any:
        """Read the metrics, in the main thread; Lightning's own column shows none."""
        self.line.epoch, self.line.metrics = _epoch(trainer), _metrics(trainer)
        return {}

    def on_validation_batch_start(self, *args: Any, **kwargs: Any) -> None:
        """Show no second bar."""

    def on_validation_batch_end(self, *args: Any, **kwargs: Any) -> None:
        """Show no second bar."""


class _Line(ProgressColumn):
    max_refresh = 0.1

    def __init__(self) -> None:
        super().__init__(Column(no_wrap=True, overflow="ellipsis"))
        self.epoch = self.metrics = ""
        self._began = monotonic()

    def render(self, task: Task) -> Text:
        total = int(task.total or 0)
        done = BAR * int(task.completed) // max(total, 1)
        bar = "#" * done + "." * (BAR - done)
        batches = f"{int(task.completed)}/{total}"
        words = (self.epoch, bar, batches, _since(self._began))
        return Text(" ".join((*words, self.metrics)))


class LinesOfProgress(ProgressBar):
    """Prints a line now and then, for files and the logs of other programs."""

    def __init__(self) -> None:
        super().__init__()
        self._enabled = True
        self._began = self._last = monotonic()
        self._next, self._line = 0, ""

    def disable(self) -> None:
        """Print nothing."""
        self._enabled = False

    def enable(self) -> None:
        """Print again."""
        self._enabled = True

    def on_train_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule
    ) -> None:
        """Start to count."""
        self._began = self._last = monotonic()

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Print how far a long epoch is."""
        if monotonic() - self._last >= LINE_SECONDS:
            batches = f" batch {batch_idx + 1}/{self.total_train_batches}"
            self._print(self._of(trainer, batches))

    def on_train_epoch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule
    ) -> None:
        """Print the first epoch, and then each tenth of all of them."""
        self._line, epoch = self._of(trainer), trainer.current_epoch + 1
        if epoch >= self._next or monotonic() - self._last >= LINE_SECONDS:
            self._print(self._line)
            self._next = epoch + max((trainer.max_epochs or 0) // LINES, 1)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Print the last epoch."""
        self._print(self._line)

    def _of(self, trainer: pl.Trainer, batches: str = "") -> str:
        epoch = _epoch(trainer)
        return f"{epoch}{batches} {_since(self._began)} {_metrics(trainer)}"[
            :COLUMNS
        ].rstrip()

    def _print(self, line: str) -> None:
        if self._enabled and line:
            print(line, flush=True)
        self._last, self._line = monotonic(), ""


def _epoch(trainer: pl.Trainer) -> str:
    return f"epoch {trainer.current_epoch + 1}/{trainer.max_epochs}"


def _metrics(trainer: pl.Trainer) -> str:
    """Name what training has come to, that of the last check first."""
    metrics = trainer.progress_bar_metrics
    checked_first = sorted(metrics, key=lambda name: "/" not in name)
    return " ".join(
        f"{name.rpartition('/')[2]} {float(metrics[name]):.4g}"
        for name in checked_first
    )


def _since(moment: float) -> str:
    return str(timedelta(seconds=int(monotonic() - moment)))
