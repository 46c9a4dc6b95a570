"""Going on from a checkpoint, or saying that it is none to go on from."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback
from torch import Tensor
from torch.optim import Optimizer

# What a wrong value meets first where it is used. In no training that ended an epoch
# before does the next one raise it.
_MISUSE = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError)


class Restoring(Callback):
    """Knows how far a training has come in taking up its checkpoint.

    Args:
        begins: Called before the first step, when the checkpoint has been taken up.

    Attributes:
        begun: Whether there was a first step, or about to be one.
    """

    def __init__(self, begins: Callable[[], None]) -> None:
        self.begun = False
        self._begins = begins
        self._first: int | None = None
        self._refused: tuple[type[Exception], ...] = (Exception,)

    def on_train_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule
    ) -> None:
        """Let the training begin."""
        _check_moments(trainer.optimizers)
        self._refused = _MISUSE
        self.begun = True
        self._begins()

    def on_train_epoch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule
    ) -> None:
        """Trust the checkpoint once another epoch is kept."""
        if self._first is None:
            self._first = trainer.current_epoch
        elif self._first != trainer.current_epoch:
            self._refused = ()

    @contextmanager
    def from_checkpoint(self, checkpoint: Path | None) -> Iterator[None]:
        """Refuse a checkpoint that a training cannot go on from.

        Args:
            checkpoint: The checkpoint; ``None`` if the training is a new one.

        Raises:
            ValueError: If what it holds is not what this version writes.
        """
        try:
            yield
        except (OSError, MemoryError):
            raise
        except Exception as error:
            if checkpoint is None or not isinstance(error, self._refused):
                raise
            said: Any = " ".join(str(error).split()) or type(error).__name__
            raise ValueError(
                f"'run' needs a checkpoint of this version and of these settings: fit "
                f"it again (got {checkpoint}: {said})"
            ) from error


def _check_moments(optimizers: Iterable[Optimizer]) -> None:
    """Raise unless what optimisers keep of weights is as large as these.

    A fused kernel does not look, and would read what lies beyond.
    """
    for optimizer in optimizers:
        for weight, kept in optimizer.state.items():
            for name, value in kept.items():
                of_all = isinstance(value, Tensor) and value.dim() > 0
                if of_all and value.shape != weight.shape:
                    raise ValueError(
                        f"{name!r} of weights of shape {list(weight.shape)} is of "
                        f"shape {list(value.shape)}"
                    )
