"""A ``HeteroData`` from PyG to a run folder, its evaluation and recommendations."""

from pathlib import Path

import pytest
import torch
import torch_geometric.transforms as T
from torch_geometric import EdgeIndex
from torch_geometric.data import HeteroData

from tvdiff_pyg.data import as_graph
from tvdiff_pyg.evaluation import EvaluationTask, evaluate
from tvdiff_pyg.recommend import Recommender
from tvdiff_pyg.training import FitOptions, Settings, fit

OPTIONS = FitOptions(progress=False, log="none", device="cpu")
SETTINGS = Settings(model="popularity")
BY_GRADIENTS = Settings(hidden_channels=4, num_timesteps=2, max_epochs=1)


def make() -> HeteroData:
    generator = torch.Generator().manual_seed(0)
    key = torch.randperm(20 * 15, generator=generator)[:150]
    data = HeteroData()
    data["user"].num_nodes, data["movie"].num_nodes = 20, 15
    data["movie"].node_id = torch.arange(100, 115)
    data["user", "rates", "movie"].edge_index = torch.stack([key // 15, key % 15])
    return T.ToUndirected()(data)


def split(data: HeteroData) -> tuple[HeteroData, ...]:
    torch.manual_seed(0)
    return T.RandomLinkSplit(
        edge_types=[("user", "rates", "movie")],
        rev_edge_types=[("movie", "rev_rates", "user")],
    )(data)


def test_fit_evaluate_and_recommend(tmp_path: Path) -> None:
    parts = split(make())
    found = fit(parts, BY_GRADIENTS, run=tmp_path / "run", options=OPTIONS)
    assert (found["data"]["validation"], found["data"]["test"]) == (15, 30)
    recommender = Recommender.load(tmp_path / "run", device="cpu")
    assert evaluate(recommender.scorer, parts) == found["test"]
    task = EvaluationTask.from_graph(parts, "validation")
    assert evaluate(recommender.scorer, task) == found["validation"]
    again = Recommender(recommender.model, parts)
    best = again.recommend([3], k=4)
    assert best == recommender.recommend([3], k=4)
    assert all(100 <= item < 115 for item in best.items[0])


@pytest.mark.parametrize("protocol", ["standard", "paper"])
def test_parts_that_are_missing_are_drawn(tmp_path: Path, protocol: str) -> None:
    options = FitOptions(**{**vars(OPTIONS), "protocol": protocol, "seed": 1})
    first, again = (
        fit(make(), SETTINGS, run=tmp_path / name, options=options) for name in "ab"
    )
    assert first["test"] == again["test"]
    assert first["data"]["test"] == 30
    assert first["data"]["validation"] == (12 if protocol == "standard" else 0)


def test_edges_alone_are_fitted_to(tmp_path: Path) -> None:
    data = make()
    size, edges = (20, 15), data["user", "rates", "movie"].edge_index
    coo = torch.sparse_coo_tensor(
        edges.flip(0), torch.ones(150), size[::-1], check_invariants=True
    )
    found = [
        fit(one, SETTINGS, run=tmp_path / str(place), options=OPTIONS)["test"]
        for place, one in enumerate((data, EdgeIndex(edges, sparse_size=size), coo))
    ]
    assert found[0] == found[1] == found[2]


def test_resumed_with_the_same_parts(tmp_path: Path) -> None:
    fit(make(), BY_GRADIENTS, run=tmp_path / "run", options=OPTIONS)
    options = FitOptions(**{**vars(OPTIONS), "resume": True})
    further = BY_GRADIENTS.but(max_epochs=2)
    assert fit(make(), further, run=tmp_path / "run", options=options)["epochs"] == 2


def test_what_holds_no_interactions_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"'data' needs edges between two types"):
        fit(HeteroData(), SETTINGS, run=tmp_path / "run", options=OPTIONS)
    with pytest.raises(ValueError, match=r"'graph' needs to be a BipartiteGraph, a"):
        fit("graph", run=tmp_path / "run", options=OPTIONS)
    assert not (tmp_path / "run").exists()


def test_what_has_no_test_part_is_not_evaluated(tmp_path: Path) -> None:
    fit(make(), SETTINGS, run=tmp_path / "run", options=OPTIONS)
    scorer = Recommender.load(tmp_path / "run", device="cpu").scorer
    for data in (make(), as_graph(make())):
        with pytest.raises(ValueError, match="needs held-out test interactions"):
            evaluate(scorer, data)
