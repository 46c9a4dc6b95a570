"""What numbers are refused, and in which words."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tvdiff_pyg import Recommender, fit, top_k
from tvdiff_pyg.data import DataOptions, GraphSize, IdMap, SyntheticBipartite
from tvdiff_pyg.models import TVDiffConfig
from tvdiff_pyg.ranges import check_integer, check_number
from tvdiff_pyg.sampled import sample_neighbors
from tvdiff_pyg.sparse import CSR
from tvdiff_pyg.training import FitOptions, Settings

NAN, INF = float("nan"), float("inf")
SIZES = dict(num_users=30, num_items=20, num_interactions=100)


@pytest.mark.parametrize("value", [1, 7, 2**32 - 1, np.int64(3)])
def test_integers(value: Any) -> None:
    check_integer("k", value, low=1)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (0, "at least 1"),
        (-(10**30), "at least 1"),
        (2**32, "at most 4294967295"),
        (10**400, "at most 4294967295"),
        (True, "an integer"),
        (np.bool_(True), "an integer"),
        (1.0, "an integer"),
        (NAN, "an integer"),
        ("1", "an integer"),
        (None, "an integer"),
    ],
)
def test_no_such_integers(value: Any, wanted: str) -> None:
    with pytest.raises(ValueError, match=rf"^'k' needs to be {wanted} \(got "):
        check_integer("k", value, low=1)


@pytest.mark.parametrize(
    ("value", "limits", "wanted"),
    [
        (NAN, {}, "at least 0"),
        (INF, {}, "finite"),
        (1e300, {}, "finite"),
        (10**400, {}, "finite"),
        (-1e-9, {}, "at least 0"),
        (0, {"above": True}, "positive"),
        (1.0, {"high": 1, "below": True}, r"in \[0, 1\)"),
        (0.0, {"high": 1, "above": True}, r"in \(0, 1\]"),
        (1.5, {"high": 1}, r"in \[0, 1\]"),
        (True, {}, "a number"),
        ("x", {}, "a number"),
        (None, {}, "a number"),
        (1j, {}, "a number"),
    ],
)
def test_no_such_numbers(value: Any, limits: dict[str, Any], wanted: str) -> None:
    with pytest.raises(ValueError, match=rf"^'share' needs to be {wanted} \(got "):
        check_number("share", value, 0, **limits)
    check_number("share", 0.5, 0, **limits)


@pytest.mark.parametrize(
    "given",
    [
        {"num_timesteps": 10_001},
        {"num_timesteps": 10**20},
        {"num_timesteps": True},
        {"num_timesteps": 2.0},
        {"temperature": NAN},
        {"temperature": 1e300},
        {"learning_rate": INF},
        {"weight_decay": -1e-3},
        {"hidden_channels": 10**20},
        {"time_channels": 10**9},
        {"max_epochs": 0},
        {"batch_size": "many"},
        {"num_neighbors": 0},
        {"num_neighbors": -2},
        {"denoiser": "gcn", "num_layers": 10**20},
        {"denoiser": "gcn", "num_layers": 101},
        {"model": "lightgcn", "num_layers": 10**20},
        {"denoiser": None},
        {"model": ["tvdiff"]},
        {"linear_share": NAN},
        {"negatives": "hard", "accept_ratio": NAN},
    ],
)
def test_settings_out_of_range(given: dict[str, Any]) -> None:
    name = list(given)[-1]
    with pytest.raises(ValueError, match=rf"^'{name}' needs to be .* \(got "):
        Settings(**given)


@pytest.mark.parametrize(
    "given",
    [
        {"seed": -1},
        {"seed": 2**32},
        {"seed": 1.5},
        {"seed": True},
        {"num_workers": -1},
        {"num_workers": 10**6},
        {"devices": 0},
        {"devices": 10**6},
        {"num_nodes": -1},
        {"num_nodes": 1.0},
        {"memory_gb": NAN},
        {"memory_gb": 0},
        {"memory_gb": INF},
        {"protocol": "mine"},
        {"device": "tpu"},
        {"log": 3},
        {"progress": "yes"},
        {"resume": None},
    ],
)
def test_fit_options_out_of_range(given: dict[str, Any]) -> None:
    [name] = given
    with pytest.raises(ValueError, match=rf"^'{name}' needs to be .* \(got "):
        FitOptions(**given)


@pytest.mark.parametrize(
    "given",
    [
        {"validation_ratio": NAN},
        {"test_ratio": 1.0},
        {"test_ratio": "half"},
        {"min_rating": INF},
        {"min_rating": NAN},
        {"k_core": -1},
        {"k_core": 0.5},
        {"split": "by_hand"},
        {"header": 1},
        {"user_column": 1.5},
        {"root": 3},
    ],
)
def test_data_options_out_of_range(given: dict[str, Any]) -> None:
    [name] = given
    with pytest.raises(ValueError, match=rf"^'{name}' needs to be .* \(got "):
        DataOptions("log.csv", **given)


@pytest.mark.parametrize("size", [(0, 1, 1), (1, -1, 1), (1, 1, 2.0), (1, 1, 2**63)])
def test_sizes_out_of_range(size: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match=r"^'num_\w+' needs to be .* \(got "):
        GraphSize(*size)


def test_no_more_interactions_than_pairs() -> None:
    assert GraphSize(2, 3, 6).num_interactions == 6
    with pytest.raises(ValueError, match=r"'num_interactions' needs to be at most 6,"):
        GraphSize(2, 3, 7)


@pytest.mark.parametrize(
    "given",
    [
        {"num_items": 1.5},
        {"num_users": 2**40},
        {"num_interactions": 10**12},
        {"num_communities": 21},
        {"exponent": NAN},
        {"exponent": 2.0},
        {"mixing": 1.1},
        {"seed": -1},
    ],
)
def test_synthetic_graphs_out_of_range(given: dict[str, Any]) -> None:
    [name] = given
    with pytest.raises(ValueError, match=rf"^'{name}' needs to be .* \(got "):
        SyntheticBipartite(**(SIZES | given))


def test_a_graph_that_does_not_fit_is_not_drawn() -> None:
    huge = dict(num_users=2**32 - 1, num_items=2**32 - 1, num_interactions=2**32)
    with pytest.raises(ValueError, match=r"'num_users', .* need to fit into [\d.]+ GB"):
        SyntheticBipartite(**huge)


def test_an_engine_that_cannot_fit_is_not_tried(tmp_path: Path) -> None:
    graph = SyntheticBipartite(**SIZES)[0]
    huge = Settings(engine="exact", hidden_channels=10**9)
    with pytest.raises(ValueError, match=r"'model' needs at least [\d.]+ GB of memory"):
        fit(graph, huge, run=tmp_path / "run", options=FitOptions(progress=False))
    assert not (tmp_path / "run" / "config.yaml").exists()


def test_more_items_than_there_are_cost_nothing() -> None:
    graph = SyntheticBipartite(**SIZES)[0]
    model = TVDiffConfig.of(hidden_channels=4).build(30, 20)
    recommender = Recommender(model, graph)
    assert len(recommender.recommend([0], k=2**32 - 1).items[0]) <= 20
    with pytest.raises(ValueError, match=r"'users_or_histories' needs a list of ids"):
        recommender.recommend("0")
    with pytest.raises(ValueError, match=r"'k' needs to be in \[1, 1048576\] \(got"):
        top_k(torch.ones(1, 2), torch.ones(3, 2), k=10**9)
    seen = CSR.from_edge_index(graph.train_index, (30, 20))
    with pytest.raises(ValueError, match=r"'seen' needs to be of shape \[1, 20\]"):
        recommender.scorer.rank(torch.tensor([0]), 2, seen)


@pytest.mark.parametrize("index", [[0.5], [float("nan")], [True], [2], [-1]])
def test_ids_are_at_places(index: Any) -> None:
    with pytest.raises(ValueError, match="'index' needs to "):
        IdMap(["a", "b"]).ids(index)
    assert IdMap(["a", "b"]).ids([]) == []


@pytest.mark.parametrize("index", [[0.5], [30], [-1]])
def test_neighbors_are_of_rows(index: Any) -> None:
    rows = CSR.from_edge_index(torch.tensor([[0], [1]]), (2, 2))
    with pytest.raises(ValueError, match="'index' needs to "):
        sample_neighbors(rows, torch.tensor(index), 1)
    assert sample_neighbors(rows, torch.tensor([0, 1]), 2**32 - 1).nnz == 1
