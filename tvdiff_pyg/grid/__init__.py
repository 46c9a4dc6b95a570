"""Grids of measurements: each cell once, its record kept."""

from tvdiff_pyg.grid.records import Record, append_record, hardware, read_records
from tvdiff_pyg.grid.runner import GridCell, find_record, find_records, run_grid

__all__ = [
    "GridCell",
    "Record",
    "append_record",
    "find_record",
    "find_records",
    "hardware",
    "read_records",
    "run_grid",
]
