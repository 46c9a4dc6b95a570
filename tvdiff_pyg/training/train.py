"""Training by gradients, from a model to its best epoch."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.evaluation import EvaluationTask
from tvdiff_pyg.models import Model
from tvdiff_pyg.sparse import BipartiteAdjacency
from tvdiff_pyg.training.datamodule import InteractionDataModule
from tvdiff_pyg.training.fit_options import FitOptions
from tvdiff_pyg.training.module import RecommenderModule
from tvdiff_pyg.training.run_folder import RunFolder
from tvdiff_pyg.training.settings import Settings
from tvdiff_pyg.training.step_timer import StepTimer
from tvdiff_pyg.training.trainer import (
    carry_out,
    findings,
    make_trainer,
    quiet_lightning,
    trained_seconds,
)


@dataclass(frozen=True)
class Trained:
    """What a fit leaves.

    Args:
        model: The model, of the best epoch if it has epochs; ``None`` if none ended.
        device: Where it was fitted.
        finished: Whether it was left to finish. (default: ``True``)
        epochs: Epochs trained in all. (default: ``0``)
        best_epoch: The best of them, from 1. (default: ``None``)
        step_seconds: What training steps took. (default: ``0.0``)
        earlier_seconds: What a resumed run took before. (default: ``0.0``)
        findings: What the diagnosis found. (default: nothing)
    """

    model: Model | None
    device: str
    finished: bool = True
    epochs: int = 0
    best_epoch: int | None = None
    step_seconds: float = 0.0
    earlier_seconds: float = 0.0
    findings: list[dict[str, Any]] = field(default_factory=list)


def train(
    model: Model,
    graph: BipartiteGraph,
    adjacency: BipartiteAdjacency,
    task: EvaluationTask,
    settings: Settings,
    options: FitOptions,
    folder: RunFolder,
    before: Callable[[], None],
) -> Trained:
    """Train a model by gradients, or go on with it.

    Args:
        model: The model, prepared.
        graph: The interactions.
        adjacency: The same as the model reads them.
        task: What selects the epoch.
        settings: What is trained and how.
        options: How the run is carried out.
        folder: Where checkpoints and curves go.
        before: Called when nothing is left to be refused.

    Raises:
        ValueError: If the run cannot be resumed.
    """
    module = RecommenderModule(model, adjacency, task, settings)
    data = InteractionDataModule(graph, adjacency, task, settings, options.num_workers)
    earlier = 0.0
    if options.resume:
        earlier = trained_seconds(_resumable(folder, graph, module))
    before()
    timer = StepTimer()
    with quiet_lightning():
        trainer = make_trainer(settings.training, options, folder, timer)
        resume_from = folder.last_checkpoint if options.resume else None
        finished = carry_out(trainer, module, data, resume_from)
    best = folder.best_checkpoint.is_file()
    return Trained(
        model=folder.model() if best else None,
        device=str(trainer.strategy.root_device),
        finished=finished,
        epochs=trainer.current_epoch,
        best_epoch=_epoch(folder.best_checkpoint) if best else None,
        step_seconds=timer.step_seconds,
        earlier_seconds=earlier,
        findings=findings(trainer),
    )


def _resumable(
    folder: RunFolder, graph: BipartiteGraph, module: RecommenderModule
) -> dict[str, Any]:
    """Return the checkpoint that this data and these settings go on with, or raise."""
    if not folder.last_checkpoint.is_file():
        raise ValueError(f"'resume' needs a run with a checkpoint (got {folder.path})")
    checkpoint = _without_arrays(folder.last_checkpoint)
    if not torch.equal(folder.graph().train_index, graph.train_index):
        raise ValueError("'graph' needs the interactions that the run began with")
    began = checkpoint["hyper_parameters"].get("settings", {})
    for name, value in module.hparams["settings"].items():
        if began.get(name) != value:
            raise ValueError(
                f"'{name}' needs to stay {began.get(name)} to resume (got {value})"
            )
    done, wanted = checkpoint["epoch"] + 1, module.settings.training.max_epochs
    if wanted <= done:
        raise ValueError(f"'max_epochs' needs to be above {done} (got {wanted})")
    return checkpoint


def _epoch(checkpoint: Path) -> int:
    """Return the epoch of a checkpoint, counted from 1."""
    return int(_without_arrays(checkpoint)["epoch"]) + 1


def _without_arrays(checkpoint: Path) -> dict[str, Any]:
    """Read all of a checkpoint but its arrays."""
    state: dict[str, Any] = torch.load(
        checkpoint, map_location="meta", weights_only=True, mmap=True
    )
    return state
