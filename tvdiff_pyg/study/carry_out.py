"""A study from its name to its report."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from tvdiff_pyg.config import Config
from tvdiff_pyg.data import load_data
from tvdiff_pyg.data.data_root import in_root
from tvdiff_pyg.folders import locked
from tvdiff_pyg.grid.jobs import MOST_JOBS
from tvdiff_pyg.grid.records import Record
from tvdiff_pyg.grid.runner import find_records, run_grid
from tvdiff_pyg.machine import Device, check_installed, resolve_device
from tvdiff_pyg.ranges import check_integer, check_number
from tvdiff_pyg.study.definition import Overrides, Study, find_study
from tvdiff_pyg.study.kept_users import KeptUsers
from tvdiff_pyg.study.published import HARD_NEGATIVES
from tvdiff_pyg.study.recorded import RECORDS_FILE, checked_records
from tvdiff_pyg.study.report import PACKAGES, write_report
from tvdiff_pyg.study.results import MARGIN
from tvdiff_pyg.study.trained_cell import Cell
from tvdiff_pyg.training import Settings, preset_names, read_preset
from tvdiff_pyg.training.begin import check_read
from tvdiff_pyg.training.fit_options import Protocol
from tvdiff_pyg.training.process_options import MAX_WORKERS

USERS_FOLDER = "users"
_UNREAD = object()
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class StudyOptions(Config):
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
        per_user: Keep what each test user counts in a cell, for intervals over users
            and seeds rather than over seeds alone.
        margin: The share of a number that makes no difference, for the word
            "indistinguishable".
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
    per_user: bool = False
    margin: float = MARGIN
    overrides: Overrides = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check what would otherwise fail in every cell."""
        super().__post_init__()
        for name in ("data", "seeds", "values"):
            given = getattr(self, name)
            if given is None:
                continue
            self.check(name, not isinstance(given, str), "several values")
            self.check(name, len(given) > 0, "at least one value")
            self.check(name, len(set(given)) == len(given), "values that are distinct")
        for seed in self.seeds:
            check_integer("seeds", seed, low=0)
        check_number("margin", self.margin, 0, 1, below=True)
        self.check_at_least(0, "num_workers", high=MAX_WORKERS)
        self.check_at_least(0, "jobs", high=MOST_JOBS)
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
        ValueError: If a name or a setting is unknown or out of range, or the folder
            cannot be written to, or another process does, or it holds another report.
        ImportError: If Lightning, matplotlib, jinja2, scipy or what computes a model is
            not installed.
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
    check_installed((*PACKAGES, "pytorch_lightning"), "a study", "study")
    folder = Path(out)
    study = find_study(name)
    cells, file = cells_of(study, options), folder / RECORDS_FILE
    users = KeptUsers(folder / USERS_FOLDER)
    if options.per_user:
        cells = [replace(cell, users=str(users.folder)) for cell in cells]
    with locked(out, "out"):
        recorded = checked_records(study.name, cells, folder)
        if options.per_user:
            _say_without_users(recorded, users)
        missing = [c for c in cells if not any(map(c.is_recorded, recorded))]
        for cell in missing:
            cell.settings.model.check_packages()
        _fetch_data(missing)
        try:
            run_grid(cells, file, options.jobs, options.progress)
        finally:
            # Interrupted or failed, what is there can be read.
            finished = find_records(cells, [file])
            if finished:
                page = write_report(study, finished, folder, options.margin, users)
    return page


def _say_without_users(records: Sequence[Record], users: KeptUsers) -> None:
    """Warn of cells that were carried out before users were asked for."""
    lacking = sum(not users.file(record).exists() for record in records)
    if lacking > 0:
        logger.warning(
            "'per_user' keeps nothing of %d cells that are recorded already: their "
            "intervals are over seeds, unless the study is carried out in a new folder",
            lacking,
        )


def _fetch_data(cells: Sequence[Cell]) -> None:
    """Let what has to be downloaded be there before several cells ask for it at once.

    What cannot be read fails in its cells, and the others still count.
    """
    for data, cell in {cell.data: cell for cell in cells}.items():
        with suppress(Exception):
            load_data(in_root(data, cell.root), cell.seed)


def cells_of(study: Study, options: StudyOptions) -> list[Cell]:
    """Return the grid of a study: all variants, on all graphs, with all seeds.

    One seed is finished everywhere before the next begins.

    Args:
        study: The study.
        options: What it is carried out on.

    Raises:
        ValueError: If a variant, a setting or an option is unknown, out of range, or
            of no use.
    """
    variants = study.chosen_variants(options.values)
    study.check_left_alone(options.overrides, variants)
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
    for cell in cells:
        check_read(cell.settings, cell.options)
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
