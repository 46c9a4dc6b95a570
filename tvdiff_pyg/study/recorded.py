"""What the folder of a study holds before it begins, or goes on."""

import logging
from collections.abc import Sequence
from pathlib import Path

from tvdiff_pyg.grid.page import PAGE, check_page
from tvdiff_pyg.grid.records import Record, read_records
from tvdiff_pyg.grid.runner import find_record
from tvdiff_pyg.study.report import provenance
from tvdiff_pyg.study.summary import cell_table
from tvdiff_pyg.study.trained_cell import Cell

#: The records of a study's cells, in its folder.
RECORDS_FILE = "cells.jsonl"
logger = logging.getLogger(__name__)


def checked_records(study: str, cells: Sequence[Cell], folder: Path) -> list[Record]:
    """Return what a folder has recorded of cells, all of it as it was written.

    Its other cells of the same study are passed over by the report, and that is said.

    Args:
        study: The name of the study.
        cells: Its cells.
        folder: Its folder.

    Raises:
        ValueError: If the folder holds the report of something else, which this one's
            would replace, or a record is damaged.
    """
    check_page(folder, RECORDS_FILE)
    records = read_records(folder / RECORDS_FILE)
    others = {one["experiment"] for one in records} - {study}
    if others:
        raise ValueError(
            f"'out' needs to be a new folder, or one of the study {study!r} (got "
            f"{folder}, which holds that of {', '.join(map(repr, sorted(others)))})"
        )
    recorded = [one for cell in cells if (one := find_record(cell, records))]
    _check_whole(recorded, folder / RECORDS_FILE)
    left = sum(not any(c.is_recorded(one) for c in cells) for one in records)
    if left > 0:
        logger.warning(
            "%s is of the %d cells of this study alone: %d others are recorded in %s",
            PAGE,
            len(cells),
            left,
            folder,
        )
    return recorded


def _check_whole(recorded: Sequence[Record], file: Path) -> None:
    try:
        cell_table(recorded)
        if recorded:
            provenance(recorded)
    except (KeyError, ValueError) as error:
        raise ValueError(
            f"'out' needs its records as they were written (got others in {file}: "
            f"{error})"
        ) from error
