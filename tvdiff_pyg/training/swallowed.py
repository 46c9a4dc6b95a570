"""Ctrl-C that Python has swallowed, as it does in a finaliser."""

import signal
import sys
from types import TracebackType
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback


class Swallowed(Callback):
    """Ends a training for a Ctrl-C that ended no more than a finaliser.

    Such is the end of a data loader's workers: Python says that it ignores what a
    finaliser raises, and goes on. In this context it is heard, and raised again where a
    batch begins or ends. Where somebody else handles Ctrl-C, as the command line does,
    this does nothing.

    Example:
        >>> before = sys.unraisablehook
        >>> with Swallowed():
        ...     heard = sys.unraisablehook is not before
        >>> heard, sys.unraisablehook is before
        (True, True)
    """

    def __init__(self) -> None:
        self._came = False
        self._before: Any = None

    def __enter__(self) -> "Swallowed":
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._before, sys.unraisablehook = sys.unraisablehook, self._hear
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if sys.unraisablehook == self._hear:
            sys.unraisablehook = self._before

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any
    ) -> None:
        """Raise what came."""
        self._raise_again()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any
    ) -> None:
        """Raise what came."""
        self._raise_again()

    def on_validation_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, *_: Any
    ) -> None:
        """Raise what came."""
        self._raise_again()

    def _raise_again(self) -> None:
        if self._came:
            raise KeyboardInterrupt

    def _hear(self, unraisable: Any) -> None:
        if isinstance(unraisable.exc_value, KeyboardInterrupt):
            self._came = True
        else:
            self._before(unraisable)
