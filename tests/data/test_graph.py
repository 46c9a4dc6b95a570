"""The validated graph, its file, and PyG's loaders on it."""

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from tvdiff_pyg.data import BipartiteGraph, GraphSize, IdMap

RATES = ("user", "rates", "item")
PAIRS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5)), max_size=30)


def pairs(*rows: tuple[int, int]) -> Tensor:
    return torch.tensor(rows, dtype=torch.long).reshape(-1, 2).t()


def as_set(index: Tensor) -> set[tuple[int, ...]]:
    return set(map(tuple, index.t().tolist()))


@pytest.fixture
def graph() -> BipartiteGraph:
    return BipartiteGraph.from_edge_index(
        pairs((1, 0), (0, 2), (0, 1), (1, 0)),
        num_users=2,
        num_items=3,
        validation_index=pairs((0, 0)),
        test_index=pairs((1, 1), (1, 2)),
        user_ids=IdMap(["ann", "bob"], "user"),
        item_titles=["x", "y", "z"],
        dropped=4,
    )


def test_layout(graph: BipartiteGraph) -> None:
    assert graph.train_index.tolist() == [[0, 0, 1], [1, 2, 0]]
    flipped = graph["item", "rated_by", "user"].edge_index
    assert torch.equal(flipped, graph.train_index.flip(0))
    assert graph[RATES].edge_label_index.tolist() == [[0, 1, 1], [0, 1, 2]]
    assert graph[RATES].edge_label_split.tolist() == [0, 1, 1]
    assert graph.validation_index.tolist() == [[0], [0]]
    assert graph.test_index.tolist() == [[1, 1], [1, 2]]
    assert (graph.num_users, graph.num_items) == (2, 3)
    assert graph.user_ids.ids() == ["ann", "bob"]
    assert graph.item_ids == IdMap([0, 1, 2], "item")
    assert graph.item_titles == ["x", "y", "z"]
    assert graph.validate()


@given(st.tuples(st.integers(0, 4), st.integers(0, 5)), PAIRS, PAIRS, PAIRS)
def test_parts_are_disjoint_and_counts_add_up(
    first: tuple[int, int], train: list[Any], validation: list[Any], test: list[Any]
) -> None:
    graph = BipartiteGraph.from_edge_index(
        pairs(first, *train),
        5,
        6,
        validation_index=pairs(*validation),
        test_index=pairs(*test),
    )
    expected_train = {first, *train}
    expected_test = set(test) - expected_train
    assert as_set(graph.train_index) == expected_train
    assert as_set(graph.test_index) == expected_test
    assert as_set(graph.validation_index) == (
        set(validation) - expected_train - expected_test
    )
    counts = graph.counts()
    held_out = counts["validation"] + counts["test"] + counts["dropped"]
    assert held_out == len(validation) + len(test)


def test_without_validation(graph: BipartiteGraph) -> None:
    merged = graph.without_validation()
    assert merged.train_index.tolist() == [[0, 0, 0, 1], [0, 1, 2, 0]]
    assert merged.validation_index.shape == (2, 0)
    assert torch.equal(merged.test_index, graph.test_index)
    assert merged.user_ids == graph.user_ids
    assert graph.counts()["validation"] == 1  # The graph itself stays as it was.


def test_what_is_seen_before_a_part(graph: BipartiteGraph) -> None:
    train, validation = as_set(graph.train_index), as_set(graph.validation_index)
    assert as_set(graph.seen_index("validation")) == train
    assert as_set(graph.seen_index("test")) == train | validation
    assert torch.equal(graph.seen_index(), graph.seen_index("test"))
    message = r"'before' needs to be one of .* \(got 'train'\)"
    with pytest.raises(ValueError, match=message):
        graph.seen_index("train")  # type: ignore[arg-type]


def test_size(graph: BipartiteGraph) -> None:
    assert GraphSize.of(graph) == GraphSize(2, 3, 6)
    with pytest.raises(ValueError, match=r"'num_items' needs to be at least 1"):
        GraphSize(1, 0, 1)


def test_save_and_load(graph: BipartiteGraph, tmp_path: Path) -> None:
    graph["user"].community = torch.tensor([0, 1])
    graph.save(tmp_path / "graph.pt")
    assert [file.name for file in tmp_path.iterdir()] == ["graph.pt"]
    assert isinstance(torch.load(tmp_path / "graph.pt", weights_only=True), dict)
    loaded = BipartiteGraph.load(tmp_path / "graph.pt")
    assert loaded.counts() == graph.counts()
    assert loaded.user_ids == graph.user_ids
    assert loaded.item_titles == graph.item_titles
    assert torch.equal(loaded["user"].community, graph["user"].community)
    assert torch.equal(loaded.train_index, graph.train_index)


def test_failed_save_leaves_the_old_file(
    graph: BipartiteGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "graph.pt").write_text("old")

    def full_disk(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(torch, "save", full_disk)
    with pytest.raises(OSError, match="disk full"):
        graph.save(tmp_path / "graph.pt")
    assert [file.name for file in tmp_path.iterdir()] == ["graph.pt"]
    assert (tmp_path / "graph.pt").read_text() == "old"


def test_load_of_something_else(tmp_path: Path) -> None:
    torch.save({"weight": torch.zeros(1)}, tmp_path / "model.pt")
    with pytest.raises(ValueError, match="'path' needs to be a saved BipartiteGraph"):
        BipartiteGraph.load(tmp_path / "model.pt")


def test_copies_and_device_moves_keep_all(graph: BipartiteGraph) -> None:
    for other in (copy.copy(graph), copy.deepcopy(graph), graph.clone().to("cpu")):
        assert isinstance(other, BipartiteGraph)
        assert other.counts() == graph.counts()
        assert other.user_ids == graph.user_ids


def test_held_out_pairs_are_no_edge_attribute(graph: BipartiteGraph) -> None:
    # There are as many held-out pairs as edges here, which misleads plain PyG.
    assert graph[RATES].edge_label_index.size(1) == graph[RATES].num_edges
    for other in (
        graph,
        copy.deepcopy(graph),
        BipartiteGraph.from_dict(graph.to_dict()),
    ):
        assert other[RATES].edge_attrs() == ["edge_index"]


def test_neighbor_loader_with_all_neighbours_is_the_full_graph(
    graph: BipartiteGraph,
) -> None:
    pytest.importorskip("torch_sparse", reason="PyG's loaders need torch_sparse")
    from torch_geometric.loader import NeighborLoader

    loader = NeighborLoader(
        graph, num_neighbors=[-1, -1], input_nodes="user", batch_size=2
    )
    (batch,) = loader
    users, items = batch["user"].n_id, batch["item"].n_id
    row, col = batch[RATES].edge_index
    assert as_set(torch.stack([users[row], items[col]])) == as_set(graph.train_index)
    assert torch.equal(batch[RATES].edge_label_index, graph[RATES].edge_label_index)
    assert batch.user_ids == graph.user_ids


def test_link_neighbor_loader(graph: BipartiteGraph) -> None:
    pytest.importorskip("torch_sparse", reason="PyG's loaders need torch_sparse")
    from torch_geometric.loader import LinkNeighborLoader

    loader = LinkNeighborLoader(
        graph,
        num_neighbors=[-1],
        edge_label_index=(RATES, graph.train_index),
        batch_size=3,
    )
    (batch,) = loader
    row, col = batch[RATES].edge_label_index
    drawn = torch.stack([batch["user"].n_id[row], batch["item"].n_id[col]])
    assert torch.equal(drawn, graph.train_index)


OK = pairs((0, 0))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"edge_index": pairs((0, 250))},
            r"'edge_index' needs item indices in \[0, 100\) \(got 250\)",
        ),
        (
            {"edge_index": pairs((-1, 0))},
            r"'edge_index' needs user indices in \[0, 10\) \(got -1\)",
        ),
        (
            {"test_index": pairs((10, 0))},
            r"'test_index' needs user indices in \[0, 10\) \(got 10\)",
        ),
        ({"edge_index": pairs()}, r"'edge_index' needs at least one interaction"),
        (
            {"edge_index": torch.zeros(3, 2, dtype=torch.long)},
            r"'edge_index' needs shape \[2, num_pairs\] \(got \[3, 2\]\)",
        ),
        (
            {"validation_index": torch.zeros(2, 2)},
            r"'validation_index' needs to hold integers \(got torch.float32\)",
        ),
        ({"user_ids": IdMap([1])}, r"'user_ids' needs 10 ids \(got 1\)"),
        ({"item_ids": IdMap([1])}, r"'item_ids' needs 100 ids \(got 1\)"),
        ({"item_titles": ["a"]}, r"'item_titles' needs 100 titles \(got 1\)"),
    ],
)
def test_errors(arguments: dict[str, Any], message: str) -> None:
    arguments = {"edge_index": OK, "num_users": 10, "num_items": 100, **arguments}
    with pytest.raises(ValueError, match=message):
        BipartiteGraph.from_edge_index(**arguments)
