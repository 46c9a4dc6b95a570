"""Several processes train and measure what one does: each row, and each user, once."""

import multiprocessing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.training.ranks import carry_out, difference, environment
from tests.training.runs import curves, plain, state
from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.training import FitOptions, RunFolder, Settings, fit
from tvdiff_pyg.training.batches import EpochOrder, SharedBatches
from tvdiff_pyg.training.processes import Processes

ALL_SAMPLED = {"engine": "sampled", "num_neighbors": -1, "num_pool": 80}


@pytest.mark.parametrize("num_rows", [0, 1, 3, 8, 9, 23])
@pytest.mark.parametrize("world_size", [1, 2, 3, 4])
def test_each_row_is_in_one_part_of_one_batch(num_rows: int, world_size: int) -> None:
    orders = [EpochOrder(num_rows, seed=3) for _ in range(world_size)]
    for epoch in (0, 1):
        parts = []
        for rank, order in enumerate(orders):
            order.set_epoch(epoch)
            batches = SharedBatches(order, 4, rank, world_size)
            parts.append(list(batches))
            assert len(parts[-1]) == len(batches) == -(-num_rows // 4)
        whole = orders[0].rows().split(4)
        for step, batch in enumerate(zip(*parts, strict=True)):
            rows = [row for part in batch for row in part]
            assert sorted(rows) == whole[step].sort().values.tolist()
            sizes = [len(part) for part in batch]
            assert max(sizes) - min(sizes) <= 1


def test_each_epoch_and_seed_has_an_order_of_its_own() -> None:
    orders = [
        tuple(EpochOrder(50, seed, epoch).rows().tolist())
        for seed in (0, 1)
        for epoch in (0, 1)
    ]
    assert len(set(orders)) == len(orders)
    assert orders[1] == tuple(EpochOrder(50, 0, 1).rows().tolist())


@pytest.mark.parametrize("launcher", ["torchrun", "slurm", "lightning"])
def test_what_a_launcher_has_begun_counts(
    launcher: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for rank in (0, 1):
        for name, value in environment(launcher, rank, 2, 1234).items():
            monkeypatch.setenv(name, value)
        for found in (Processes.found(), Processes.found(2), Processes.found(2, 1)):
            assert (found.world_size, found.rank) == (2, rank)
            assert found.is_first == (rank == 0) and not found.to_begin
        with pytest.raises(ValueError, match=r"need to make 2 processes, .*got 3"):
            Processes.found(3)


def test_alone_in_a_job_of_one() -> None:
    assert Processes.found() == Processes(1, 1)
    assert Processes.found(2).to_begin and Processes.found(2).is_first


@pytest.mark.parametrize("model", ["ease", "popularity", "item-knn"])
def test_closed_forms_are_fitted_by_one(
    model: str, graph: BipartiteGraph, options: FitOptions, tmp_path: Path
) -> None:
    two = replace(options, devices=2)
    with pytest.raises(ValueError, match=r"'devices' needs to be 1 .*got 2 processes"):
        fit(graph, Settings(model=model), run=tmp_path / "run", options=two)
    assert not (tmp_path / "run").exists()


def test_machines_need_a_place_to_meet(
    graph: BipartiteGraph, settings: Settings, options: FitOptions, tmp_path: Path
) -> None:
    two = replace(options, num_nodes=2)
    with pytest.raises(ValueError, match=r"'num_nodes' needs MASTER_ADDR, .*got 2"):
        fit(graph, settings, run=tmp_path / "run", options=two)
    assert not (tmp_path / "run").exists()


def test_what_cannot_be_sent_is_refused(
    graph: BipartiteGraph, settings: Settings, options: FitOptions, tmp_path: Path
) -> None:
    two = replace(options, devices=2)
    with pytest.raises(ValueError, match="'devices' needs data and settings"):
        fit(
            graph,
            settings,
            run=tmp_path / "run",
            options=two,
            data_config={"where": lambda: None},
        )
    assert multiprocessing.active_children() == []


@pytest.mark.slow
@pytest.mark.parametrize("change", [{}, {"batch_size": 3}], ids=str)
def test_a_trainer_of_ones_own(change: dict[str, Any], tmp_path: Path) -> None:
    (one,) = carry_out(1, "lightning", "own_trainer", tmp_path / "1", change)
    assert one["users"] % 2 == 1
    for other in carry_out(2, "lightning", "own_trainer", tmp_path / "2", change):
        # Both know what one alone would know.
        assert other["logged"] == pytest.approx(one["logged"], rel=1e-5)
        assert difference(other["weights"], one["weights"]) < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "launcher", "change"),
    [
        (2, "torchrun", {}),
        (4, "torchrun", {"batch_size": 60}),
        (3, "slurm", {"batch_size": 40, "check_every": 2}),
        (2, "lightning", {"denoiser": "gcn", "num_layers": 2}),
        (2, "torchrun", ALL_SAMPLED),
        (2, "torchrun", {**ALL_SAMPLED, "sparse_grad": True}),
        (2, "torchrun", {"linear_share": 0.3, "choose_linear_share": True}),
        (2, "torchrun", {"model": "diffrec"}),
    ],
    ids=str,
)
def test_at_the_same_batch_weights_are_the_same(
    number: int, launcher: str, change: dict[str, Any], tmp_path: Path
) -> None:
    (one,) = carry_out(1, launcher, "train", tmp_path / "one", change)
    others = carry_out(number, launcher, "train", tmp_path / "others", change)
    for other in others:
        assert difference(other["weights"], one["weights"]) < 1e-5
        assert other["told"]["best_epoch"] == one["told"]["best_epoch"]
        for part in ("validation", "test"):
            assert other["told"][part] == pytest.approx(one["told"][part], rel=1e-4)
    assert others[0]["told"]["processes"] == number
    logged = [curves(tmp_path / name) for name in ("one", "others")]
    assert {k: float(v) for k, v in logged[0].items()} == pytest.approx(
        {k: float(v) for k, v in logged[1].items()}, rel=1e-4
    )


@pytest.mark.slow
def test_more_processes_than_users(tmp_path: Path) -> None:
    (one,) = carry_out(1, "torchrun", "train", tmp_path / "one", {}, few=True)
    assert one["told"]["data"]["validation"] < 4
    for other in carry_out(4, "torchrun", "train", tmp_path / "four", {}, few=True):
        assert difference(other["weights"], one["weights"]) < 1e-5
        for part in ("validation", "test"):
            assert other["told"][part] == pytest.approx(one["told"][part], rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        {"entropy_type": "bpr", "num_timesteps": 5, "dropout": 0.5},
        {"entropy_type": "bce", "negatives": "hard", "batch_size": 3},
        {"model": "bpr-mf"},
        {"model": "lightgcn", "precision": "bf16-mixed"},
        {"engine": "sampled", "num_neighbors": 4, "num_pool": 30, "sparse_grad": True},
    ],
    ids=str,
)
def test_where_noise_is_drawn_each_draws_its_own(
    change: dict[str, Any], tmp_path: Path
) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    change = {**change, "patience": 50}
    one, other = carry_out(2, "torchrun", "train", whole, {**change, "max_epochs": 4})
    assert difference(one["weights"], other["weights"]) == 0
    first, second = state(whole)["random_state"]
    assert first["torch"] != second["torch"]
    # A run that goes on is the run that was never cut off.
    carry_out(2, "torchrun", "train", parts, {**change, "max_epochs": 2})
    carry_out(2, "torchrun", "train", parts, {**change, "max_epochs": 4}, resume=True)
    assert state(parts) == state(whole) and curves(parts) == curves(whole)
    weights = [RunFolder(run).model().state_dict() for run in (whole, parts)]
    assert plain(weights[0]) == plain(weights[1])


@pytest.mark.slow
def test_going_on_with_another_number(tmp_path: Path) -> None:
    def epochs(number: int, last: int, resume: bool = True) -> list[dict[str, Any]]:
        parts, change = tmp_path / "parts", {"max_epochs": last}
        return carry_out(number, "torchrun", "train", parts, change, resume=resume)

    (whole,) = carry_out(1, "torchrun", "train", tmp_path / "whole", {"max_epochs": 4})
    epochs(2, 1, resume=False)
    epochs(1, 2)
    for other in epochs(3, 4):
        assert difference(other["weights"], whole["weights"]) < 1e-5
        assert other["told"]["processes"] == 3
