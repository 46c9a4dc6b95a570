"""The benchmark of cold items: what is held out, and what ranks it."""

from types import ModuleType
from typing import Any

import pytest
import torch

from tests.benchmarks import ImportBenchmark
from tests.builders import build
from tvdiff_pyg import Settings
from tvdiff_pyg.data import BipartiteGraph, NodeFeatures

KINDS = 4


@pytest.fixture
def cold_items(import_benchmark: ImportBenchmark) -> ModuleType:
    return import_benchmark("cold_items")


@pytest.fixture
def split_of(import_benchmark: ImportBenchmark) -> Any:
    return import_benchmark("cold_split").cold_split


def planted(num_users: int = 80, num_items: int = 400) -> BipartiteGraph:
    """Users meet items of their kind alone, and items have their kind as a feature."""
    generator = torch.Generator().manual_seed(0)
    user, item = torch.arange(num_users) % KINDS, torch.arange(num_items) % KINDS
    draw = torch.rand(num_users, num_items, generator=generator)
    pairs = ((user[:, None] == item) & (draw < 0.95)).nonzero().t()
    graph = BipartiteGraph.from_edge_index(pairs, num_users, num_items)
    x = torch.nn.functional.one_hot(item, KINDS).float().to_sparse_csr()
    return NodeFeatures(item=x).put(graph)


def test_cold_items_are_in_no_training_pair(split_of: Any) -> None:
    graph = planted()
    items = {}
    for part in ("test", "validation"):
        split = split_of(graph, 3, part)
        cold, warm = split.cold, split.warm
        items[part] = set(graph.item_ids.ids()) - set(warm.item_ids.ids())
        given, predicted = cold.train_index, cold.test_index
        count = given[1].bincount(minlength=40), predicted[1].bincount(minlength=40)
        assert cold.num_items == 40 and not (count[0] - count[1] - 1).gt(0).any()
        assert (count[0] >= count[1]).all() and warm.test_index.size(1) == 0
        assert warm.validation_index.size(1) > 0 and cold.num_users == warm.num_users
        pairs = warm.seen_index("test").size(1) + given.size(1) + predicted.size(1)
        left_out = items["test"] if part == "validation" else set()
        assert pairs == sum(i not in left_out for i in graph.train_index[1].tolist())
        assert torch.equal(split.x.to_dense().sum(dim=1), torch.ones(40))
    # Settings are chosen on others than the test, and without those.
    assert len(items["test"]) == 40 and items["test"] < items["validation"]
    assert len(items["validation"]) == 80


def test_what_knows_the_kind_ranks_it_first(
    cold_items: ModuleType, split_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cold_items, "all_interactions", lambda *_: planted())
    found = {
        cell.variant: cell.carry_out()["metrics"]
        for cell in cold_items.cells(["movielens-small"], seeds=[0], neighbors=5)
        if cell.settings is None
    }
    for name, given in (("item-kNN", "users"), ("content-kNN", "features")):
        assert found[name][given]["ndcg@20"] > 0.9
    for name, given in (("random", "nothing"), ("popularity", "users")):
        assert found[name][given]["ndcg@20"] < 0.6


def test_a_model_is_folded_in_by_all_that_is_given(
    cold_items: ModuleType, split_of: Any
) -> None:
    split = split_of(planted(), 0, "test")
    settings = {"hidden_channels": 8, "num_timesteps": 1}
    size = split.warm.num_users, split.warm.num_items
    plain = build("tvdiff", *size, **settings)
    assert list(cold_items.folded_in(split, plain)) == ["users"]
    torch.manual_seed(0)
    model = build("tvdiff", *size, **settings, features="beside")
    found = cold_items.folded_in(split, model.read_features(split.warm))
    assert list(found) == ["users", "features", "users and features"]
    assert len({one["ndcg@20"] for one in found.values()}) == 3


def test_data_without_features_has_no_cells_that_need_them(
    cold_items: ModuleType,
) -> None:
    names = [cell.variant for cell in cold_items.cells(["amazon-beauty"], seeds=[0])]
    assert names == ["random", "popularity", "item-kNN", "tvdiff"]
    cells = cold_items.cells(["movielens-small"], seeds=[0, 1])
    assert len(cells) == 16 and len({repr(cell.key()) for cell in cells}) == 16
    assert cells[-1].settings == Settings.preset(
        "movielens-small", max_epochs=150, patience=4, features="instead"
    )
