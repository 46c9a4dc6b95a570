"""Training from interactions to a run folder."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.loggers import Logger

from tvdiff_pyg.data import (
    BipartiteGraph,
    GraphLike,
    GraphSize,
    NodeFeatures,
    PreparedData,
    graph_to_fit,
)
from tvdiff_pyg.machine import resolve_device
from tvdiff_pyg.metrics.ranking_metrics import check_ks
from tvdiff_pyg.training.additions import Additions
from tvdiff_pyg.training.begin import (
    as_begun,
    begun,
    check_read,
    check_unchanged,
)
from tvdiff_pyg.training.checkpoints import epochs_kept
from tvdiff_pyg.training.collectives import ProcessLostError, of_first
from tvdiff_pyg.training.fit_options import FitOptions
from tvdiff_pyg.training.launching import call_in_all
from tvdiff_pyg.training.memory_plan import (
    check_beyond_doubt,
    choose_engine,
    usable_memory,
)
from tvdiff_pyg.training.partitioned.run import PartitionedRun
from tvdiff_pyg.training.processes import backend
from tvdiff_pyg.training.run import Run
from tvdiff_pyg.training.run_folder import RunFolder
from tvdiff_pyg.training.settings import Settings
from tvdiff_pyg.training.surroundings import surroundings_kept

logger = logging.getLogger(__name__)


def fit(
    graph: GraphLike,
    settings: Settings | None = None,
    *,
    run: str | Path,
    options: FitOptions | None = None,
    data_config: Mapping[str, Any] | None = None,
    overwrite: bool = False,
    callbacks: Sequence[Callback] = (),
    logger: Logger | Sequence[Logger] | None = None,
    trainer_kwargs: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Fit a model, evaluate it (by the best epoch), and leave a run folder.

    The folder holds ``config.yaml``, ``metrics.json``, ``graph.pt``, the checkpoint of
    the best epoch or of the fit and, of a model that learns by gradients, that of the
    last epoch and the training curves. Interrupting keeps the best epoch so far. The
    caller's random state, environment and the like are as they were. With ``devices``,
    several processes train together, and each is begun anew: as a script, it needs to
    call this under ``if __name__ == "__main__":``.

    Args:
        graph: The interactions. Of a ``HeteroData``, which is read by
            :func:`~tvdiff_pyg.data.as_graph`, held-out parts that it has not
            are drawn, by :func:`~tvdiff_pyg.data.hold_out` and the options' seed.
        settings: Model and training settings. (default: ``Settings()``)
        run: The run folder; made if absent.
        options: Protocol, seed, device and the like. (default: ``FitOptions()``)
        data_config: Where the data came from, to be kept in ``config.yaml``.
            (default: ``None``)
        overwrite: Remove the run that the folder holds, as by the option of that name.
            (default: ``False``)
        callbacks: Further callbacks of Lightning's trainer, for a model that learns by
            gradients, as what follows. (default: none)
        logger: Further loggers, beside that of the options. (default: ``None``)
        trainer_kwargs: Further arguments of the trainer, such as
            ``gradient_clip_val``, ``limit_train_batches`` and ``profiler``; those that
            settings and options decide are refused. (default: none)

    Returns:
        The content of ``metrics.json``.

    Raises:
        ValueError: If an option is outside its range, the part that selects the epoch
            is empty, there is too little memory, ``run`` is in use or holds a run that
            is not, or cannot, be resumed, or training diverges.
        ProcessLostError: If one of several processes was ended by something else.
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
    if overwrite:
        options = replace(options, overwrite=True)
    additions = Additions(callbacks, logger, trainer_kwargs or {})
    additions.check_read(settings, options)
    source = data_config or {}
    return fit_in(RunFolder(run), graph, settings, options, source, additions=additions)


@surroundings_kept()
def fit_in(
    folder: RunFolder,
    graph: GraphLike,
    settings: Settings,
    options: FitOptions,
    source: Mapping[str, Any],
    selected_by: Mapping[str, Any] | None = None,
    additions: Additions | None = None,
) -> dict[str, Any]:
    """Fit as :func:`fit` does, perhaps by what another run has selected.

    Args:
        folder: The run folder.
        graph: The interactions.
        settings: Model and training settings.
        options: How the run is carried out.
        source: Where the data came from.
        selected_by: What ``metrics.json`` is to say of the other run.
            (default: ``None``)
        additions: What the caller adds to Lightning's trainer. (default: nothing)
    """
    check_read(settings, options)
    settings.model.check_packages()
    processes = options.processes
    in_parts = options.strategy == "partitioned" and processes.world_size > 1
    if not (in_parts and isinstance(graph, PreparedData)):
        graph = graph_to_fit(graph, options.seed)
        _say_unread(graph, settings)
    work = folder, graph, settings, options, source, selected_by, additions
    try:
        if processes.to_begin:
            with begun(folder, options):  # Refused before others are begun.
                pass
            call_in_all(processes, fit_in, *work)
            return folder.metrics()
        with processes.joined(backend(options.device, settings.model.sparse_grad)):
            return _fit_here(*work)
    except ProcessLostError as error:
        raise ProcessLostError(f"{error}; {epochs_kept(folder)}") from error


def _fit_here(
    folder: RunFolder,
    graph: BipartiteGraph | PreparedData,
    settings: Settings,
    options: FitOptions,
    source: Mapping[str, Any],
    selected_by: Mapping[str, Any] | None,
    additions: Additions | None,
) -> dict[str, Any]:
    """Fit in this process, perhaps one of several."""
    with begun(folder, options) as resumes:
        options = replace(options, resume=resumes)
        run = _prepared(folder, graph, settings, options)
        run = replace(run, source=source, selected_by=selected_by)
        return replace(run, additions=additions or Additions()).carry_out()


def _prepared(
    folder: RunFolder,
    graph: BipartiteGraph | PreparedData,
    settings: Settings,
    options: FitOptions,
) -> Run:
    """Seed, choose the engine, and check what can be checked beforehand."""
    if options.final and settings.get("choose_linear_share", False):
        raise ValueError(
            "'choose_linear_share' needs a held-out part, and 'final' leaves none "
            "(got True)"
        )
    if graph.is_weighed:
        settings.model.check_weights("edge_weight")
    check_ks(options.ks, graph.num_items)
    pl.seed_everything(options.seed, workers=True, verbose=False)
    graph = options.training_graph(graph)
    if options.resume:
        settings = as_begun(folder, settings)
    settings = _with_other_linear(graph, _with_steps(graph, settings))
    processes = options.processes
    memory = usable_memory(options.memory_gb, options.device)
    if resolve_device(options.device).type == "cpu":
        memory //= processes.devices  # which share it
    # One that holds all users is one like any other.
    parts = processes.world_size if options.strategy == "partitioned" else 1
    size, kind = GraphSize.of(graph), PartitionedRun if parts > 1 else Run
    # Others may have more of it, or less.
    settings = of_first(choose_engine(size, settings, memory, parts))
    check_beyond_doubt(size, settings, options.device, parts)
    if options.resume:
        check_unchanged(folder, graph, settings, options)
    if settings.get("engine") != "sampled":
        options = replace(options, num_workers=0)
    return kind(graph, settings, options, folder, processes)


def _with_steps(graph: BipartiteGraph | PreparedData, settings: Settings) -> Settings:
    """Make batches smaller where an epoch would have fewer steps than it needs."""
    training = settings.training
    if not settings.by_gradients or training.min_steps == 1:
        return settings
    rows = "train" if training.over_interactions(settings.model) else "users"
    batch_size = training.batch_of(graph.counts()[rows])
    if batch_size < training.batch_size:
        logger.info("batches of %d, for %d steps", batch_size, training.min_steps)
    return settings.but(batch_size=batch_size)


def _with_other_linear(
    graph: BipartiteGraph | PreparedData, settings: Settings
) -> Settings:
    """Leave the other linear model out where it would be too large to be tried."""
    neighbors = settings.get("other_linear_neighbors", 0)
    if neighbors == 0 or settings.linear.other_fits(graph.num_items):
        return settings
    logger.info("too many items to try a linear model of %d neighbours", neighbors)
    return settings.but(other_linear_neighbors=0)


def _say_unread(graph: BipartiteGraph, settings: Settings) -> None:
    """Say so where a graph has features that the model leaves alone."""
    sides = zip(NodeFeatures._fields, NodeFeatures.of(graph), strict=True)
    given = [f"{side}s" for side, x in sides if x is not None]
    if given and settings.model.unfeatured is not None:
        names = " and of ".join(given)
        who = settings.model.unfeatured
        logger.info("features of %s are left alone by %s", names, who)
