"""What a process keeps to itself that is one of several: its stream, its signals."""

import signal
import threading

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from tvdiff_pyg.training.random_state import begin_stream


class OneOfSeveral(Callback):
    """Lets each process draw noise and negatives of its own, and end by itself.

    Weights and the order of the batches come from the seed that all share. Lightning
    answers SIGTERM by a broadcast, which waits for ever where others are in the middle
    of another one; here it is answered as before the training.

    Args:
        seed: The seed that all processes share.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._before = signal.getsignal(signal.SIGTERM)

    def setup(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str
    ) -> None:
        """Begin a stream, after Lightning's own seed and before any checkpoint's."""
        if trainer.global_rank > 0:
            begin_stream(self._seed, trainer.global_rank)

    def on_train_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule
    ) -> None:
        """Take the signal back."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, self._before)
