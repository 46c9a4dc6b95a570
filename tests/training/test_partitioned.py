"""Each of several processes holds the rows of its users, and trains what one does."""

import pickle
import re
from collections.abc import Callable
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
from torch import Tensor

from tests.training.ranks import carry_out, difference
from tests.training.runs import curves, plain
from tests.training.threads import NUMBER, part_of
from tvdiff_pyg.cli import main
from tvdiff_pyg.data import BipartiteGraph, GraphSize, PreparedData, prepare
from tvdiff_pyg.data.difference import first_difference
from tvdiff_pyg.evaluation import EvaluationTask
from tvdiff_pyg.machine import GIGABYTE
from tvdiff_pyg.nn.anisotropic import AnisotropicConfig, AnisotropicDenoiser
from tvdiff_pyg.sparse import BipartiteAdjacency
from tvdiff_pyg.training import FitOptions, RunFolder, Settings, fit, relocate
from tvdiff_pyg.training.batches import EpochOrder, OwnBatches
from tvdiff_pyg.training.begin import check_unchanged
from tvdiff_pyg.training.collectives import mean_of_processes
from tvdiff_pyg.training.partitioned.denoiser import PartitionedDenoiser
from tvdiff_pyg.training.partitioned.plan_step import plan_parts
from tvdiff_pyg.training.partitioned.run import PartitionedRun
from tvdiff_pyg.training.partitioned.users import UserPart
from tvdiff_pyg.training.processes import Processes

CONFIG = AnisotropicConfig(hidden_channels=4, dropout=0.0)
TABLE = "user_embedding.weight"
IN_PARTS: dict[str, Any] = {"strategy": "partitioned"}
DRAWN = {"entropy_type": "bpr", "num_timesteps": 5, "dropout": 0.5, "patience": 50}


def error(denoiser: AnisotropicDenoiser, adjacency: BipartiteAdjacency) -> Tensor:
    """Return the squared error of each user."""
    size = adjacency.user_rows.num_rows, adjacency.user_rows.num_cols
    dense = torch.zeros(size, dtype=torch.double)
    dense[adjacency.user_rows.row(), adjacency.user_rows.col] = 1
    scores = denoiser.decode(*denoiser(adjacency, timestep=0))
    return (scores - dense).square().mean(dim=1)


def test_gradients_are_those_of_one_process(
    graph: BipartiteGraph, in_threads: Callable[..., list[Any]]
) -> None:
    whole = AnisotropicDenoiser(
        graph.num_users, graph.num_items, **CONFIG.arguments()
    ).double()
    size = graph.num_users, graph.num_items
    adjacency = BipartiteAdjacency.from_edge_index(graph.train_index, size)
    expected = error(whole, adjacency).mean()
    expected.backward()

    def part(rank: int) -> tuple[Tensor, dict[str, Tensor]]:
        users = UserPart(graph.num_users, rank, NUMBER)
        own = PartitionedDenoiser(users, graph.num_items, CONFIG).double()
        rows = whole.get_parameter(TABLE)[users.first : users.last]
        own.load_state_dict({**whole.state_dict(), TABLE: rows})
        # The mean over the processes is that over all users.
        weight = len(users) * NUMBER / graph.num_users
        loss = error(own, part_of(graph, users)).mean() * weight
        loss.backward()
        grads = {name: p.grad for name, p in own.named_parameters()}
        return loss, {
            name: grad if name == TABLE or grad is None else mean_of_processes(grad)
            for name, grad in grads.items()
        }

    found = in_threads(part)
    losses = torch.stack([loss.detach() for loss, _ in found])
    assert torch.allclose(losses.mean(), expected)
    for name, p in whole.named_parameters():
        grads = [grads[name] for _, grads in found]
        if name == TABLE:
            grads = [torch.cat(grads)]
        for grad in grads:
            torch.testing.assert_close(grad, p.grad, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("num_users", [4, 5, 12, 13])
@pytest.mark.parametrize("world_size", [1, 2, 4])
def test_parts_are_those_of_a_dtensor(num_users: int, world_size: int) -> None:
    rows = torch.arange(num_users).chunk(world_size)
    if len(rows) < world_size:
        with pytest.raises(ValueError, match=f"'strategy' needs .*got {num_users} us"):
            UserPart(num_users, 0, world_size)
        return
    for rank, own in enumerate(rows):
        users = UserPart(num_users, rank, world_size)
        assert own.tolist() == list(range(users.first, users.last))
        assert len(users) == own.numel()


def test_each_draws_the_rows_that_one_would(monkeypatch: pytest.MonkeyPatch) -> None:
    home = "tvdiff_pyg.training.partitioned.denoiser.DRAWN_AT_ONCE"
    monkeypatch.setattr(home, 12)
    torch.manual_seed(3)
    whole = AnisotropicDenoiser(20, 7, **CONFIG.arguments()).state_dict()
    parts = []
    for rank in range(NUMBER):
        torch.manual_seed(3)
        own = PartitionedDenoiser(UserPart(20, rank, NUMBER), 7, CONFIG).state_dict()
        parts.append(own.pop(TABLE))
        assert all(torch.equal(own[name], whole[name]) for name in own)
    assert torch.equal(torch.cat(parts), whole[TABLE])


@pytest.mark.parametrize("borders", [[0, 23], [0, 5, 5, 17, 23]])
@pytest.mark.parametrize("epoch", [0, 1])
def test_a_batch_has_the_rows_that_it_has_with_one(
    borders: list[int], epoch: int
) -> None:
    order = EpochOrder(23, 3, epoch)
    pairs = list(pairwise(borders))
    parts = [OwnBatches(order, 4, *pair) for pair in pairs]
    assert {len(part) for part in parts} == {6}
    for whole, *own in zip(order.rows().split(4), *parts, strict=True):
        found = [
            row + low for one, (low, _) in zip(own, pairs, strict=True) for row in one
        ]
        assert sorted(found) == whole.sort().values.tolist()


@pytest.mark.parametrize("normalization", ["symmetric", "left", "linkprop"])
def test_edges_weigh_what_they_do_in_the_whole(
    normalization: Any, graph: BipartiteGraph
) -> None:
    size = graph.num_users, graph.num_items
    whole = BipartiteAdjacency.from_edge_index(graph.train_index, size, normalization)
    degree = whole.user_rows.col_degree()
    own = graph.train_index[:, graph.train_index[0] < 50]
    part = BipartiteAdjacency.from_edge_index(
        own, (50, graph.num_items), normalization, item_degree=degree
    )
    value = whole.item_rows.transpose().value
    assert value is not None and part.item_rows.transpose().value is not None
    assert torch.equal(part.item_rows.transpose().value, value[: own.size(1)])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"denoiser": "gcn"}, "'denoiser' needs to be 'anisotropic' with .*got 'gcn'"),
        ({"model": "bpr-mf"}, "'model' needs to be 'tvdiff' with .*got 'bpr-mf'"),
        ({"linear_share": 0.3}, r"'linear_share' needs to be 0 with .*got 0\.3"),
        ({"normalization": "none"}, "'normalization' needs to read the graph with"),
        ({"initialization": "spectral"}, "'initialization' needs to be 'xavier' with"),
        ({"features": "beside"}, "'features' needs to be 'none' with the strategy"),
        ({"score_with_dropout": True}, "'score_with_dropout' needs to be false with"),
        ({"model": "ease"}, "'model' needs to be 'tvdiff' with .*got 'ease'"),
    ],
    ids=str,
)
def test_what_cannot_be_parted_is_refused(
    change: dict[str, Any],
    message: str,
    graph: BipartiteGraph,
    options: FitOptions,
    tmp_path: Path,
) -> None:
    run, in_parts = tmp_path / "run", replace(options, strategy="partitioned")
    with pytest.raises(ValueError, match=message):
        fit(graph, Settings(**change), run=run, options=in_parts)
    assert not run.exists()


def test_no_process_has_the_norm_of_all_gradients(
    graph: BipartiteGraph, settings: Settings, options: FitOptions, tmp_path: Path
) -> None:
    in_parts = replace(options, strategy="partitioned")
    with pytest.raises(ValueError, match=r"'gradient_clip_val' needs .*got 0\.5"):
        fit(
            graph,
            settings,
            run=tmp_path / "run",
            options=in_parts,
            trainer_kwargs={"gradient_clip_val": 0.5},
        )


def test_alone_it_is_a_run_like_any_other(
    graph: BipartiteGraph,
    settings: Settings,
    options: FitOptions,
    fitted: Path,
    tmp_path: Path,
) -> None:
    run = tmp_path / "run"
    fit(graph, settings, run=run, options=replace(options, strategy="partitioned"))
    weights = [RunFolder(one).model().state_dict() for one in (fitted, run)]
    assert difference(*weights) == 0


def test_each_reads_its_own_of_prepared_data(
    graph: BipartiteGraph,
    settings: Settings,
    options: FitOptions,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    user, item = graph.known_index.numpy()
    pl.DataFrame({"user": user, "item": item}).write_parquet(tmp_path / "log.parquet")
    prepared, folder = (
        prepare(tmp_path / "log.parquet", tmp_path / "data", 3),
        RunFolder(tmp_path / "run"),
    )
    for rank in (0, 1):
        monkeypatch.setenv("LOCAL_RANK", str(rank))
        own, expected = (
            PartitionedRun(data, settings, options, folder, Processes(2)).held
            for data in (prepared, prepared.whole())
        )
        for name in ("train_index", "validation_index", "test_index"):
            assert torch.equal(getattr(own, name), getattr(expected, name))


@pytest.mark.parametrize("known", [[0, 4], [0], []])
def test_a_part_ranks_whom_one_process_ranks(
    known: list[int],
    settings: Settings,
    options: FitOptions,
    tmp_path: Path,
    in_threads: Callable[..., list[Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Of the three parts, some have no user to validate of whom training knows anything.
    trained = torch.tensor([[0, 2, 3, 4], [0, 1, 1, 2]])
    held_out = torch.tensor([[*known, 1, 5], [3] * (len(known) + 2)])
    graph = BipartiteGraph.from_edge_index(trained, 6, 4, validation_index=held_out)
    expected = EvaluationTask.from_graph(graph, "validation").user.tolist()
    folder = RunFolder(tmp_path / "run")

    def ranked(rank: int) -> list[int]:
        run = PartitionedRun(graph, settings, options, folder, Processes(NUMBER))
        users, degree = UserPart(6, rank, NUMBER), torch.ones(4, dtype=torch.long)
        # Computed once: all threads would wait for the first of them.
        vars(run).update(users=users, item_degree=degree)
        return (run.task("validation").user + users.first).tolist()

    found = [user for part in in_threads(ranked) for user in part]
    assert sorted(found) == expected == (known or [1, 5])


def test_a_run_of_prepared_data_knows_where_they_are(
    graph: BipartiteGraph, settings: Settings, options: FitOptions, tmp_path: Path
) -> None:
    user, item = graph.known_index.numpy()
    pl.DataFrame({"user": user, "item": item}).write_parquet(tmp_path / "log.parquet")
    prepared = prepare(tmp_path / "log.parquet", tmp_path / "data")
    other = prepare(tmp_path / "log.parquet", tmp_path / "other", seed=1)
    folder, flat = RunFolder(tmp_path / "run"), asdict(options) | settings.flat()
    folder.write_config(flat)
    folder.write_graph(prepared)
    whole = prepared.whole()
    assert first_difference(folder.graph().to_dict(), whole.to_dict()) is None
    for data in (prepared, whole):
        check_unchanged(folder, data, settings, options)
    with pytest.raises(ValueError, match="'graph' needs the interactions that the run"):
        check_unchanged(folder, other, settings, options)


def test_a_run_is_told_where_its_data_are_now(
    graph: BipartiteGraph, settings: Settings, options: FitOptions, tmp_path: Path
) -> None:
    user, item = graph.known_index.numpy()
    pl.DataFrame({"user": user, "item": item}).write_parquet(tmp_path / "log.parquet")
    prepared = prepare(tmp_path / "log.parquet", tmp_path / "data").without_validation()
    prepare(tmp_path / "log.parquet", tmp_path / "other", seed=1)
    run = tmp_path / "run"
    folder, flat = RunFolder(run), asdict(options) | settings.flat()
    folder.write_config(flat)
    folder.write_graph(prepared)
    expected = folder.graph().to_dict()
    (tmp_path / "data").rename(tmp_path / "moved")
    with pytest.raises(ValueError, match="'tvdiff relocate RUN --data DIR' tells"):
        folder.graph()
    # It goes on all the same with data that are the same.
    moved = PreparedData(str(tmp_path / "moved")).without_validation()
    check_unchanged(folder, moved, settings, options)
    with pytest.raises(ValueError, match="'data' needs to be what the run was fitted "):
        relocate(run, tmp_path / "other")
    rows = next((tmp_path / "moved").glob("rows*"))
    whole, before = rows.read_bytes(), folder.graph_file.read_bytes()
    rows.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(ValueError, match=rf"'data' needs its files .*{rows.name}"):
        relocate(run, tmp_path / "moved")
    assert folder.graph_file.read_bytes() == before
    rows.write_bytes(whole)
    assert main(["relocate", str(run), "--data", str(tmp_path / "moved")]) == 0
    assert first_difference(folder.graph().to_dict(), expected) is None


def test_a_run_that_holds_its_interactions_needs_no_place(fitted: Path) -> None:
    with pytest.raises(ValueError, match="'run' needs to be one of prepared data"):
        relocate(fitted, "elsewhere")


def test_reading_parts_runs_no_code(tmp_path: Path) -> None:
    if not hasattr(pytest.importorskip("torch.distributed.tensor"), "DTensor"):
        pytest.skip("needs torch 2.5")
    from tvdiff_pyg.training.partitioned.part_files import read_parts

    (tmp_path / ".metadata").write_bytes(pickle.dumps(print))
    with pytest.raises(pickle.UnpicklingError, match=r"builtins\.print is not read"):
        read_parts(["rows"], tmp_path)


def test_the_table_of_machines_is_by_the_plan() -> None:
    home = Path(__file__).parents[2]
    page = (home / "docs" / "several_processes.md").read_text()
    number = r" ([\d.,]+)[^|\n]* \|"
    rows = re.findall(r"\n\|" + r" ([\d,]+) \| ([\d,]+) million \|" + 4 * number, page)
    assert [int(machines) for machines, *_ in rows] == [1, 8, 64, 256]
    for machines, interactions, *told in rows:
        count, pairs = int(machines), int(interactions.replace(",", "")) * 10**6
        size = GraphSize(pairs // 100, 10**6, pairs)
        settings = Settings(entropy_type="bce", batch_size=2**15 * count)
        plan = plan_parts(size, settings, count, count, 25)
        found = [plan.machine / GIGABYTE, plan.sent / GIGABYTE, plan.computing]
        values = [f"{found[0]:.1f}", f"{found[1]:.2f}", f"{found[2]:.1f}"]
        assert told == [*values, f"{plan.network:.2f}"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "change"), [(2, {}), (4, {"batch_size": 7, "check_every": 2})], ids=str
)
def test_parts_train_what_one_does(
    number: int, change: dict[str, Any], tmp_path: Path
) -> None:
    (one,) = carry_out(1, "torchrun", "train", tmp_path / "one", change)
    parts = tmp_path / "parts"
    others = carry_out(number, "torchrun", "train", parts, change, **IN_PARTS)
    for other in others:
        assert other["told"]["best_epoch"] == one["told"]["best_epoch"]
        for part in ("validation", "test"):
            assert other["told"][part] == pytest.approx(one["told"][part], rel=1e-4)
    weights = [RunFolder(tmp_path / n).model().state_dict() for n in ("one", "parts")]
    assert difference(*weights) < 1e-5
    logged = [curves(tmp_path / name) for name in ("one", "parts")]
    assert {k: float(v) for k, v in logged[0].items()} == pytest.approx(
        {k: float(v) for k, v in logged[1].items()}, rel=1e-4
    )
    (file,) = parts.glob("checkpoints/best.parts-*/__1_0.distcp")
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    with pytest.raises(ValueError, match=r"__1_0\.distcp, which is missing or"):
        RunFolder(parts).model()


@pytest.mark.slow
def test_a_checkpoint_is_read_by_another_number(tmp_path: Path) -> None:
    parts = tmp_path / "parts"

    def epochs(number: int, last: int, resume: bool = True) -> list[dict[str, Any]]:
        change = {"max_epochs": last}
        return carry_out(
            number, "torchrun", "train", parts, change, resume=resume, **IN_PARTS
        )

    whole = tmp_path / "whole"
    carry_out(1, "torchrun", "train", whole, {"max_epochs": 5})
    epochs(2, 1, resume=False)
    epochs(1, 2)
    epochs(2, 3)
    for other in epochs(4, 5):
        assert other["told"]["processes"] == 4
    weights = [RunFolder(run).model().state_dict() for run in (whole, parts)]
    assert difference(*weights) < 1e-5


@pytest.mark.slow
def test_with_the_same_number_it_goes_on_bit_by_bit(tmp_path: Path) -> None:
    both = whole, parts = tmp_path / "whole", tmp_path / "parts"

    def epochs(run: Path, last: int, resume: bool = False) -> None:
        change = {**DRAWN, "max_epochs": last}
        carry_out(2, "torchrun", "train", run, change, resume=resume, **IN_PARTS)

    epochs(whole, 4)
    epochs(parts, 2)
    epochs(parts, 4, resume=True)
    assert curves(parts) == curves(whole)
    last = [RunFolder(r).read_tensors(RunFolder(r).last_checkpoint) for r in both]
    for saved in last:
        # How far Lightning's own loops counted batches of a check makes no difference.
        del saved["loops"]
    assert plain(last[0]) == plain(last[1])
    weights = [RunFolder(run).model().state_dict() for run in both]
    assert plain(weights[0]) == plain(weights[1])
