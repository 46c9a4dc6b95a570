"""Grids of measurements: each cell once, its record kept.

``cell`` says what a measurement is, ``runner`` carries out those that are missing,
``records`` keeps them, and ``tables`` prints them.
"""

from tvdiff_pyg.grid.cell import GridCell
from tvdiff_pyg.grid.records import (
    Record,
    append_record,
    check_record,
    read_all_records,
    read_records,
)
from tvdiff_pyg.grid.runner import find_record, find_records, run_grid

__all__ = [
    "GridCell",
    "Record",
    "append_record",
    "check_record",
    "find_record",
    "find_records",
    "read_all_records",
    "read_records",
    "run_grid",
]
