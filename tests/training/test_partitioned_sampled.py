"""The sampled engine where each of several processes holds the rows of its users."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
import torch.distributed as dist
from torch import Tensor

from tests.builders import tvdiff
from tests.training.ranks import carry_out, difference
from tests.training.ranks_work import CERTAIN
from tests.training.runs import curves, plain
from tests.training.threads import NUMBER, TABLE, InThreads, Rank, indices
from tvdiff_pyg import TVDiff
from tvdiff_pyg.data import BipartiteGraph, GraphSize, prepare
from tvdiff_pyg.training import FitOptions, RunFolder, Settings
from tvdiff_pyg.training.partitioned.plan import bytes_added_up, bytes_gathered
from tvdiff_pyg.training.partitioned.pool import SharedPoolSampler

IN_PARTS: dict[str, Any] = {"strategy": "partitioned"}
ALL = {"engine": "sampled", "num_neighbors": -1, "num_pool": 80}
FEW = {"engine": "sampled", "num_neighbors": 4, "num_pool": 20, "refresh_every": 2}


@pytest.mark.parametrize("kind", ["users", "pairs", "few"])
@pytest.mark.parametrize("has_history", [False, True])
def test_with_all_neighbors_and_items_gradients_are_exact(
    kind: str,
    has_history: bool,
    whole: TVDiff,
    graph: BipartiteGraph,
    in_threads: InThreads,
) -> None:
    index = indices(graph)[kind]
    rows = (index,) if index.dim() == 1 else tuple(index)
    loss = whole.training_loss(whole.adjacency_of(graph), *rows)
    loss.free_energy.backward()

    def part(rank: int) -> dict[str, Tensor]:
        own = Rank(whole, graph, rank)
        model, adjacency = own.model, own.adjacency
        history = model.historical_sums(adjacency) if has_history else None
        batch = own.sample(index, -1, graph.num_items)
        (seeds,) = batch.input_id_dict.values()
        found = model.sampled_loss(adjacency, batch, history=history)
        return own.gradients(found, seeds.numel())

    parts = in_threads(part)
    for name, p in whole.named_parameters():
        grads = [one[name] for one in parts]
        for grad in [torch.cat(grads)] if name == TABLE else grads:
            torch.testing.assert_close(grad, p.grad, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("has_history", [False, True])
def test_the_energy_from_a_pool_is_unbiased(
    has_history: bool,
    whole: TVDiff,
    graph: BipartiteGraph,
    in_threads: InThreads,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    draws, users, drawn = 36, torch.arange(graph.num_users), torch.Generator()
    ranks = [Rank(whole, graph, rank) for rank in range(NUMBER)]
    # The first alone draws, from what is nobody else's.
    monkeypatch.setattr(
        SharedPoolSampler,
        "_pool",
        lambda self: torch.randperm(graph.num_items, generator=drawn)[:16],
    )

    def energies(rank: int) -> Tensor:
        own, weight = ranks[rank], len(ranks[rank].users) / graph.num_users
        model, adjacency = own.model, own.adjacency
        history = model.historical_sums(adjacency) if has_history else None
        table = model.get_parameter(TABLE)
        with torch.no_grad():
            table.mul_(1.5)
        found = [
            model.sampled_loss(adjacency, own.sample(users, -1, 16), history=history)
            for _ in range(draws)
        ]
        return torch.stack([one.energy for one in found]) * weight

    found = torch.stack(in_threads(energies)).sum(0)
    with torch.no_grad():
        whole.get_parameter(TABLE).mul_(1.5)
    exact = whole.training_loss(whole.adjacency_of(graph), users).energy
    assert 0 < found.std() < 0.1 * exact
    assert abs(found.mean() - exact) < 4 * found.std() / draws**0.5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "change"),
    [
        (2, ALL),
        # As many neighbours as there are users.
        (3, {**ALL, "num_neighbors": 121, "batch_size": 7, "check_every": 2}),
        (2, {**ALL, "refresh_every": 2}),
        # All rows are read, so that lazy Adam is Adam.
        (2, {**ALL, "sparse_grad": True}),
    ],
    ids=str,
)
def test_with_all_neighbors_and_items_parts_train_what_one_does(
    number: int, change: dict[str, Any], tmp_path: Path
) -> None:
    exact = {k: v for k, v in change.items() if k in ("batch_size", "check_every")}
    (one,) = carry_out(1, "torchrun", "train", tmp_path / "one", exact)
    parts = tmp_path / "parts"
    for other in carry_out(number, "torchrun", "train", parts, change, **IN_PARTS):
        assert other["told"]["best_epoch"] == one["told"]["best_epoch"]
        for part in ("validation", "test"):
            assert other["told"][part] == pytest.approx(one["told"][part], rel=1e-4)
    assert RunFolder(parts).config()["engine"] == "sampled"
    weights = [RunFolder(tmp_path / n).model().state_dict() for n in ("one", "parts")]
    assert difference(*weights) < 1e-5


@pytest.mark.parametrize("caps", [(-1, 80), (2, 20)])
def test_no_more_is_added_up_than_is_planned(
    caps: tuple[int, int],
    whole: TVDiff,
    graph: BipartiteGraph,
    in_threads: InThreads,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    users, sizes, all_reduce = torch.tensor([3, 61, 117]), [0], dist.all_reduce

    def counted(value: Tensor, *args: Any) -> None:
        sizes.append(value.numel() * value.element_size())
        all_reduce(value, *args)

    monkeypatch.setattr(dist, "all_reduce", counted)
    ranks = [Rank(whole, graph, rank) for rank in range(NUMBER)]

    def step(rank: int) -> int:
        model = ranks[rank].model.float()
        batch = ranks[rank].sample(users, *caps)
        loss = model.sampled_loss(ranks[rank].adjacency, batch).free_energy
        loss.backward()
        return batch["item"].num_nodes

    found = in_threads(step)
    added_up = sum(sizes) / NUMBER
    row = 4 * whole.config.denoiser.hidden_channels
    assert added_up == graph.num_items + 2 * row * found[0]
    sampled = {"engine": "sampled", "num_neighbors": caps[0], "num_pool": caps[1]}
    settings = Settings.over(CERTAIN, **sampled, batch_size=3)
    held = 4 * sum(p.numel() for p in whole.parameters()) - row * graph.num_users
    planned = bytes_added_up(GraphSize.of(graph), settings) - held
    assert added_up <= planned
    if caps[1] == graph.num_items:
        assert added_up == planned


@pytest.mark.parametrize("caps", [(-1, 80), (2, 10)])
def test_no_more_row_sparse_gradients_are_gathered_than_is_planned(
    caps: tuple[int, int], graph: BipartiteGraph, in_threads: InThreads
) -> None:
    users = torch.arange(graph.num_users)
    sizes = graph.num_users, graph.num_items
    whole = tvdiff(*sizes, **CERTAIN, sparse_grad=True)
    ranks = [Rank(whole, graph, rank) for rank in range(NUMBER)]

    def step(rank: int) -> int:
        model = ranks[rank].model.float()
        batch = ranks[rank].sample(users, *caps)
        model.sampled_loss(ranks[rank].adjacency, batch).free_energy.backward()
        grad = model.get_parameter("denoiser.item_embedding.weight").grad
        assert grad is not None and grad.is_sparse
        rows = grad.coalesce()
        return rows.indices().nbytes + rows.values().nbytes

    found = in_threads(step)
    caps_of = {"num_neighbors": caps[0], "num_pool": caps[1], "sparse_grad": True}
    settings = Settings.over(
        CERTAIN, engine="sampled", batch_size=len(users), **caps_of
    )
    planned = bytes_gathered(GraphSize.of(graph), settings, NUMBER)
    assert 0 < max(found) <= planned
    if caps[1] == graph.num_items:
        assert found == [planned] * NUMBER
    # They are not added up as well, as dense ones are.
    dense = settings.but(sparse_grad=False)
    size = GraphSize.of(graph)
    difference = bytes_added_up(size, dense) - bytes_added_up(size, settings)
    assert difference == 4 * CERTAIN["hidden_channels"] * graph.num_items
    assert bytes_gathered(size, dense, NUMBER) == 0


def few_epochs(
    run: Path,
    number: int,
    last: int,
    resume: bool = False,
    sparse_grad: bool = False,
    **options: Any,
) -> list[dict[str, Any]]:
    """Train from samples, up to an epoch."""
    change = {**FEW, "entropy_type": "bpr", "dropout": 0.5, "max_epochs": last}
    change["sparse_grad"] = sparse_grad
    given = {**options, "resume": resume}
    return carry_out(number, "torchrun", "train", run, change, **given)


@pytest.mark.slow
def test_a_run_goes_on_in_any_number_of_parts(tmp_path: Path) -> None:
    run = tmp_path / "run"
    few_epochs(run, 2, 1, **IN_PARTS)
    few_epochs(run, 1, 2, resume=True)
    few_epochs(run, 2, 3, resume=True)
    for told in few_epochs(run, 3, 4, resume=True, **IN_PARTS):
        assert told["told"]["processes"] == 3 and told["told"]["epochs"] == 4
    assert RunFolder(run).model().num_items == 80


@pytest.mark.slow
@pytest.mark.parametrize("sparse_grad", [False, True])
def test_with_the_same_number_it_goes_on_bit_by_bit(
    sparse_grad: bool, tmp_path: Path
) -> None:
    both = whole, parts = tmp_path / "whole", tmp_path / "parts"
    given = {"sparse_grad": sparse_grad, **IN_PARTS}
    few_epochs(whole, 2, 4, **given)
    few_epochs(parts, 2, 2, **given)
    few_epochs(parts, 2, 4, resume=True, **given)
    assert curves(parts) == curves(whole)
    weights = [RunFolder(run).model().state_dict() for run in both]
    assert plain(weights[0]) == plain(weights[1])


def test_workers_cannot_sample_for_several() -> None:
    with pytest.raises(ValueError, match=r"'num_workers' needs to be 0 with .*got 1"):
        FitOptions(strategy="partitioned", num_workers=1)


@pytest.fixture(scope="module")
def late(graph: BipartiteGraph, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return prepared data whose later half of users has nothing to train on."""
    home = tmp_path_factory.mktemp("late")
    user, item = graph.known_index.numpy()
    is_late = user >= graph.num_users // 2
    time = (item * 7 + user) % 80 + 100 * is_late
    frame = pl.DataFrame({"user": user, "item": item, "time": time})
    frame.write_parquet(home / "log.parquet")
    # A quarter of all is the test, and a little more before it is to validate on.
    split = {"split": "global_time", "validation_ratio": 0.4, "test_ratio": 0.25}
    given = {"timestamp": "time", **split}
    data = prepare(home / "log.parquet", home / "data", 2, **given)
    part = data.part(data.num_users // 2, data.num_users)
    assert part.train_index.size(1) == 0
    assert part.validation_index.size(1) > 0 < part.test_index.size(1)
    return data.folder


@pytest.mark.slow
@pytest.mark.parametrize("change", [{}, ALL], ids=["exact", "sampled"])
def test_a_process_may_have_nothing_to_train_on(
    change: dict[str, Any], late: str, tmp_path: Path
) -> None:
    one, parts = tmp_path / "one", tmp_path / "parts"
    (alone,) = carry_out(1, "torchrun", "train", one, {}, data=late)
    for other in carry_out(
        2, "torchrun", "train", parts, change, data=late, **IN_PARTS
    ):
        for part in ("validation", "test"):
            known = alone["told"][part]
            assert other["told"][part] == pytest.approx(known, rel=1e-4)
    weights = [RunFolder(run).model().state_dict() for run in (one, parts)]
    assert difference(*weights) < 1e-5
    ranked = tmp_path / "ranked"
    asked = str(parts), None, True
    for told in carry_out(2, "torchrun", "rank", ranked, *asked, **IN_PARTS):
        assert told["rows"] == 7 * 120
        for part, metrics in told["told"].items():
            for name, value in metrics.items():
                known = alone["told"][part].get(name, value)
                assert value == pytest.approx(known, rel=1e-4)
