"""Training from interactions to a run folder."""

import logging
import signal
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import (
    Callback,
    EarlyStopping,
    ModelCheckpoint,
    RichProgressBar,
)
from pytorch_lightning.loggers import CSVLogger, Logger, TensorBoardLogger

from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.device import Device, resolve_device
from tvdiff_pyg.evaluation import EvaluationTask, TaskName, evaluate
from tvdiff_pyg.models import TVDiff
from tvdiff_pyg.training.datamodule import InteractionDataModule
from tvdiff_pyg.training.module import TVDiffModule
from tvdiff_pyg.training.run import RunFolder, peak_memory_mb, versions
from tvdiff_pyg.training.settings import Settings

Protocol = Literal["standard", "paper"]
Log = Literal["csv", "tensorboard", "none"]

SELECTION_METRIC = "ndcg@20"


@dataclass(frozen=True)
class FitOptions:
    """How a run is carried out; what is trained is in :class:`Settings`.

    Args:
        protocol: "standard" selects the epoch on validation and touches the test once;
            "paper" trains on validation too and selects on the test, as published.
        seed: Seed of weights, batches, noise and negatives.
        device: Where to train.
        log: Training curves as CSV, for TensorBoard, or not at all.
        progress: Show a progress bar.
        resume: Go on from the run folder's last checkpoint.
    """

    protocol: Protocol = "standard"
    seed: int = 0
    device: Device = "auto"
    log: Log = "csv"
    progress: bool = True
    resume: bool = False

    def __post_init__(self) -> None:
        """Check what the trainer would report less clearly."""
        if self.protocol not in get_args(Protocol):
            raise ValueError(
                f"'protocol' needs to be one of {list(get_args(Protocol))} "
                f"(got {self.protocol!r})"
            )
        resolve_device(self.device)

    @property
    def selects_on(self) -> TaskName:
        """The held-out part that chooses the epoch."""
        return "test" if self.protocol == "paper" else "validation"


def fit(
    graph: BipartiteGraph,
    settings: Settings | None = None,
    *,
    run: str | Path,
    options: FitOptions | None = None,
    data_config: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Train TV-Diff, evaluate the best epoch, and leave a run folder.

    The folder holds ``config.yaml``, ``metrics.json``, ``graph.pt``, the checkpoints
    of the best and the last epoch, and the training curves. Interrupting keeps the
    best epoch so far.

    Args:
        graph: The interactions.
        settings: Model and training settings. (default: ``Settings()``)
        run: The run folder; made if absent.
        options: Protocol, seed, device and the like. (default: ``FitOptions()``)
        data_config: Where the data came from, to be kept in ``config.yaml``.
            (default: ``None``)

    Returns:
        The content of ``metrics.json``.

    Raises:
        ValueError: If an option is outside its range, the part that selects the epoch
            is empty, or ``run`` already holds a run and is not to be resumed.
        KeyboardInterrupt: If interrupted, after everything has been written.

    Example:
        >>> from tvdiff_pyg.data import SyntheticBipartite
        >>> graph = SyntheticBipartite(60, 40, 600)[0]  # doctest: +SKIP
        >>> metrics = fit(graph, run="runs/synthetic")  # doctest: +SKIP
    """
    settings, options = settings or Settings(), options or FitOptions()
    folder = RunFolder(run)
    _check_folder(folder, options.resume)
    pl.seed_everything(options.seed, workers=True, verbose=False)
    if options.protocol == "paper":
        graph = graph.without_validation()
    module, data = _modules(graph, settings, options)
    folder.write_config({**(data_config or {}), **asdict(options), **asdict(settings)})
    graph.save(folder.graph_file)

    resume_from = folder.last_checkpoint if options.resume else None
    with _quiet_lightning():
        trainer = _trainer(settings, options, folder)
        started = time.perf_counter()
        finished = _run(trainer, module, data, resume_from)
        seconds = time.perf_counter() - started
    best_epoch = _best_epoch(folder)
    metrics = {
        "protocol": options.protocol,
        "selected_on": options.selects_on,
        "finished": finished,
        "data": graph.counts(),
        "epochs": trainer.current_epoch,
        "best_epoch": best_epoch,
        "fit_seconds": round(seconds, 3),
        **_measure(graph, folder, finished),
        "peak_memory_mb": round(peak_memory_mb(), 1),
        "device": str(trainer.strategy.root_device),
        "versions": versions(),
    }
    folder.write_metrics(metrics)
    if not finished:
        kept = (
            f"epoch {best_epoch} is kept in {run}" if best_epoch else "no epoch ended"
        )
        raise KeyboardInterrupt(kept)
    return metrics


def _check_folder(folder: RunFolder, resume: bool) -> None:
    if resume and not folder.last_checkpoint.is_file():
        raise ValueError(f"'resume' needs a run with a checkpoint (got {folder.path})")
    if not resume and folder.config_file.exists():
        raise ValueError(
            f"'run' needs to be a new folder, or a run to resume (got {folder.path})"
        )


def _modules(
    graph: BipartiteGraph, settings: Settings, options: FitOptions
) -> tuple[TVDiffModule, InteractionDataModule]:
    task = EvaluationTask.from_graph(graph, options.selects_on)
    model = TVDiff(graph.num_users, graph.num_items, **settings.model_kwargs())
    module = TVDiffModule(model, model.adjacency(graph.train_index), task, settings)
    data = InteractionDataModule(
        graph, task, settings.over_interactions, settings.batch_size
    )
    return module, data


def _trainer(settings: Settings, options: FitOptions, folder: RunFolder) -> pl.Trainer:
    return pl.Trainer(
        accelerator=resolve_device(options.device).type,
        devices=1,
        precision=settings.precision,
        max_epochs=settings.max_epochs,
        check_val_every_n_epoch=settings.check_every,
        num_sanity_val_steps=0,
        log_every_n_steps=1,
        logger=_logger(options.log, folder),
        callbacks=_callbacks(settings, options, folder),
        enable_progress_bar=options.progress,
        enable_model_summary=False,
        default_root_dir=str(folder.path),
    )


def _callbacks(
    settings: Settings, options: FitOptions, folder: RunFolder
) -> list[Callback]:
    monitor = f"{options.selects_on}/{SELECTION_METRIC}"
    where = folder.best_checkpoint.parent
    best = ModelCheckpoint(
        where,
        folder.best_checkpoint.stem,
        monitor=monitor,
        mode="max",
        save_weights_only=True,
        enable_version_counter=False,
    )
    last = ModelCheckpoint(
        where, folder.last_checkpoint.stem, enable_version_counter=False
    )
    stop = EarlyStopping(monitor, mode="max", patience=settings.patience)
    bar: list[Callback] = [_ProgressBar()] if options.progress else []
    return [best, last, stop, *bar]


class _ProgressBar(RichProgressBar):
    """Shows what is learned; Lightning adds the number of the log folder."""

    def get_metrics(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule
    ) -> dict[str, int | str | float | dict[str, float]]:
        metrics = super().get_metrics(trainer, pl_module)
        metrics.pop("v_num", None)
        return metrics


def _logger(log: Log, folder: RunFolder) -> Logger | bool:
    if log == "none":
        return False
    kind = TensorBoardLogger if log == "tensorboard" else CSVLogger
    # A resumed run adds a version of its own and leaves the earlier curves alone.
    return kind(str(folder.path), name="logs")


def _run(
    trainer: pl.Trainer,
    module: TVDiffModule,
    data: InteractionDataModule,
    resume_from: Path | None,
) -> bool:
    """Train; return whether training was left to finish."""
    on_interrupt = signal.getsignal(signal.SIGINT)
    try:
        trainer.fit(module, data, ckpt_path=resume_from, weights_only=True)
    except (KeyboardInterrupt, SystemExit):
        # Lightning answers Ctrl-C by closing down, ignoring further ones, and exiting.
        signal.signal(signal.SIGINT, on_interrupt)
        return False
    return True


@contextmanager
def _quiet_lightning() -> Iterator[None]:
    """Leave the screen to the progress bar: no notes on hardware or products."""
    logger = logging.getLogger("pytorch_lightning.utilities.rank_zero")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="pytorch_lightning")
            yield
    finally:
        logger.setLevel(level)


def _best_epoch(folder: RunFolder) -> int | None:
    """Return the epoch, counted from 1, of the best checkpoint."""
    if not folder.best_checkpoint.is_file():
        return None
    state = torch.load(
        folder.best_checkpoint, map_location="meta", weights_only=True, mmap=True
    )
    return int(state["epoch"]) + 1


def _measure(
    graph: BipartiteGraph, folder: RunFolder, finished: bool
) -> dict[str, Any]:
    """Evaluate the best epoch; an interrupted run leaves the test untouched."""
    parts: dict[str, Any] = {"validation": {}, "test": {}, "score_seconds": None}
    if not folder.best_checkpoint.is_file():
        return parts
    model = folder.model()
    adjacency = model.adjacency(graph.train_index)
    wanted: list[TaskName] = []
    if graph.validation_index.size(1) > 0:
        wanted.append("validation")
    if graph.test_index.size(1) > 0 and finished:
        wanted.append("test")
    for name in wanted:
        started = time.perf_counter()
        parts[name] = evaluate(model, adjacency, EvaluationTask.from_graph(graph, name))
        parts["score_seconds"] = round(time.perf_counter() - started, 3)
    return parts
