"""Carrying out the cells of a grid: each once, and again only where it is missing."""

import math
import multiprocessing
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import (
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    as_completed,
)
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from tvdiff_pyg.grid.records import Record, append_record, read_records
from tvdiff_pyg.training.fit_options import Protocol


@dataclass(frozen=True)
class GridCell:
    """What a grid carries out: :class:`~tvdiff_pyg.study.Cell`, or one of your own.

    Subclass it and write :meth:`run`. A cell is sent to another process, so it needs to
    be picklable.

    Args:
        study: The study that the cell belongs to.
        data: The data, as :class:`~tvdiff_pyg.data.DataOptions` names it.
        variant: What the study calls these settings.
        settings: What is fitted; plain values, unless :meth:`key` makes them so.
        seed: Seed of the split, and of all that is random. (default: ``0``)
        protocol: How settings and epoch are chosen. (default: ``"standard"``)
        root: The folder of the data sets' files. (default: ``"data"``)
    """

    study: str
    data: str
    variant: str
    settings: Any
    seed: int = 0
    protocol: Protocol = "standard"
    root: str = "data"

    @property
    def label(self) -> str:
        """What to call this cell in a message."""
        return f"{self.data}, {self.variant}, seed {self.seed}"

    def key(self) -> Record:
        """Return what tells this cell from others: the first part of its record."""
        return {
            "study": self.study,
            "data": self.data,
            "variant": self.variant,
            "seed": self.seed,
            "protocol": self.protocol,
            "settings": self.settings,
        }

    def is_recorded(self, record: Record) -> bool:
        """Whether a record is of this cell.

        Args:
            record: A record of any cell.
        """
        return self.key().items() <= record.items()

    def run(self) -> Record:
        """Do the work.

        Returns:
            What :meth:`key` holds, and what was measured.
        """
        raise NotImplementedError


def run_grid(
    cells: Sequence[GridCell],
    file: Path,
    jobs: int = 1,
    progress: bool = True,
    budget_minutes: float = math.inf,
) -> list[Record]:
    """Carry out the cells that a file has no record of, and add them to it.

    Each cell has a process of its own, for its own peak memory: one that is killed
    takes no other with it. A record is written when its cell ends, so an interrupted
    grid goes on where it was.

    Args:
        cells: The cells.
        file: The file of records, made if absent.
        jobs: Cells at the same time, which part this process's threads between them;
            ``0`` carries them out in this process, whose peak memory they then share.
            (default: ``1``)
        progress: Show a progress bar over the cells, with the time left.
            (default: ``True``)
        budget_minutes: Begin no further cell after that time. (default: ``math.inf``)

    Returns:
        The records of the finished cells, in the order of the cells.

    Raises:
        ValueError: If ``jobs`` is negative.
        RuntimeError: If cells failed; all others are carried out before.
        KeyboardInterrupt: If interrupted, with what is kept.

    Example:
        >>> run_grid([], Path("nowhere.jsonl"), progress=False)
        []
    """
    if jobs < 0:
        raise ValueError(f"'jobs' needs to be at least 0 (got {jobs})")
    deadline = time.monotonic() + 60 * budget_minutes
    records = read_records(file)
    missing = [cell for cell in cells if find_record(cell, records) is None]
    errors: list[str] = []
    with _progress_bar(progress) as bar:
        done = len(cells) - len(missing)
        task = bar.add_task("cells", total=len(cells), completed=done)

        def keep(cell: GridCell, finish: Callable[[], Record | None]) -> None:
            try:
                record = finish()
                if record is None:  # Out of time.
                    return
                append_record(file, record)
            except Exception as error:  # Whatever it was, the other cells still count.
                errors.append(f"{cell.label}: {str(error) or type(error).__name__}")
            bar.advance(task)

        try:
            _carry_out(missing, jobs, deadline, keep)
        except KeyboardInterrupt as stop:
            kept = len(find_records(cells, file))
            raise KeyboardInterrupt(
                f"{kept} of {len(cells)} cells are kept in {file}"
            ) from stop
    if errors:
        raise RuntimeError(
            f"{len(errors)} of {len(cells)} cells failed; run the study again to try "
            f"them again: {'; '.join(errors)}"
        )
    return find_records(cells, file)


def find_records(cells: Iterable[GridCell], file: Path) -> list[Record]:
    """Return the records of the cells that are finished, in the order of the cells.

    Args:
        cells: The cells.
        file: The file of records.
    """
    records = read_records(file)
    return [record for cell in cells if (record := find_record(cell, records))]


def find_record(cell: GridCell, records: Iterable[Record]) -> Record | None:
    """Return the record of a cell, if there is one.

    Args:
        cell: The cell.
        records: Records of any cells.
    """
    return next((record for record in records if cell.is_recorded(record)), None)


def _carry_out(
    cells: Sequence[GridCell],
    jobs: int,
    deadline: float,
    keep: Callable[[GridCell, Callable[[], Record | None]], None],
) -> None:
    if jobs == 0:
        for cell in cells:
            keep(cell, lambda: _in_time(cell.run, deadline))  # noqa: B023
        return
    with ThreadPoolExecutor(jobs) as threads:
        running: dict[Future[Record | None], GridCell] = {
            threads.submit(_in_time, partial(_run_apart, cell, jobs), deadline): cell
            for cell in cells
        }
        try:
            for done in as_completed(running):
                keep(running[done], done.result)
        except KeyboardInterrupt:
            threads.shutdown(wait=False, cancel_futures=True)
            raise


def _in_time(run: Callable[[], Record], deadline: float) -> Record | None:
    return run() if time.monotonic() < deadline else None


def _run_apart(cell: GridCell, jobs: int) -> Record:
    # A fresh interpreter: what another cell has allocated would count for this one.
    # Threads of cells that share the cores would only wait for each other.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        1,
        mp_context=context,
        initializer=torch.set_num_threads,
        initargs=(max(torch.get_num_threads() // jobs, 1),),
    ) as process:
        return process.submit(cell.run).result()


def _progress_bar(shown: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(elapsed_when_finished=False),
        disable=not shown,
    )
