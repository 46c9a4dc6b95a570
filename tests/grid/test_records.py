"""Files of records: one format, whole lines, and nothing else."""

from pathlib import Path

import pytest

from tvdiff_pyg.grid import (
    Record,
    append_record,
    check_record,
    read_all_records,
    read_records,
)
from tvdiff_pyg.grid.records import FORMAT

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"


def record(seed: int) -> Record:
    return {
        "versions": {"python": "3"},
        "seed": seed,
        "experiment": "mine",
        "data": "lastfm",
        "hardware": {"device": "cpu"},
    }


def test_a_cut_off_line_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "cells.jsonl"
    append_record(file, record(0))
    file.write_text(file.read_text() + '{"seed": 1, "da')
    assert read_records(file) == [record(0)]
    append_record(file, record(2))
    assert read_records(file) == [record(0), record(2)]


def test_files_are_read_one_after_the_other(tmp_path: Path) -> None:
    files = [tmp_path / f"{name}.jsonl" for name in "abc"]
    for seed in (0, 2):
        append_record(files[seed], record(seed))
    assert read_all_records(files) == [record(0), record(2)]


def test_names_come_in_their_order(tmp_path: Path) -> None:
    append_record(tmp_path / "cells.jsonl", record(0))
    (found,) = read_records(tmp_path / "cells.jsonl")
    assert list(found) == ["experiment", "data", "seed", "hardware", "versions"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dataset": "lastfm"}, r"names of the format alone \(got 'dataset'\)"),
        ({"data": {"users": 3}}, r"'data' needs to be of .*str.* \(got {'users': 3}\)"),
        ({"seconds": 1.0}, r"'seconds' needs to be of .*dict"),
    ],
)
def test_another_format_is_refused(
    change: Record, message: str, tmp_path: Path
) -> None:
    file = tmp_path / "cells.jsonl"
    with pytest.raises(ValueError, match=message):
        append_record(file, record(0) | change)
    assert not file.exists()


def test_a_record_says_what_it_is_of() -> None:
    with pytest.raises(ValueError, match=r"'record' needs 'experiment' \(got \['data'"):
        check_record({"data": "lastfm"})


@pytest.mark.parametrize("file", sorted(RESULTS.glob("*.jsonl")), ids=lambda f: f.stem)
def test_kept_records_are_of_the_format(file: Path) -> None:
    records = read_records(file)
    assert records
    for one in records:
        check_record(one)
        assert list(one) == [name for name in FORMAT if name in one]
