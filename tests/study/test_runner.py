"""Grids: each cell once, resumed after a stop, and no failure takes others along."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from tests.study.conftest import GRAPH, SMALL
from tvdiff_pyg.grid.records import Record, append_record, read_records
from tvdiff_pyg.study import Cell, StudyOptions, run_grid
from tvdiff_pyg.study.run import cells_of, find_study
from tvdiff_pyg.training import Settings


@pytest.fixture
def cells(options: StudyOptions) -> list[Cell]:
    return cells_of(find_study("oversmoothing"), options)


def fake(cell: Cell) -> Record:
    return {**cell.key(), "epochs": 1}


def test_a_record_holds_metrics_measures_and_costs() -> None:
    cell = Cell("oversmoothing", GRAPH, "2", Settings(**SMALL), seed=1)
    record = cell.run()
    assert cell.is_recorded(json.loads(json.dumps(record)))
    assert 0 < record["test"]["ndcg@20"] < 1 and record["validation"]["recall@20"] > 0
    assert record["epochs"] == 2 and record["epoch_seconds"] > 0
    assert record["graph"]["users"] == 80 and record["protocol"] == "standard"
    assert {"mad", "entropy_clipped", "batch_edges"} <= set(record["measures"])
    assert record["findings"] == []
    assert record["hardware"]["cores"] >= 1 and "torch" in record["versions"]


def test_the_grid_has_all_variants_seed_by_seed(cells: list[Cell]) -> None:
    assert [(cell.seed, cell.variant) for cell in cells] == [
        (0, "1"),
        (0, "2"),
        (1, "1"),
        (1, "2"),
    ]
    assert [cell.settings.num_layers for cell in cells] == [1, 2, 1, 2]
    assert all(cell.settings.hidden_channels == 8 for cell in cells)


def test_what_is_recorded_is_not_trained_again(
    cells: list[Cell], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[Cell] = []

    def train(cell: Cell) -> Record:
        trained.append(cell)
        return fake(cell)

    monkeypatch.setattr("tvdiff_pyg.study.Cell.run", train)
    file = tmp_path / "cells.jsonl"
    append_record(file, fake(cells[2]))
    records = run_grid(cells, file, jobs=0, progress=False)
    assert trained == [cells[0], cells[1], cells[3]]
    assert [record["seed"] for record in records] == [0, 0, 1, 1]
    assert run_grid(cells, file, jobs=0, progress=False) == records
    assert len(trained) == 3 and len(read_records(file)) == 4


def test_other_settings_are_another_cell(cells: list[Cell]) -> None:
    cell = cells[0]
    other = replace(cell, settings=replace(cell.settings, learning_rate=0.5))
    assert cell.is_recorded(fake(cell)) and not cell.is_recorded(fake(other))
    assert not replace(cell, seed=9).is_recorded(fake(cell))
    # A record from before there was a setting had its default.
    old = asdict(cell.settings)
    del old["model"]
    assert cell.is_recorded({**fake(cell), "settings": old})


def test_a_failure_is_told_after_the_others_are_kept(
    cells: list[Cell], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(cell: Cell) -> Record:
        if cell.variant == "2" and cell.seed == 0:
            raise MemoryError
        return fake(cell)

    monkeypatch.setattr("tvdiff_pyg.study.Cell.run", train)
    file = tmp_path / "cells.jsonl"
    with pytest.raises(RuntimeError, match=r"1 of 4 cells failed.*2, seed 0: Memory"):
        run_grid(cells, file, jobs=0, progress=False)
    assert len(read_records(file)) == 3


def test_an_interruption_keeps_what_is_finished(
    cells: list[Cell], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(cell: Cell) -> Record:
        if cell.seed == 1:
            raise KeyboardInterrupt
        return fake(cell)

    monkeypatch.setattr("tvdiff_pyg.study.Cell.run", train)
    file = tmp_path / "cells.jsonl"
    with pytest.raises(KeyboardInterrupt, match="2 of 4 cells are kept in"):
        run_grid(cells, file, jobs=0, progress=False)
    assert len(read_records(file)) == 2


def test_out_of_time_begins_nothing(cells: list[Cell], tmp_path: Path) -> None:
    file = tmp_path / "cells.jsonl"
    assert run_grid(cells, file, jobs=0, progress=False, budget_minutes=0) == []
    assert not file.exists()


def test_a_process_of_its_own_gives_the_same_numbers(
    cells: list[Cell], tmp_path: Path
) -> None:
    apart = run_grid(cells[:1], tmp_path / "apart.jsonl", jobs=1, progress=False)
    (here,) = run_grid(cells[:1], tmp_path / "here.jsonl", jobs=0, progress=False)
    assert apart[0]["test"] == here["test"]
    # It imports what training needs, and nothing of what this process holds.
    assert apart[0]["peak_memory_mb"] > 100


def test_a_cut_off_line_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "cells.jsonl"
    append_record(file, {"seed": 0})
    file.write_text(file.read_text() + '{"seed": 1, "da')
    assert read_records(file) == [{"seed": 0}]
    append_record(file, {"seed": 2})
    assert read_records(file) == [{"seed": 0}, {"seed": 2}]


def test_negative_jobs(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"'jobs' needs to be at least 0 \(got -1\)"):
        run_grid([], tmp_path / "cells.jsonl", jobs=-1)
