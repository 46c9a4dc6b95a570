"""Files of records: one format, whole lines, and nothing else."""

import json
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


@pytest.mark.parametrize(
    "line", [b"[1]", b"3", b"{}", b"\xff", b"\0\0", b"[" * 9999, b'{"seed": 1}', b"c\n"]
)
def test_a_line_that_is_no_record_is_named(line: bytes, tmp_path: Path) -> None:
    file = tmp_path / "cells.jsonl"
    append_record(file, record(0))
    with file.open("ab") as lines:
        lines.write(line + b"\n")
    with pytest.raises(ValueError, match=rf"record in JSON .* line 2 of {file}"):
        read_records(file)


@pytest.mark.parametrize("place", [b'"seed": 1', b'"python": "3', b'"lastfm'])
def test_a_flipped_character_is_named_by_its_line(place: bytes, tmp_path: Path) -> None:
    file = tmp_path / "cells.jsonl"
    for seed in (10, 11, 12):
        append_record(file, record(seed))
    lines = file.read_bytes().splitlines(keepends=True)
    at = lines[1].index(place) + len(place) - 1
    lines[1] = lines[1][:at] + bytes([lines[1][at] ^ 2]) + lines[1][at + 1 :]
    file.write_bytes(b"".join(lines))
    with pytest.raises(ValueError, match=rf"got another in line 2 of {file}: 'checks"):
        read_records(file)


def test_records_of_earlier_versions_have_no_checksum(tmp_path: Path) -> None:
    file = tmp_path / "cells.jsonl"
    file.write_text(json.dumps(record(0)) + "\n")
    append_record(file, record(1))
    assert read_records(file) == [record(0), record(1)]


def test_a_full_disk_leaves_whole_lines(tmp_path: Path, little_space: None) -> None:
    file = tmp_path / "cells.jsonl"
    append_record(file, record(0))
    with pytest.raises(OSError, match=f"File too large: '{file}'"):
        append_record(file, record(1) | {"note": "x" * (1 << 17)})
    assert read_records(file) == [record(0)]


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
        ({"seconds": {"fit": "long"}}, r"'seconds' .* \(got 'long' as 'fit'\)"),
        ({"graph": {"train": 1.5}}, r"'graph' needs .* \(got 1.5 as 'train'\)"),
        ({"measures": {"mad": "x"}}, r"'measures' needs .* \(got 'x' as 'mad'\)"),
        ({"versions": {"torch": 2}}, r"'versions' needs .* \(got 2 as 'torch'\)"),
        ({"hardware": {"cpu": []}}, r"'hardware' needs .* \(got \[\] as 'cpu'\)"),
        ({"metrics": {"test": 0.5}}, r"'metrics' needs .* \(got 0.5 as 'test'\)"),
        ({"metrics": {"test": {}}}, r"'metrics' needs .* \(got {} as 'test'\)"),
        ({"metrics": {"test": {"ndcg@20": -1}}}, r"'metrics' needs .*'test'"),
        ({"metrics": {"test": {"ndcg@20": float("nan")}}}, r"'metrics' .*'test'"),
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
