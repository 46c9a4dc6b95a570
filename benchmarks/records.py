"""Where the records of the benchmarks are, and how they are written and read."""

from pathlib import Path

from tvdiff_pyg.grid.records import append_record, hardware, read_records

RESULTS = Path(__file__).parent / "results"

__all__ = ["RESULTS", "append_record", "hardware", "read_records"]
