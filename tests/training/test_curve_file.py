"""The training curves: whole rows at any time."""

import csv
from pathlib import Path

import pytest

from tvdiff_pyg.training.curve_file import CurveFile


def rows(home: Path, version: int = 0) -> list[dict[str, str]]:
    with (home / "logs" / f"version_{version}" / "metrics.csv").open() as lines:
        return list(csv.DictReader(lines))


def test_columns_that_come_later_are_empty_before(tmp_path: Path) -> None:
    log = CurveFile(str(tmp_path))
    for step, row in enumerate(
        [{"loss": 2.0}, {"loss": 1.0, "ndcg": 0.5}, {"loss": 0}]
    ):
        log.log_metrics(row, step)
        log.save()
    assert rows(tmp_path) == [
        {"loss": "2.0", "ndcg": "", "step": "0"},
        {"loss": "1.0", "ndcg": "0.5", "step": "1"},
        {"loss": "0", "ndcg": "", "step": "2"},
    ]
    again = CurveFile(str(tmp_path))
    again.log_metrics({"loss": 3.0}, 7)
    again.finalize("success")
    assert [row["step"] for row in rows(tmp_path, version=1)] == ["7"]


@pytest.mark.parametrize("new", [False, True])
def test_a_full_disk_leaves_whole_rows(
    new: bool, tmp_path: Path, little_space: None
) -> None:
    log = CurveFile(str(tmp_path))
    log.log_metrics({"loss": 1.0}, 0)
    log.save()
    for step in range(1, 20_000):
        log.log_metrics({"loss": 1.0} | ({"ndcg": 1.0} if new else {}), step)
    with pytest.raises(OSError, match=r"File too large: '.*metrics\.csv'"):
        log.save()
    assert rows(tmp_path) == [{"loss": "1.0", "step": "0"}]
