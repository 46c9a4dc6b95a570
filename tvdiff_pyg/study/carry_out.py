"""A study from its name to its report."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tvdiff_pyg.grid.runner import find_records, run_grid
from tvdiff_pyg.machine import Device, resolve_device
from tvdiff_pyg.study.definition import Overrides, Study, find_study
from tvdiff_pyg.study.published import HARD_NEGATIVES
from tvdiff_pyg.study.report import check_installed, write_report
from tvdiff_pyg.study.trained_cell import Cell
from tvdiff_pyg.training import Settings, preset_names, read_preset
from tvdiff_pyg.training.fit_options import Protocol

RECORDS_FILE = "cells.jsonl"
_UNREAD = object()


@dataclass(frozen=True)
class StudyOptions:
    """What a study is carried out on, and how.

    Args:
        data: Data sets, files or synthetic graphs, each as in ``tvdiff fit --data``.
        values: Variants of the study, such as numbers of layers; its own if not given.
        seeds: Seeds of splits, weights, batches, noise and negatives.
        preset: Settings to start from; the published ones of a data set that has any,
            and the defaults otherwise, if not given.
        protocol: "standard" selects the epoch on validation; "paper" on the test.
        root: The folder of the data sets' files.
        device: Where to train.
        num_workers: Processes that sample batches ahead, with the sampled engine.
        jobs: Cells at the same time, each in a process of its own; 0 for this process.
        progress: Show a progress bar.
        overrides: Settings of all cells, by name; those of a variant come on top.
    """

    data: Sequence[str]
    values: Sequence[str] | None = None
    seeds: Sequence[int] = (0, 1, 2)
    preset: str | None = None
    protocol: Protocol = "standard"
    root: str = "data"
    device: Device = "auto"
    num_workers: int = 0
    jobs: int = 1
    progress: bool = True
    overrides: Overrides = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check what would otherwise fail in every cell."""
        for name in ("data", "seeds"):
            if not getattr(self, name):
                raise ValueError(f"'{name}' needs at least one value (got none)")
        resolve_device(self.device)


def run_study(name: str, options: StudyOptions, out: str | Path) -> Path:
    """Carry out what is missing of a study, and write its report.

    Args:
        name: One of :data:`~tvdiff_pyg.study.STUDIES`, such as ``"oversmoothing"``.
        options: What it is carried out on, and how.
        out: The folder of its records and its report. Cells with a record there are
            not trained again.

    Returns:
        The path of ``report.html``.

    Raises:
        ValueError: If a name or a setting is unknown or out of range.
        ImportError: If matplotlib is not installed.
        RuntimeError: If cells failed; the report covers the others.

    Example:
        >>> import tempfile
        >>> graph = "synthetic:num_users=60,num_items=40,num_interactions=600"
        >>> small = {"hidden_channels": 4, "num_timesteps": 2, "max_epochs": 1}
        >>> options = StudyOptions(
        ...     [graph], ["1", "2"], [0], overrides=small, jobs=0, progress=False
        ... )
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     page = run_study("oversmoothing", options, folder)
        ...     "One layer ranks better than several" in page.read_text()
        True
    """
    check_installed()
    folder = Path(out)
    study = find_study(name)
    cells, file = cells_of(study, options), folder / RECORDS_FILE
    try:
        run_grid(cells, file, options.jobs, options.progress)
    finally:
        # Interrupted or failed, what is there can be read.
        finished = find_records(cells, [file])
        if finished:
            page = write_report(study, finished, folder)
    return page


def cells_of(study: Study, options: StudyOptions) -> list[Cell]:
    """Return the grid of a study: all variants, on all graphs, with all seeds.

    One seed is finished everywhere before the next begins.

    Args:
        study: The study.
        options: What it is carried out on.

    Raises:
        ValueError: If a variant or a setting is unknown or out of range.
    """
    variants = study.chosen_variants(options.values)
    base = {
        data: base_settings(data, options.preset, options.overrides)
        for data in options.data
    }
    cells = [
        Cell(
            study.name,
            data,
            name,
            Settings.over(base[data], **changes),
            seed,
            options.protocol,
            options.root,
            options.device,
            options.num_workers,
        )
        for seed in options.seeds
        for data in options.data
        for name, changes in variants.items()
    ]
    for name, value in options.overrides.items():
        if all(cell.settings.get(name, _UNREAD) is _UNREAD for cell in cells):
            raise ValueError(f"'{name}' is not read by any cell (got {value!r})")
    return cells


def base_settings(data: str, preset: str | None, overrides: Overrides) -> Overrides:
    """Return what a study trains on a graph, before its variants, by name.

    Args:
        data: The data; one with published settings brings these.
        preset: Name of a preset that takes their place; nothing if there are neither.
        overrides: Settings that take precedence over both.

    Raises:
        ValueError: If the preset is unknown.

    Example:
        >>> base_settings("amazon-beauty", None, {"hidden_channels": 64})
        {'hidden_channels': 64, 'temperature': 0.5}
    """
    if preset is not None:
        return read_preset(preset) | overrides
    if data not in preset_names():
        return dict(overrides)
    return read_preset(data) | HARD_NEGATIVES.get(data, {}) | overrides
