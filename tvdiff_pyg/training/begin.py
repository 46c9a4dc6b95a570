"""What has to hold before a run begins, or goes on, in a folder."""

import os
import reprlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tvdiff_pyg.data import BipartiteGraph, PreparedData
from tvdiff_pyg.data.difference import first_difference
from tvdiff_pyg.folders import locked
from tvdiff_pyg.training.clearing import clear, foreign_files
from tvdiff_pyg.training.collectives import of_first
from tvdiff_pyg.training.fit_options import FitOptions
from tvdiff_pyg.training.kept_settings import kept_settings
from tvdiff_pyg.training.partitioned.checks import check_partitioned
from tvdiff_pyg.training.run_folder import RunFolder
from tvdiff_pyg.training.settings import Settings

# What takes effect from where a run goes on; all else has to stay.
MAY_CHANGE = {
    "max_epochs",
    "patience",
    "device",
    "log",
    "progress",
    "devices",
    "num_nodes",
    "strategy",
    "num_workers",
    "memory_gb",
    "profile",
    "diagnose",
    "resume",
    "overwrite",
}

# Settings that say so where a run is to choose, and what it begins with stands instead.
LEFT_TO_RUNS = {"engine": "auto", "initialization": "spectral"}


@contextmanager
def begun(folder: RunFolder, options: FitOptions) -> Iterator[bool]:
    """Have a run folder for oneself, after checking that a run may begin there.

    A new run that is refused, fails or is stopped before an epoch has ended leaves
    nothing. Of several processes, the first has the folder, and the others go by it.

    Args:
        folder: The run folder; made if absent, and removed if nothing is written to it.
        options: Whether the run is to go on, or to take the place of another.

    Yields:
        Whether it goes on from its last checkpoint: one that was killed before its
        first epoch had ended begins anew.

    Raises:
        ValueError: If the folder cannot be one, somebody else has it, or it holds
            what is neither to go on nor to be replaced.
    """
    if not options.processes.is_first:
        yield of_first(False)
        return
    if options.resume and not os.path.isdir(folder.path):
        raise ValueError(f"'resume' needs the folder of a run (got {folder.path})")
    with locked(folder.path, "run"):
        _check_content(folder, options)
        resumes = options.resume and _goes_on(folder)
        is_new, curves = not folder.files(), Path(folder.path, "logs").exists()
        # Where an epoch was and none is now, what was there was overwritten.
        held = folder.holds_epoch()
        try:
            yield of_first(resumes)
        except BaseException:
            if (is_new or held) and not folder.holds_epoch():
                clear(folder, curves=held or not curves)
            raise


def check_read(settings: Settings, options: FitOptions) -> None:
    """Raise if an option asks for what this model and engine do not do.

    Args:
        settings: The settings as they were given: what ``"auto"`` comes to is open.
        options: The options.

    Raises:
        ValueError: If curves, workers, or several processes are asked for where there
            are none, or parts of what cannot be parted.
    """
    model, engine = settings["model"], settings.get("engine")
    processes = options.processes
    if processes.world_size > 1 and not settings.by_gradients:
        raise ValueError(
            f"'devices' needs to be 1 with a model that is fitted in closed form "
            f"(got {processes.world_size} processes with {model!r})"
        )
    if options.strategy == "partitioned":
        check_partitioned(settings)
    processes.check_gpus(options.device)
    if options.num_workers > 0 and engine not in ("auto", "sampled"):
        raise ValueError(
            f"'num_workers' needs to be 0 but with the engine 'sampled' "
            f"(got {options.num_workers} with {engine or model!r})"
        )
    if settings.by_gradients:
        return
    if options.log not in ("csv", "none"):
        raise ValueError(
            f"'log' needs to be 'csv' or 'none' with a model that has no epochs "
            f"(got {options.log!r} with {model!r})"
        )
    if options.profile:
        raise ValueError(
            f"'profile' has no use with a model that has no epochs (got {model!r})"
        )


def check_unchanged(
    folder: RunFolder,
    graph: BipartiteGraph | PreparedData,
    settings: Settings,
    options: FitOptions,
) -> None:
    """Raise if a run would go on with other data, or with what cannot take effect.

    Args:
        folder: The run folder.
        graph: The interactions to go on with.
        settings: The settings to go on with.
        options: The options to go on with.

    Raises:
        ValueError: If something else than :data:`MAY_CHANGE` has changed.
    """
    began = _as_it_began(folder)
    for name, value in (settings.flat() | options.flat()).items():
        if name not in MAY_CHANGE and began.get(name) != value:
            raise ValueError(
                f"'{name}' needs to stay {reprlib.repr(began.get(name))} to resume "
                f"(got {value!r})"
            )
    other = _other_data(folder, graph)
    if other is not None:
        raise ValueError(
            f"'graph' needs the interactions that the run began with "
            f"(got other values of {other})"
        )


def _other_data(folder: RunFolder, graph: BipartiteGraph | PreparedData) -> str | None:
    """Return what is not as it was in the data of a run."""
    if isinstance(graph, PreparedData):
        kept = folder.kept_data()
        if kept is not None and kept.is_of(graph):
            return None
        graph = graph.whole()
    return first_difference(folder.graph().to_dict(), graph.to_dict())


def _as_it_began(folder: RunFolder) -> dict[str, Any]:
    """Return what a run began with; what there was not yet then is at its default."""
    kept = folder.config()
    return FitOptions().flat() | kept_settings(kept).flat() | kept


def as_begun(folder: RunFolder, settings: Settings) -> Settings:
    """Take what a run chose as it began: its engine, and where its weights began.

    Args:
        folder: The run folder.
        settings: The settings to go on with.
    """
    config = folder.config()
    began = {
        name: config[name]
        for name, left in LEFT_TO_RUNS.items()
        if name in config and settings.get(name) == left
    }
    return settings.but(**began)


def _goes_on(folder: RunFolder) -> bool:
    """Whether a run that is to go on has a checkpoint for it, and has lost none."""
    for file in (folder.last_checkpoint, folder.best_checkpoint):
        if folder.manifest.misses(file):
            raise ValueError(
                f"'run' needs its files as they were written (got {folder.path}, "
                f"which lacks {file.name}: see {folder.manifest.file.name})"
            )
    if folder.last_checkpoint.is_file():
        return True
    if folder.is_finished():
        raise ValueError(
            f"'resume' needs a run that is unfinished, or has epochs to go on from "
            f"(got {folder.path})"
        )
    return False


def _check_content(folder: RunFolder, options: FitOptions) -> None:
    own = folder.files()
    if own and not (options.resume or options.overwrite):
        raise ValueError(
            f"'run' needs to be a new folder, or to resume or overwrite the run there "
            f"(got {folder.path}, which holds {own[0].name})"
        )
    if own and not folder.manifest.file.is_file():
        raise ValueError(
            f"'run' needs to hold {folder.manifest.file.name} to be resumed or "
            f"overwritten, which runs of earlier versions lack (got {folder.path})"
        )
    if options.overwrite and (foreign := foreign_files(folder)):
        raise ValueError(
            f"'overwrite' needs a folder that holds a run and nothing else "
            f"(got {foreign[0]})"
        )
