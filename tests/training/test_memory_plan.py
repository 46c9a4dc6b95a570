"""The memory plan: its sums, its choice of an engine, and its refusal."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tvdiff_pyg import BipartiteGraph, FitOptions, Settings, fit
from tvdiff_pyg.data import GraphSize
from tvdiff_pyg.machine import GIGABYTE
from tvdiff_pyg.models.memory import PER_WEIGHT
from tvdiff_pyg.training import (
    largest_batch,
    plan_engines,
    plan_memory,
    usable_memory,
)
from tvdiff_pyg.training.memory_plan import MIN_BATCH_SIZE, choose_engine

GOWALLA = GraphSize(29_858, 40_981, 1_027_370)
LARGE = GraphSize(1_000_000, 200_000, 100_000_000)
WIDE_ITEMS = GraphSize(100_000, 2_000_000, 5_000_000)


def settings(**options: object) -> Settings:
    return Settings(**{"engine": "exact", **options})


def test_tables_and_adam_are_counted_exactly() -> None:
    plan = plan_memory(GOWALLA, settings(hidden_channels=10))
    table = 4 * 10 * (29_858 + 40_981)
    assert plan.parts["parameters"] == plan.parts["gradients"] == table
    assert plan.parts["optimizer"] == 2 * table
    assert plan.total == sum(plan.parts.values())


def test_a_linear_item_model_is_counted_by_its_neighbours() -> None:
    few, many, none = (
        plan_memory(GOWALLA, settings(**linear))
        for linear in (
            {"linear_share": 0.3, "linear_neighbors": 100},
            {"linear_share": 0.3, "linear_neighbors": 300},
            {},
        )
    )
    entries = 200 * GOWALLA.num_items
    assert many.parts["linear"] - few.parts["linear"] == PER_WEIGHT * entries
    assert "linear" not in none.parts


def test_a_linear_model_that_is_tried_is_counted_where_it_fits() -> None:
    given = {"linear_share": 0.3, "choose_linear_share": True}
    tried = settings(**given, other_linear_neighbors=500)
    own = settings(linear_share=0.3, linear_neighbors=500)
    expected = plan_memory(GOWALLA, own).parts["linear"]
    assert plan_memory(GOWALLA, tried).parts["other_linear"] == expected
    assert "other_linear" not in plan_memory(GOWALLA, settings(**given)).parts
    assert "other_linear" not in plan_memory(WIDE_ITEMS, tried).parts


@pytest.mark.parametrize(
    ("first", "other", "more"), [(9, 9, False), (9, 8, True), (15, 500, False)]
)
def test_linear_models_that_are_one_are_counted_once(
    first: int, other: int, more: bool
) -> None:
    size = GraphSize(1000, 15, 100)
    given = settings(linear_share=0.3, linear_neighbors=first, choose_linear_share=True)
    tried = given.but(other_linear_neighbors=other)
    alone, both = (plan_memory(size, one).parts for one in (given, tried))
    assert both.keys() - alone.keys() == ({"other_linear"} if more else set())
    assert (plan_memory(size, tried).total > plan_memory(size, given).total) == more
    assert len(tried.linear.candidates(size.num_items, size.density)) == 1 + more
    dense = replace(size, num_interactions=5000)
    assert "other_linear" in plan_memory(dense, tried).parts


@pytest.mark.parametrize("engine", ["exact", "sampled"])
@pytest.mark.parametrize(
    "larger",
    [
        {"hidden_channels": 512},
        {"batch_size": 16_384},
        {"num_pool": 40_000},
        {"denoiser": "gcn", "num_layers": 3},
        {"linear_share": 0.3},
    ],
    ids=str,
)
def test_more_of_anything_never_takes_less(engine: str, larger: dict) -> None:
    before = settings(engine=engine, hidden_channels=256)
    least, most = (
        plan_memory(GOWALLA, before.but(**options)).total for options in ({}, larger)
    )
    assert most >= least
    if "hidden_channels" in larger or "denoiser" in larger:
        assert most > 1.2 * least


def test_sampling_pays_on_large_catalogues() -> None:
    exact, sampled = plan_engines(WIDE_ITEMS, settings(hidden_channels=256))
    assert (exact.engine, sampled.engine) == ("exact", "sampled")
    assert sampled.total < exact.total


def test_auto_takes_what_fits() -> None:
    auto = settings(engine="auto", hidden_channels=256)
    exact, sampled = (plan.total for plan in plan_engines(WIDE_ITEMS, auto))
    assert choose_engine(WIDE_ITEMS, auto, exact)["engine"] == "exact"
    assert choose_engine(WIDE_ITEMS, auto, exact - 1)["engine"] == "sampled"
    assert choose_engine(WIDE_ITEMS, auto, sampled)["engine"] == "sampled"
    with pytest.raises(ValueError, match=r"'model' needs at least .* GB"):
        choose_engine(WIDE_ITEMS, auto, sampled - 1)


def test_auto_takes_what_fits_in_parts() -> None:
    auto = settings(engine="auto", hidden_channels=256)
    exact, sampled = (plan.total for plan in plan_engines(WIDE_ITEMS, auto, 4))
    alone = plan_engines(WIDE_ITEMS, auto)[0].total
    assert sampled < exact < alone
    assert choose_engine(WIDE_ITEMS, auto, exact, 4)["engine"] == "exact"
    assert choose_engine(WIDE_ITEMS, auto, exact - 1, 4)["engine"] == "sampled"
    assert choose_engine(WIDE_ITEMS, auto, exact)["engine"] == "sampled"


def test_parts_read_the_same_items_and_share_the_rest() -> None:
    config = settings(engine="sampled", num_neighbors=32)
    one, four = (config.training.step(config.model, n) for n in (1, 4))
    size, part = GraphSize(10**6, 10**5, 10**8), GraphSize(250_000, 10**5, 25 * 10**6)
    assert one.items_read(size) == four.items_read(part) == 4096 + 32 * 2048
    assert one.kept(size) == (32, 32) and four.kept(part) == (32, 8)
    assert four.share == 512
    whole, parted = plan_memory(size, config).parts, plan_memory(size, config, 4).parts
    assert parted["parameters"] < whole["parameters"]
    assert parted["activations"] < whole["activations"]


def test_a_chosen_engine_is_left_alone() -> None:
    assert choose_engine(LARGE, settings(engine="exact"), 1)["engine"] == "exact"
    assert choose_engine(LARGE, settings(engine="sampled"), 1)["engine"] == "sampled"


def test_row_sparse_gradients_need_the_sampled_engine() -> None:
    sparse = settings(engine="auto", sparse_grad=True)
    assert choose_engine(GOWALLA, sparse, 100 * GIGABYTE)["engine"] == "sampled"


def test_the_largest_batch_fits_and_the_next_does_not() -> None:
    chosen, memory = settings(hidden_channels=1000), 3 * GIGABYTE
    batch = largest_batch(GOWALLA, chosen, memory)
    assert batch is not None
    assert plan_memory(GOWALLA, chosen.but(batch_size=batch)).total <= memory
    assert plan_memory(GOWALLA, chosen.but(batch_size=2 * batch)).total > memory
    assert largest_batch(GOWALLA, chosen, GIGABYTE // 2) is None
    assert largest_batch(GraphSize(1, 1, 1), chosen, memory) == MIN_BATCH_SIZE


def test_auto_is_no_plan() -> None:
    with pytest.raises(ValueError, match=r"'engine' needs .*\(got 'auto'\)"):
        plan_memory(GOWALLA, settings(engine="auto"))


@pytest.mark.parametrize("name", ["num_users", "num_items", "num_interactions"])
def test_sizes_are_positive(name: str) -> None:
    with pytest.raises(ValueError, match=rf"'{name}' needs to be at least 1 \(got 0\)"):
        replace(GOWALLA, **{name: 0})


def test_usable_memory() -> None:
    assert usable_memory(1.5) == int(1.5 * GIGABYTE)
    assert 2**26 < usable_memory() < 2**50


def test_fit_refuses_early_and_writes_nothing(tmp_path: Path) -> None:
    graph = BipartiteGraph.from_edge_index(
        torch.tensor([[0, 1], [0, 1]]),
        2,
        2,
        validation_index=torch.tensor([[0], [1]]),
    )
    options = FitOptions(progress=False, memory_gb=0.1)
    with pytest.raises(
        ValueError, match=r"'model' needs at least .* GB .*\(got 0.1 GB\)"
    ):
        fit(graph, Settings(), run=tmp_path / "run", options=options)
    assert not (tmp_path / "run").exists()
