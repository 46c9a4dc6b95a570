"""PyG's transforms on a graph of ours: pairs and ids stay right, or it says so."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch_geometric.transforms as T
from torch import Tensor
from torch_geometric.data import Batch

from tvdiff_pyg.data import BipartiteGraph, IdMap, as_graph, hold_out

RATES, RATED_BY = ("user", "rates", "item"), ("item", "rated_by", "user")


def pairs(*rows: tuple[int, int]) -> Tensor:
    return torch.tensor(rows).t()


def as_set(index: Tensor) -> set[tuple[int, ...]]:
    return set(map(tuple, index.t().tolist()))


@pytest.fixture
def graph() -> BipartiteGraph:
    graph = BipartiteGraph.from_edge_index(
        pairs((0, 0), (0, 2), (1, 1), (1, 3), (2, 3), (2, 0)),
        num_users=4,
        num_items=5,
        validation_index=pairs((0, 3), (2, 2)),
        test_index=pairs((1, 0), (2, 1), (3, 3), (0, 1)),
        user_ids=IdMap(["ann", "bob", "cy", "di"], "user"),
        item_ids=IdMap([50, 51, 52, 53, 54], "item"),
        item_titles=["a", "b", "c", "d", "e"],
    )
    graph["item"].category = torch.arange(5)
    return graph


def assert_equal(one: BipartiteGraph, other: BipartiteGraph) -> None:
    assert one.counts() == other.counts()
    for part in ("train_index", "validation_index", "test_index"):
        assert torch.equal(getattr(one, part), getattr(other, part)), part
    assert one.user_ids == other.user_ids
    assert one.item_ids == other.item_ids
    assert one.item_titles == other.item_titles
    assert torch.equal(one["item"].category, other["item"].category)


KEEP_ALL: dict[str, Callable[[BipartiteGraph], Any]] = {
    "ToUndirected": T.ToUndirected(),
    "to": lambda graph: graph.to("cpu"),
    "double": lambda graph: graph.to(torch.device("cpu"), non_blocking=True),
    "Constant": T.Constant(),
    "empty subgraph": lambda graph: graph.subgraph({}),
    "coo": T.ToSparseTensor(layout=torch.sparse_coo),
    "csr": T.ToSparseTensor(layout=torch.sparse_csr),
    "attr": T.ToSparseTensor(attr="rating", layout=torch.sparse_csr),
    "beside": T.ToSparseTensor(remove_edge_index=False, layout=torch.sparse_csr),
    "both": T.Compose([T.ToUndirected(), T.ToSparseTensor(layout=torch.sparse_coo)]),
}


@pytest.mark.parametrize("transform", KEEP_ALL.values(), ids=KEEP_ALL)
def test_pairs_and_ids_stay(graph: BipartiteGraph, transform: Any) -> None:
    expected = graph.clone()
    assert_equal(as_graph(transform(graph.clone())), expected)


def test_sparse_tensor(graph: BipartiteGraph) -> None:
    pytest.importorskip("torch_sparse")
    graph[RATES].rating = graph[RATED_BY].rating = torch.arange(6.0)
    for attr in (None, "rating"):
        changed = T.ToSparseTensor(attr=attr)(graph.clone())
        assert "edge_index" not in changed[RATES]
        assert_equal(as_graph(changed), graph)


def test_without_edge_index_it_says_so(graph: BipartiteGraph) -> None:
    changed = T.ToSparseTensor(layout=torch.sparse_csr)(graph)
    for part in ("train_index", "validation_index", "test_index"):
        with pytest.raises(ValueError, match=r"needs 'edge_index' .*ToSparseTensor"):
            getattr(changed, part)


def test_random_link_split(graph: BipartiteGraph) -> None:
    whole = graph.without_held_out()
    for reverse in (None, [RATED_BY]):
        split = T.RandomLinkSplit(
            0.25, 0.25, edge_types=[RATES], rev_edge_types=reverse
        )
        parts = split(whole.clone())
        found = as_graph(parts)
        assert as_set(found.known_index) == as_set(whole.train_index)
        assert [found.counts()[k] for k in ("train", "validation", "test")] == [6, 3, 3]
        assert found.user_ids == graph.user_ids
        assert found.item_titles == graph.item_titles
        for part in parts:
            with pytest.raises(
                ValueError, match=r"own held-out pairs .*RandomLinkSpli"
            ):
                part.counts()


@pytest.mark.parametrize("split_labels", [False, True])
def test_what_is_held_out_already_cannot_be_split(
    graph: BipartiteGraph, split_labels: bool
) -> None:
    # As many labels as there were held-out pairs, which would look as if they fitted.
    split = T.RandomLinkSplit(
        0, 0, edge_types=[RATES], neg_sampling_ratio=0.0, split_labels=split_labels
    )
    parts = split(graph)
    assert "edge_label_split" in parts[0][RATES]
    with pytest.raises(ValueError, match=r"BipartiteGraph.without_held_out"):
        as_graph(parts)
    with pytest.raises(ValueError, match=r"own held-out pairs .*RandomLinkSplit"):
        as_graph(parts[0])


@pytest.mark.parametrize("mask", [False, True])
def test_subgraph(graph: BipartiteGraph, mask: bool) -> None:
    users, items = torch.tensor([0, 2]), torch.tensor([1, 2, 3])
    kept = {"user": users, "item": items}
    if mask:
        kept = {
            "user": torch.isin(torch.arange(4), users),
            "item": torch.isin(torch.arange(5), items),
        }
    part = graph.subgraph(kept)
    assert as_graph(part) is part
    assert part.user_ids.ids() == ["ann", "cy"]
    assert part.item_ids.ids() == [51, 52, 53]
    assert part.item_titles == ["b", "c", "d"]
    assert part["item"].category.tolist() == [1, 2, 3]
    assert as_set(part.train_index) == {(0, 1), (1, 2)}
    assert as_set(part.validation_index) == {(0, 2), (1, 1)}
    assert as_set(part.test_index) == {(1, 0), (0, 0)}
    # The whole one is as it was.
    assert graph.counts()["test"] == 4
    assert graph.user_ids.ids() == ["ann", "bob", "cy", "di"]


def test_subgraph_of_one_side(graph: BipartiteGraph) -> None:
    part = graph.subgraph({"item": torch.tensor([3])})
    assert (part.num_users, part.num_items) == (4, 1)
    assert as_set(part.train_index) == {(1, 0), (2, 0)}
    assert as_set(part.test_index) == {(3, 0)}
    alone = graph.subgraph({"user": torch.tensor([3])})
    with pytest.raises(ValueError, match=r"'graph' needs at least one training pair"):
        as_graph(alone)


@pytest.mark.parametrize(
    ("subset", "message"),
    [
        ([2, 0], "'user' needs nodes that ascend"),
        ([0, 0], "'user' needs nodes that ascend"),
        ([0, 4], r"'user' needs to be in \[0, 4\) \(got 4\)"),
        ([True, False], r"'user' needs a mask of shape \[4\] \(got \[2\]\)"),
    ],
)
def test_bad_subsets(graph: BipartiteGraph, subset: list[Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        graph.subgraph({"user": torch.tensor(subset)})


REFUSED: dict[str, tuple[Callable[[BipartiteGraph], Any], str]] = {
    "Batch": (
        lambda graph: Batch.from_data_list([graph, graph]),
        r"needs to be one, and whole \(got a loader's batch",
    ),
    "RemoveIsolatedNodes": (
        T.RemoveIsolatedNodes(),
        r"needs the 4 users of its 'user_ids' \(got 3",
    ),
    "node_type_subgraph": (
        lambda graph: graph.node_type_subgraph(["user"]),
        r"needs the 5 items of its 'item_ids' \(got None",
    ),
    "edge_subgraph": (
        lambda graph: graph.edge_subgraph({RATES: torch.tensor([0, 1])}),
        "'graph' needs its training pairs, flipped",
    ),
    "edge_type_subgraph": (
        lambda graph: graph.edge_type_subgraph([RATES]),
        "'graph' needs its training pairs, flipped",
    ),
}


@pytest.mark.parametrize(("transform", "message"), REFUSED.values(), ids=REFUSED)
def test_others_are_refused(
    graph: BipartiteGraph, transform: Callable[[BipartiteGraph], Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        as_graph(transform(graph))


def test_a_loaders_batch_is_no_graph(graph: BipartiteGraph) -> None:
    pytest.importorskip("torch_sparse", reason="PyG's loaders need torch_sparse")
    from torch_geometric.loader import NeighborLoader

    (batch,) = NeighborLoader(graph, [-1], input_nodes="user", batch_size=4)
    for read in (as_graph, BipartiteGraph.counts, BipartiteGraph.from_hetero_data):
        with pytest.raises(ValueError, match=r"whole.* \(got a loader's batch"):
            read(batch)


def weighed() -> BipartiteGraph:
    return BipartiteGraph.from_edge_index(
        pairs((0, 0), (0, 2), (1, 1), (2, 3)),
        num_users=3,
        num_items=4,
        test_index=pairs((2, 1), (1, 3)),
        edge_weight=torch.tensor([1.0, 2.0, 3.0, 4.0]),
        test_weight=torch.tensor([5.0, 6.0]),
    )


def test_weights_stay_with_their_pairs_in_a_subgraph() -> None:
    part = as_graph(weighed().subgraph({"user": torch.tensor([0, 2])}))
    assert part.train_index.tolist() == [[0, 0, 1], [0, 2, 3]]
    assert part[RATES].edge_weight.tolist() == [1.0, 2.0, 4.0]
    assert part[RATED_BY].edge_weight.tolist() == [1.0, 2.0, 4.0]
    assert part.test_index.tolist() == [[1], [1]]
    assert part[RATES].edge_label_weight.tolist() == [5.0]
    whole = part.without_held_out()
    assert whole[RATES].edge_weight.tolist() == [1.0, 2.0, 5.0, 4.0]


@pytest.mark.parametrize("attr", [None, "edge_weight"])
@pytest.mark.parametrize("held_out", [False, True])
def test_weights_that_would_be_lost_are_refused(
    attr: str | None, held_out: bool
) -> None:
    graph = weighed() if held_out else weighed().without_held_out()
    with pytest.raises(ValueError, match="'data' needs to be without 'edge_weight'"):
        as_graph(T.ToSparseTensor(attr=attr, layout=torch.sparse_csr)(graph))


def test_weights_of_a_split_are_refused() -> None:
    parts = T.RandomLinkSplit(1, 1, edge_types=[RATES])(weighed().without_held_out())
    with pytest.raises(ValueError, match="'data' needs to be without 'edge_weight'"):
        as_graph(parts)


def test_what_is_drawn_keeps_its_weight() -> None:
    whole = weighed().without_held_out()
    drawn = hold_out(whole, validation_ratio=0.25, test_ratio=0.34)
    assert [drawn.counts()[k] for k in ("train", "validation", "test")] == [3, 1, 2]
    again = drawn.without_held_out()
    assert torch.equal(again[RATES].edge_weight, whole[RATES].edge_weight)


@pytest.mark.parametrize(
    ("subset", "message"),
    [
        ({"film": torch.tensor([0])}, r"'subset_dict' .* by type, \['user', 'item'\]"),
        ([0, 1], r"'subset_dict' needs to be a dict .* \(got \[0, 1\]\)"),
        ({"user": [0, 1]}, r"'user' needs to be a tensor \(got list\)"),
    ],
)
def test_a_subgraph_is_of_nodes_by_type(subset: object, message: str) -> None:
    graph = BipartiteGraph.from_edge_index(torch.tensor([[0, 1], [0, 2]]), 2, 3)
    with pytest.raises(ValueError, match=message):
        graph.subgraph(subset)


@pytest.mark.parametrize("name", ["rename", "node_type_subgraph"])
def test_a_graph_that_has_lost_a_side_says_so(name: str) -> None:
    graph = BipartiteGraph.from_edge_index(torch.tensor([[0, 1], [0, 2]]), 2, 3)
    change = {"rename": ("user", "reader"), "node_type_subgraph": (["user"],)}[name]
    with pytest.raises(ValueError, match="the graph needs"):
        getattr(graph, name)(*change).counts()
