"""What a caller adds to Lightning's trainer."""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.loggers import Logger

from tvdiff_pyg.training.fit_options import FitOptions
from tvdiff_pyg.training.settings import Settings

# What a run decides itself, by its settings and options, or cannot do without.
DECIDED = {
    "accelerator": "'device'",
    "barebones": "the run",
    "callbacks": "the argument",
    "check_val_every_n_epoch": "'check_every'",
    "default_root_dir": "'run'",
    "devices": "the option",
    "enable_checkpointing": "the run",
    "enable_progress_bar": "'progress'",
    "fast_dev_run": "'max_epochs'",
    "limit_val_batches": "'protocol'",
    "logger": "the argument",
    "max_epochs": "the setting",
    "num_nodes": "the option",
    "num_sanity_val_steps": "the run",
    "plugins": "the run",
    "precision": "the setting",
    "strategy": "the run",
    "use_distributed_sampler": "the run",
    "val_check_interval": "'check_every'",
}


@dataclass(frozen=True, eq=False)
class Additions:
    """Callbacks, loggers and arguments beside those of every run.

    Args:
        callbacks: Further callbacks. (default: none)
        logger: Further loggers, one or several. (default: ``None``)
        trainer_kwargs: Further arguments of the trainer. (default: none)

    Raises:
        ValueError: If an argument is decided otherwise, or there is none of the name.

    Example:
        >>> Additions(trainer_kwargs={"max_epochs": 3})
        Traceback (most recent call last):
            ...
        ValueError: 'trainer_kwargs' needs to be without 'max_epochs', which ...
    """

    callbacks: Sequence[Callback] = ()
    logger: Logger | Sequence[Logger] | None = None
    trainer_kwargs: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the types, and the arguments' names."""
        for name, found, kind in (
            ("callbacks", self.callbacks, Callback),
            ("logger", self.loggers, Logger),
        ):
            wrong = [one for one in found if not isinstance(one, kind)]
            if wrong:
                raise ValueError(
                    f"'{name}' needs to be of Lightning's kind (got {wrong[0]!r})"
                )
        known = inspect.signature(pl.Trainer.__init__).parameters
        for name in self.trainer_kwargs:
            if name in DECIDED:
                raise ValueError(
                    f"'trainer_kwargs' needs to be without {name!r}, which "
                    f"{DECIDED[name]} decides"
                )
            if name not in known:
                raise ValueError(
                    f"'trainer_kwargs' needs to be arguments of Lightning's Trainer "
                    f"(got {name!r})"
                )

    @property
    def loggers(self) -> list[Logger]:
        """The loggers as a list."""
        if self.logger is None:
            return []
        return list(self.logger) if isinstance(self.logger, Sequence) else [self.logger]

    def check_read(self, settings: Settings, options: FitOptions) -> None:
        """Raise if a model that has no epochs would pass over them, or if they read all
        gradients where each process has some.

        Args:
            settings: What is fitted.
            options: How.

        Raises:
            ValueError: If it would.
        """
        for name in ("logger", "trainer_kwargs"):
            if getattr(self, name) and not settings.by_gradients:
                raise ValueError(
                    f"'{name}' has no use with model {settings['model']!r}, which has "
                    "no epochs"
                )
        clips = self.trainer_kwargs.get("gradient_clip_val")
        by_norm = self.trainer_kwargs.get("gradient_clip_algorithm") != "value"
        if options.strategy == "partitioned" and clips and by_norm:
            raise ValueError(
                f"'gradient_clip_val' needs 'gradient_clip_algorithm' 'value' with the "
                f"strategy 'partitioned', as no process has the whole gradient "
                f"(got {clips!r})"
            )
