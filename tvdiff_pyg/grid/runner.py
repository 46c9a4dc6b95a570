"""Carrying out the cells of a grid: each once, and again only where it is missing."""

import math
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from tvdiff_pyg.grid.cell import GridCell
from tvdiff_pyg.grid.jobs import Jobs
from tvdiff_pyg.grid.records import Record, append_record, read_all_records
from tvdiff_pyg.training.live import is_live


def run_grid(
    cells: Sequence[GridCell],
    file: Path,
    jobs: int = 1,
    progress: bool = True,
    budget_minutes: float = math.inf,
    known: Sequence[Path] = (),
    again: bool = False,
) -> list[Record]:
    """Carry out the cells that no file has a record of, and add them to one.

    Each cell has a process of its own, for its own peak memory: one that is killed
    takes no other with it. A record is written when its cell ends, so an interrupted
    grid goes on where it was.

    Args:
        cells: The cells.
        file: The file that gets the records, made if absent.
        jobs: Cells at the same time, which part this process's threads between them;
            ``0`` carries them out in this process, whose peak memory they then share.
            (default: ``1``)
        progress: Show a progress bar over the cells, with the time left.
            (default: ``True``)
        budget_minutes: Begin no further cell after that time. (default: ``math.inf``)
        known: Further files whose records count. (default: ``()``)
        again: Carry all out, whatever is recorded. (default: ``False``)

    Returns:
        The records of the finished cells, in the order of the cells; of several of one
        cell, the last.

    Raises:
        ValueError: If ``jobs`` is negative.
        RuntimeError: If cells failed; all others are carried out before.
        KeyboardInterrupt: If interrupted, with what is kept.

    Example:
        >>> run_grid([], Path("nowhere.jsonl"), progress=False)
        []
    """
    pool = Jobs(jobs)
    deadline = time.monotonic() + 60 * budget_minutes
    files = (*known, file)
    recorded = [] if again else read_all_records(files)
    missing = [cell for cell in cells if find_record(cell, recorded) is None]
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
            if progress and bar.disable:
                print(f"{int(bar.tasks[task].completed)} of {len(cells)} cells")

        try:
            with pool:
                work = [_in_time(pool, cell, deadline) for cell in missing]
                for place, finish in pool.each(work):
                    keep(missing[place], finish)
        except KeyboardInterrupt as stop:
            kept = len(find_records(cells, files))
            raise KeyboardInterrupt(
                f"{kept} of {len(cells)} cells are kept in {file}"
            ) from stop
    if errors:
        raise RuntimeError(
            f"{len(errors)} of {len(cells)} cells failed; what is kept is not carried "
            f"out again: {'; '.join(errors)}"
        )
    return find_records(cells, files)


def find_records(cells: Iterable[GridCell], files: Iterable[Path]) -> list[Record]:
    """Return the records of the cells that are finished, in the order of the cells.

    Args:
        cells: The cells.
        files: Files of records.
    """
    records = read_all_records(files)
    return [record for cell in cells if (record := find_record(cell, records))]


def find_record(cell: GridCell, records: Iterable[Record]) -> Record | None:
    """Return the last record of a cell, if there is one.

    Args:
        cell: The cell.
        records: Records of any cells.
    """
    newest = reversed(list(records))
    return next((record for record in newest if cell.is_recorded(record)), None)


def _in_time(
    pool: Jobs, cell: GridCell, deadline: float
) -> Callable[[], Record | None]:
    """Return what carries a cell out, unless it is too late."""
    return lambda: pool.call(cell.carry_out) if time.monotonic() < deadline else None


def _progress_bar(shown: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(elapsed_when_finished=False),
        # A file gets a line for each cell in its place.
        disable=not (shown and is_live()),
    )
