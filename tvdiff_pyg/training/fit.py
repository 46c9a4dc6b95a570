"""Training from interactions to a run folder."""

import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch

from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.evaluation import EvaluationTask, TaskName, evaluate
from tvdiff_pyg.models import LocalEASE, TVDiff, build_model
from tvdiff_pyg.sparse import BipartiteAdjacency
from tvdiff_pyg.training.datamodule import InteractionDataModule
from tvdiff_pyg.training.fit_options import FitOptions
from tvdiff_pyg.training.linear_share import choose_share
from tvdiff_pyg.training.memory import GraphSize, choose_engine, usable_memory
from tvdiff_pyg.training.module import TVDiffModule
from tvdiff_pyg.training.run_folder import RunFolder, peak_memory_mb, versions
from tvdiff_pyg.training.settings import LINEAR_FIELDS, Settings
from tvdiff_pyg.training.trainer import (
    StepTimer,
    findings,
    make_trainer,
    quiet_lightning,
    train,
    trained_seconds,
)


def fit(
    graph: BipartiteGraph,
    settings: Settings | None = None,
    *,
    run: str | Path,
    options: FitOptions | None = None,
    data_config: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Train TV-Diff or a baseline, evaluate the best epoch, and leave a run folder.

    The folder holds ``config.yaml``, ``metrics.json``, ``graph.pt``, the checkpoints
    of the best and the last epoch, the training curves, and ``linear.pt`` where a
    linear item model is blended in. Interrupting keeps the
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
            is empty, the engine ``"auto"`` finds too little memory, or ``run`` holds a
            run that is not, or cannot, be resumed.
        KeyboardInterrupt: If interrupted, after everything has been written.

    Example:
        >>> import tempfile
        >>> from tvdiff_pyg.data import SyntheticBipartite
        >>> graph = SyntheticBipartite(60, 40, 600)[0]
        >>> settings = Settings(hidden_channels=4, num_timesteps=2, max_epochs=1)
        >>> options = FitOptions(progress=False)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     metrics = fit(graph, settings, run=f"{folder}/run", options=options)
        >>> metrics["epochs"]
        1
    """
    settings, options = settings or Settings(), options or FitOptions()
    folder = RunFolder(run)
    if not options.resume and folder.config_file.exists():
        raise ValueError(f"'run' needs to be a new folder, or to resume (got {run})")
    pl.seed_everything(options.seed, workers=True, verbose=False)
    if options.protocol == "paper":
        graph = graph.without_validation()
    settings = _with_engine(graph, settings, options)
    started = time.perf_counter()
    resumed = folder if options.resume else None
    module, data, linear = _modules(graph, settings, options, resumed)
    if options.resume:
        checkpoint = _resumable(folder, graph, module)
        started -= trained_seconds(checkpoint)
    config = {**(data_config or {}), **asdict(options), **asdict(settings)}
    config |= settings.model_kwargs()  # what a name such as "diffrec" stands for
    del config["resume"]  # says how to begin, not what to do
    folder.write_config(config)
    graph.save(folder.graph_file)
    if linear is not None:
        folder.write_linear(linear, settings.linear_share)
    return _carry_out(graph, module, data, options, folder, started)


def _carry_out(
    graph: BipartiteGraph,
    module: TVDiffModule,
    data: InteractionDataModule,
    options: FitOptions,
    folder: RunFolder,
    started: float,
) -> dict[str, Any]:
    """Train, evaluate, and write down what was measured since the run started."""
    timer = StepTimer()
    with quiet_lightning():
        trainer = make_trainer(module.settings, options, folder, timer)
        resume_from = folder.last_checkpoint if options.resume else None
        finished = train(trainer, module, data, resume_from)
        share = module.settings.linear_share
        if finished and module.settings.choose_linear_share and share > 0:
            share = _choose_share(graph, options.selects_on, folder)
        seconds = time.perf_counter() - started
    metrics = {
        "protocol": options.protocol,
        "selected_on": options.selects_on,
        "finished": finished,
        "data": graph.counts(),
        "epochs": trainer.current_epoch,
        "best_epoch": _best_epoch(folder),
        "fit_seconds": round(seconds, 3),
        "step_seconds": round(timer.step_seconds, 3),
        "findings": findings(trainer),
        "linear_share": share,
        **_measure(graph, folder, finished),
        "peak_memory_mb": round(peak_memory_mb(), 1),
        "device": str(trainer.strategy.root_device),
        "versions": versions(),
    }
    folder.write_metrics(metrics)
    if not finished:
        raise KeyboardInterrupt(
            f"epoch {metrics['best_epoch']} is kept in {folder.path}"
            if metrics["best_epoch"]
            else "no epoch ended"
        )
    return metrics


def _choose_share(graph: BipartiteGraph, part: TaskName, folder: RunFolder) -> float:
    """Let a part's ranking choose what the linear model counts, and keep it."""
    model, (linear, start) = folder.trained_model(), folder.linear()
    adjacency = model.adjacency(graph.train_index)
    task = EvaluationTask.from_graph(graph, part)
    share = choose_share(model, linear, adjacency, task, start)
    folder.write_linear(linear, share)
    return share


def _resumable(
    folder: RunFolder, graph: BipartiteGraph, module: TVDiffModule
) -> dict[str, Any]:
    """Return the checkpoint that this data and these settings go on with, or raise."""
    if not folder.last_checkpoint.is_file():
        raise ValueError(f"'resume' needs a run with a checkpoint (got {folder.path})")
    checkpoint = _without_arrays(folder.last_checkpoint)
    if not torch.equal(folder.graph().train_index, graph.train_index):
        raise ValueError("'graph' needs the interactions that the run began with")
    # What earlier versions did not write down had its default value.
    began = {**vars(Settings()), **folder.config(), **checkpoint["hyper_parameters"]}
    linear = {name: getattr(module.settings, name) for name in LINEAR_FIELDS}
    for name, value in {**module.hparams, **linear}.items():
        if began.get(name) != value:
            raise ValueError(
                f"'{name}' needs to stay {began.get(name)} to resume (got {value})"
            )
    done, wanted = checkpoint["epoch"] + 1, module.settings.max_epochs
    if wanted <= done:
        raise ValueError(f"'max_epochs' needs to be above {done} (got {wanted})")
    return checkpoint


def _without_arrays(checkpoint: Path) -> dict[str, Any]:
    """Read all of a checkpoint but its arrays."""
    state: dict[str, Any] = torch.load(
        checkpoint, map_location="meta", weights_only=True, mmap=True
    )
    return state


def _with_engine(
    graph: BipartiteGraph, settings: Settings, options: FitOptions
) -> Settings:
    """Let the memory plan choose, before anything is built or written."""
    size = GraphSize.of(graph)
    memory = usable_memory(options.memory_gb, options.device)
    return choose_engine(size, settings, memory)


def _linear_model(
    adjacency: BipartiteAdjacency, settings: Settings, resumed: RunFolder | None
) -> LocalEASE | None:
    """Fit the linear item model, or read that of a resumed run."""
    if settings.linear_share == 0:
        return None
    if resumed is not None and resumed.linear_file.is_file():
        return resumed.linear()[0]
    return LocalEASE(settings.linear_neighbors, settings.linear_l2).fit(adjacency)


def _modules(
    graph: BipartiteGraph,
    settings: Settings,
    options: FitOptions,
    resumed: RunFolder | None,
) -> tuple[TVDiffModule, InteractionDataModule, LocalEASE | None]:
    task = EvaluationTask.from_graph(graph, options.selects_on)
    size = graph.num_users, graph.num_items
    model = build_model(*size, settings.model, **settings.model_kwargs())
    adjacency = model.adjacency(graph.train_index)
    if settings.initialization == "spectral":
        assert isinstance(model, TVDiff)
        model.reset_spectral(adjacency)
    linear = _linear_model(adjacency, settings, resumed)
    module = TVDiffModule(model, adjacency, task, settings, linear)
    data = InteractionDataModule(graph, adjacency, task, settings, options.num_workers)
    return module, data, linear


def _best_epoch(folder: RunFolder) -> int | None:
    """Return the epoch, counted from 1, of the best checkpoint."""
    if not folder.best_checkpoint.is_file():
        return None
    return int(_without_arrays(folder.best_checkpoint)["epoch"]) + 1


def _measure(
    graph: BipartiteGraph, folder: RunFolder, finished: bool
) -> dict[str, Any]:
    """Evaluate the best epoch; an interrupted run leaves the test untouched."""
    parts: dict[str, Any] = {"validation": {}, "test": {}, "score_seconds": None}
    if not folder.best_checkpoint.is_file():
        return parts
    model = folder.model()
    size = graph.num_users, graph.num_items
    adjacency = BipartiteAdjacency.from_edge_index(
        graph.train_index, size, model.normalization
    )
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
