"""Grids: each cell once, resumed after a stop, and no failure takes others along."""

import multiprocessing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.study.conftest import GRAPH, SMALL
from tvdiff_pyg.grid import Record, append_record, read_records, run_grid
from tvdiff_pyg.grid.apart import Apart
from tvdiff_pyg.study import Cell
from tvdiff_pyg.training import Settings


@pytest.fixture
def cells() -> list[Cell]:
    layers = {
        name: Settings(**SMALL, denoiser="gcn", num_layers=int(name)) for name in "12"
    }
    return [
        Cell("layers", GRAPH, name, settings, seed)
        for seed in (0, 1)
        for name, settings in layers.items()
    ]


def fake(cell: Cell) -> Record:
    return {"epochs": 1}


def test_what_is_recorded_is_not_trained_again(
    cells: list[Cell], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[Cell] = []

    def train(cell: Cell) -> Record:
        trained.append(cell)
        return fake(cell)

    monkeypatch.setattr("tvdiff_pyg.study.Cell.measure", train)
    file = tmp_path / "cells.jsonl"
    append_record(file, cells[2].carry_out())
    trained.clear()
    records = run_grid(cells, file, jobs=0, progress=False)
    assert trained == [cells[0], cells[1], cells[3]]
    assert [record["seed"] for record in records] == [0, 0, 1, 1]
    assert run_grid(cells, file, jobs=0, progress=False) == records
    assert len(trained) == 3 and len(read_records(file)) == 4


def test_a_failure_is_told_after_the_others_are_kept(
    cells: list[Cell], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(cell: Cell) -> Record:
        if cell.variant == "2" and cell.seed == 0:
            raise MemoryError
        return fake(cell)

    monkeypatch.setattr("tvdiff_pyg.study.Cell.measure", train)
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

    monkeypatch.setattr("tvdiff_pyg.study.Cell.measure", train)
    file = tmp_path / "cells.jsonl"
    with pytest.raises(KeyboardInterrupt, match="2 of 4 cells are kept in"):
        run_grid(cells, file, jobs=0, progress=False)
    assert len(read_records(file)) == 2


def test_out_of_time_begins_nothing(cells: list[Cell], tmp_path: Path) -> None:
    file = tmp_path / "cells.jsonl"
    assert run_grid(cells, file, jobs=0, progress=False, budget_minutes=0) == []
    assert not file.exists()


@pytest.mark.slow
def test_a_process_of_its_own_gives_the_same_numbers(
    cells: list[Cell], tmp_path: Path
) -> None:
    apart = run_grid(cells[:1], tmp_path / "apart.jsonl", jobs=1, progress=False)
    (here,) = run_grid(cells[:1], tmp_path / "here.jsonl", jobs=0, progress=False)
    assert apart[0]["metrics"] == here["metrics"]
    # It imports what training needs, and nothing of what this process holds.
    assert apart[0]["memory_mb"]["peak"] > 100


def test_further_files_count_and_are_left_alone(
    cells: list[Cell], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tvdiff_pyg.study.Cell.measure", fake)
    known, file = tmp_path / "known.jsonl", tmp_path / "cells.jsonl"
    run_grid(cells[:3], known, jobs=0, progress=False)
    records = run_grid(cells, file, jobs=0, progress=False, known=[known])
    assert len(read_records(known)) == 3 and len(read_records(file)) == 1
    assert [record["seed"] for record in records] == [0, 0, 1, 1]


def test_again_measures_what_is_recorded_and_returns_the_last(
    cells: list[Cell], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, epochs = tmp_path / "cells.jsonl", iter([1, 2])
    monkeypatch.setattr(
        "tvdiff_pyg.study.Cell.measure", lambda cell: {"epochs": next(epochs)}
    )
    for expected in (1, 2):
        (record,) = run_grid(cells[:1], file, jobs=0, progress=False, again=True)
        assert record["epochs"] == expected
    assert [record["epochs"] for record in read_records(file)] == [1, 2]


def test_other_settings_and_seeds_are_other_cells(
    cells: list[Cell], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tvdiff_pyg.study.Cell.measure", fake)
    file, cell = tmp_path / "cells.jsonl", cells[0]
    slower = replace(cell, settings=cell.settings.but(learning_rate=0.5))
    others = [slower, replace(cell, seed=9), replace(cell, protocol="paper")]
    for number, one in enumerate([cell, *others], 1):
        run_grid([one], file, jobs=0, progress=False)
        assert len(read_records(file)) == number
    run_grid([cell, *others], file, jobs=0, progress=False)
    assert len(read_records(file)) == 4


@pytest.mark.slow
def test_processes_part_the_threads_and_begin_others_as_usual() -> None:
    asked = "__import__('torch').get_num_threads()"
    begins = "__import__('multiprocessing').get_start_method()"
    expected = 1, multiprocessing.get_start_method()
    assert Apart(10**6).call(eval, f"({asked}, {begins})") == expected


def test_negative_jobs(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"'jobs' needs to be at least 0 \(got -1\)"):
        run_grid([], tmp_path / "cells.jsonl", jobs=-1)
