"""Where training curves go: a file, TensorBoard, Weights & Biases, or MLflow."""

import os
from collections.abc import Callable
from pathlib import Path

from pytorch_lightning.loggers import (
    Logger,
    MLFlowLogger,
    TensorBoardLogger,
    WandbLogger,
)
from pytorch_lightning.utilities import rank_zero_only

from tvdiff_pyg.data.column import first_line
from tvdiff_pyg.training.curve_file import CurveFile
from tvdiff_pyg.training.fit_options import Log

PROJECT = "tvdiff_pyg"


def logger_of(log: Log, folder: str | os.PathLike[str]) -> Logger | None:
    """Build what an option says curves are logged by.

    A resumed run adds a version of its own and leaves the earlier curves alone. The
    first two write to ``logs`` of the run folder; Weights & Biases and MLflow, whose
    stores hold many runs, to where their environment variables say, or to ``wandb`` and
    ``mlruns`` in the working folder.

    Args:
        log: The option.
        folder: The run folder, whose name the run bears.

    Raises:
        ImportError: If its package is not installed.
        ValueError: If Weights & Biases knows no account.

    Example:
        >>> logger_of("none", "runs/demo") is None
        True
    """
    if log not in BUILT:
        return None
    try:
        return BUILT[log](Path(folder))
    except ImportError as error:
        raise ImportError(
            f"'log' needs a package to be {log!r}: pip install "
            f"'tvdiff_pyg[{EXTRAS.get(log, log)}]' ({error})"
        ) from error


class WandbRun(WandbLogger):
    """A run of Weights & Biases, which ends with the training."""

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """End the run, so that the next training has one of its own."""
        super().finalize(status)
        self.experiment.finish()


def _curve_file(folder: Path) -> Logger:
    return CurveFile(str(folder))


def _tensorboard(folder: Path) -> Logger:
    return TensorBoardLogger(str(folder), name="logs")


def _wandb(folder: Path) -> Logger:
    home = os.environ.get("WANDB_DIR") or "."
    run = WandbRun(name=folder.name, save_dir=home, project=PROJECT)
    import wandb

    try:
        # Begins here, rather than where the training does.
        _ = run.experiment
    except wandb.errors.Error as error:
        # It has read the environment once, and would not see what is set there now.
        wandb.teardown()
        raise ValueError(
            f"'log' needs an account, or WANDB_MODE=offline in the environment, to be "
            f"'wandb' (got {first_line(error)})"
        ) from error
    return run


def _mlflow(folder: Path) -> Logger:
    place = os.environ.get("MLFLOW_TRACKING_URI")
    if not place:
        # Its own default is a data base, which takes more than its small package.
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
        place = Path("mlruns").absolute().as_uri()
    return MLFlowLogger(PROJECT, folder.name, place)


BUILT: dict[str, Callable[[Path], Logger]] = {
    "csv": _curve_file,
    "tensorboard": _tensorboard,
    "wandb": _wandb,
    "mlflow": _mlflow,
}
# The extras that bring their packages, where the names differ.
EXTRAS = {"wandb": "loggers", "mlflow": "loggers"}
