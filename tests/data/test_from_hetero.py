"""Any ``HeteroData`` as a graph: types, formats, held-out pairs, sizes and ids."""

from typing import Any

import pytest
import torch
import torch_geometric.transforms as T
from torch import Tensor
from torch_geometric import EdgeIndex
from torch_geometric.data import Batch, Data, HeteroData

from tvdiff_pyg.data import BipartiteGraph, as_graph, graph_to_fit, hold_out
from tvdiff_pyg.sparse import interaction_type

HAS = ("reader", "has", "book")
BACK = ("book", "rev_has", "reader")
PAIRS = torch.tensor([[2, 0, 0, 1, 2, 0], [3, 1, 0, 0, 1, 1]])
KNOWN = {(0, 0), (0, 1), (1, 0), (2, 1), (2, 3)}


def as_set(index: Tensor) -> set[tuple[int, ...]]:
    return set(map(tuple, index.t().tolist()))


def make(pairs: Tensor = PAIRS, sizes: bool = True) -> HeteroData:
    data = HeteroData()
    if sizes:
        data["reader"].num_nodes, data["book"].num_nodes = 4, 5
    data[HAS].edge_index = pairs
    return data


def random_data(num_pairs: int = 300) -> HeteroData:
    generator = torch.Generator().manual_seed(0)
    key = torch.randperm(30 * 40, generator=generator)[:num_pairs]
    data = HeteroData()
    data["user"].num_nodes, data["movie"].num_nodes = 30, 40
    data["user", "rates", "movie"].edge_index = torch.stack([key // 40, key % 40])
    return data


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.int16])
def test_pairs_in_any_order_with_duplicates_of_any_integers(dtype: torch.dtype) -> None:
    graph = BipartiteGraph.from_hetero_data(make(PAIRS.to(dtype)))
    assert as_set(graph.train_index) == KNOWN
    assert graph.counts()["train"] == 5
    assert (graph.num_users, graph.num_items) == (4, 5)
    assert torch.equal(graph.train_index, torch.tensor(sorted(KNOWN)).t())


def sparse_formats() -> dict[str, Any]:
    pairs = torch.tensor(sorted(KNOWN)).t()
    adj_t = torch.sparse_coo_tensor(
        pairs.flip(0), torch.ones(5), (5, 4), check_invariants=True
    )
    return {
        "coo": adj_t,
        "csr": adj_t.coalesce().to_sparse_csr(),
        "csc": adj_t.coalesce().to_sparse_csc(),
    }


@pytest.mark.parametrize("name", ["coo", "csr", "csc"])
def test_adj_t_is_transposed(name: str) -> None:
    data = make(sizes=False)
    del data[HAS].edge_index
    data[HAS].adj_t = sparse_formats()[name]
    graph = BipartiteGraph.from_hetero_data(data)
    assert as_set(graph.train_index) == KNOWN
    assert (graph.num_users, graph.num_items) == (4, 5)


def test_sparse_tensor_and_edge_index() -> None:
    data = make(sizes=False)
    data[HAS].edge_index = EdgeIndex(PAIRS, sparse_size=(4, 5))
    graph = BipartiteGraph.from_hetero_data(data)
    assert as_set(graph.train_index) == KNOWN
    assert (graph.num_users, graph.num_items) == (4, 5)
    pytest.importorskip("torch_sparse")
    from torch_sparse import SparseTensor

    data[HAS].adj_t = SparseTensor(row=PAIRS[1], col=PAIRS[0], sparse_sizes=(5, 4))
    del data[HAS].edge_index
    graph = BipartiteGraph.from_hetero_data(data)
    assert as_set(graph.train_index) == KNOWN
    assert (graph.num_users, graph.num_items) == (4, 5)


def test_sizes_that_nobody_says_are_those_of_all_pairs() -> None:
    data = make(sizes=False)
    data[HAS].edge_label_index = torch.tensor([[6], [1]])
    graph = BipartiteGraph.from_hetero_data(data)
    assert (graph.num_users, graph.num_items) == (7, 4)
    data["book"].x = torch.rand(9, 2)
    assert BipartiteGraph.from_hetero_data(data).num_items == 9


def test_weights_that_are_left_behind_are_named(
    caplog: pytest.LogCaptureFixture,
) -> None:
    data = make()
    data[HAS].edge_weight = torch.ones(data[HAS].num_edges)
    as_graph(data)
    assert not caplog.text
    data[HAS].edge_weight[1] = 2.0
    as_graph(data)
    assert "'edge_weight' is left behind" in caplog.text
    caplog.clear()
    graph = BipartiteGraph.from_hetero_data(data, weight="edge_weight")
    assert graph.train_weight is not None and not caplog.text


def test_original_ids_and_features_come_along() -> None:
    data = make()
    data["reader"].node_id = torch.tensor([40, 10, 30, 20])
    data["book"].node_id = ["a", "b", "c", "d", "e"]
    data["book"].x = torch.rand(5, 2)
    data["book"].category = torch.arange(5)
    titles = ["A", "B", "C", "D", "E"]
    graph = BipartiteGraph.from_hetero_data(data, item_titles=titles)
    assert graph.user_ids.ids() == [40, 10, 30, 20]
    assert graph.item_ids.index(["d"]).tolist() == [3]
    assert graph.item_titles == titles
    assert torch.equal(graph["item"].x, data["book"].x)
    assert torch.equal(graph["item"].category, data["book"].category)
    data["reader"].node_id = torch.zeros(4).long()
    with pytest.raises(ValueError, match=r"'user' ids need to be distinct"):
        BipartiteGraph.from_hetero_data(data)


def test_edge_types_by_name_and_by_what_there_is() -> None:
    data = T.ToUndirected()(make())
    assert data.edge_types == [HAS, BACK]
    for given in (None, HAS, ("reader", "book"), "has"):
        assert as_set(BipartiteGraph.from_hetero_data(data, given).train_index) == KNOWN
    flipped = BipartiteGraph.from_hetero_data(data, BACK)
    assert as_set(flipped.train_index) == {(item, user) for user, item in KNOWN}
    data["reader", "likes", "book"].edge_index = PAIRS
    for given in (None, ("reader", "book"), ("book", "has"), "hates", 3, ()):
        with pytest.raises(ValueError, match=r"'edge_type' needs to be one of .*likes"):
            BipartiteGraph.from_hetero_data(data, given)
    both_ways = T.ToUndirected()(as_graph(make()))
    assert len(both_ways.edge_types) == 4
    assert interaction_type(both_ways) == ("user", "rates", "item")
    assert interaction_type(HeteroData(both_ways.to_dict())) == both_ways.edge_types[0]
    users_first = HeteroData()
    users_first["film", "seen_by", "user"].edge_index = PAIRS.flip(0)
    users_first["user", "sees", "film"].edge_index = PAIRS
    graph = BipartiteGraph.from_hetero_data(users_first)
    assert as_set(graph.train_index) == KNOWN


def test_a_batch_of_graphs_numbers_its_nodes_anew() -> None:
    data = make()
    data[HAS].edge_label_index = torch.tensor([[3], [4]])
    graph = as_graph(Batch.from_data_list([data, data]))
    assert as_set(graph.train_index) == KNOWN | {(u + 4, i + 5) for u, i in KNOWN}
    assert as_set(graph.test_index) == {(3, 4), (7, 9)}
    data["book"].node_id = torch.arange(5)
    with pytest.raises(ValueError, match=r"'item' ids need to be distinct"):
        as_graph(Batch.from_data_list([data, data]))


def test_attributes_of_others_are_theirs() -> None:
    data = make()
    data.dropped, data.user_ids = torch.zeros(3), "names"
    graph = as_graph(data)
    assert graph.counts()["dropped"] == 0
    assert graph.user_ids.ids() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "back", [("film", "seen_by", "user"), ("book", "rev_has", "reader")]
)
def test_edges_back_alone_are_not_taken_for_interactions(back: Any) -> None:
    data = HeteroData()
    data[back].edge_index = PAIRS
    with pytest.raises(ValueError, match=r"'edge_type' needs to be one of .*got None"):
        as_graph(data)
    assert as_set(BipartiteGraph.from_hetero_data(data, back).train_index) == KNOWN


def test_homogeneous_edges_are_none() -> None:
    data = HeteroData()
    data["paper", "cites", "paper"].edge_index = PAIRS
    with pytest.raises(ValueError, match="'data' needs edges between two types of"):
        BipartiteGraph.from_hetero_data(data)


def test_negatives_are_left_out() -> None:
    data = make()
    data[HAS].edge_label_index = torch.tensor([[1, 1, 3], [1, 2, 4]])
    data[HAS].edge_label = torch.tensor([1.0, 0.0, 1.0])
    graph = BipartiteGraph.from_hetero_data(data)
    assert as_set(graph.test_index) == {(1, 1), (3, 4)}
    assert graph.counts()["dropped"] == 0


def test_what_a_label_of_zero_means_has_to_be_said_beside_other_labels() -> None:
    data = make()
    data[HAS].edge_label_index = torch.tensor([[1, 1, 3], [1, 2, 4]])
    data[HAS].edge_label = torch.tensor([0, 3, 5])
    with pytest.raises(ValueError, match="'zero_is_negative' needs to be given"):
        BipartiteGraph.from_hetero_data(data)
    count = {
        zero: BipartiteGraph.from_hetero_data(data, zero_is_negative=zero).counts()
        for zero in (True, False)
    }
    assert (count[True]["test"], count[False]["test"]) == (2, 3)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("disjoint", [0.0, 0.3])
@pytest.mark.parametrize("split_labels", [False, True])
@pytest.mark.parametrize("negatives", [False, True])
def test_random_link_split(
    reverse: bool, disjoint: float, split_labels: bool, negatives: bool
) -> None:
    torch.manual_seed(0)
    data = random_data()
    known = as_set(data["user", "movie"].edge_index)
    if reverse:
        data = T.ToUndirected()(data)
    split = T.RandomLinkSplit(
        num_val=0.1,
        num_test=0.2,
        edge_types=[("user", "rates", "movie")],
        rev_edge_types=[("movie", "rev_rates", "user")] if reverse else None,
        disjoint_train_ratio=disjoint,
        split_labels=split_labels,
        add_negative_train_samples=negatives,
        neg_sampling_ratio=1.0 if negatives else 0.0,
    )
    train, validation, test = split(data)
    graph = as_graph((train, validation, test))
    again = BipartiteGraph.from_hetero_data(train, validation=validation, test=test)
    assert torch.equal(graph.train_index, again.train_index)
    assert graph.counts() == {
        "users": 30,
        "items": 40,
        "train": 210,
        "validation": 30,
        "test": 60,
        "dropped": 0,
    }
    assert as_set(graph.known_index) == known
    later = test["user", "rates", "movie"].edge_index
    assert as_set(graph.seen_index("test")) == as_set(later)


def test_one_part_of_a_split_is_no_graph_with_held_out_pairs() -> None:
    split = T.RandomLinkSplit(edge_types=[("user", "rates", "movie")])
    train, _, test = split(random_data())
    with pytest.raises(ValueError, match=r"'test' needs a pair that is no training"):
        as_graph(train)
    with pytest.raises(ValueError, match=r"'validation' needs a pair that is no train"):
        BipartiteGraph.from_hetero_data(train, validation=train, test=test)
    with pytest.raises(ValueError, match=r"'test' needs 'edge_label_index'"):
        BipartiteGraph.from_hetero_data(train, test=random_data())


def test_held_out_pairs_of_ones_own_are_not_trained_on() -> None:
    data, other = make(), make()
    data[HAS].edge_label_index = torch.tensor([[1], [1]])
    other[HAS].edge_label_index = torch.tensor([[3], [4]])
    with pytest.raises(ValueError, match="'data' needs no held-out pairs of its own"):
        BipartiteGraph.from_hetero_data(data, test=other)
    graph = BipartiteGraph.from_hetero_data(data, validation=other)
    assert as_set(graph.validation_index) == {(3, 4)}
    assert as_set(graph.test_index) == {(1, 1)}


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (torch.tensor([[0, 9], [0, 1]]), r"user indices in \[0, 4\) \(got 9\)"),
        (torch.tensor([[0], [-1]]), r"item indices in \[0, 5\) \(got -1\)"),
        (torch.tensor([[0.0], [1.0]]), r"'edge_index' needs to hold integers"),
        (torch.zeros(3, 2).long(), r"'edge_index' needs to be of shape \[2, num_ed"),
        (torch.zeros(2, 0).long(), r"'edge_index' needs at least one interaction"),
    ],
)
def test_bad_edges(index: Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BipartiteGraph.from_hetero_data(make(index))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({"edge_label_index": torch.tensor([[4], [0]])}, r"\[0, 4\) \(got 4\)"),
        ({"edge_label_index": torch.zeros(2, 1)}, "needs to hold integers"),
        ({"edge_label_index": torch.zeros(3).long()}, r"of shape \[2, num_pairs\]"),
        ({"edge_label_index": [[0], [4]]}, "'edge_label_index' needs to be a tensor"),
        (
            {"edge_label_index": PAIRS, "edge_label": torch.ones(2)},
            r"'edge_label' needs to be of shape \[6\].* \(got \[2\]\)",
        ),
        (
            {"edge_label_index": PAIRS, "edge_label": torch.full((6,), torch.nan)},
            "'edge_label' needs labels of at least 0",
        ),
    ],
)
def test_bad_labels(labels: dict[str, Any], message: str) -> None:
    data = make()
    for name, value in labels.items():
        data[HAS][name] = value
    with pytest.raises(ValueError, match=message):
        BipartiteGraph.from_hetero_data(data)


def test_what_is_no_graph() -> None:
    for wrong in (None, "graph", (make(), make()), Data(edge_index=PAIRS)):
        with pytest.raises(ValueError, match="'graph' needs to be a BipartiteGraph, a"):
            as_graph(wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"'validation' needs to be a HeteroData \(g"):
        as_graph((make(), PAIRS, make()))  # type: ignore[arg-type]
    graph = as_graph(make())
    assert as_graph(graph) is graph


def test_a_batch_keeps_its_ids_but_no_held_out_pairs() -> None:
    data = make()
    data["reader"].n_id = torch.tensor([7, 3, 9, 2])
    graph = as_graph(data)
    assert graph.user_ids.ids() == [7, 3, 9, 2]
    data[HAS].edge_label_index = torch.tensor([[1], [1]])
    with pytest.raises(ValueError, match=r"'data' needs to be a whole graph .* 'n_id'"):
        as_graph(data)


def test_missing_parts_are_drawn_to_fit() -> None:
    whole = as_graph(random_data())
    drawn = graph_to_fit(random_data(), seed=3)
    counts = drawn.counts()
    assert [counts[part] for part in ("train", "validation", "test")] == [216, 24, 60]
    assert as_set(drawn.known_index) == as_set(whole.train_index)
    assert torch.equal(drawn.test_index, graph_to_fit(random_data(), 3).test_index)
    assert not torch.equal(drawn.test_index, graph_to_fit(random_data(), 4).test_index)
    # A graph of ours says itself what is held out; a part that is there stays.
    assert graph_to_fit(whole, seed=3) is whole
    assert hold_out(drawn) is drawn
    data = random_data()
    data["user", "movie"].edge_label_index = torch.tensor([[0, 1], [39, 39]])
    half = graph_to_fit(data, seed=0)
    assert half.counts()["validation"] == 30
    assert half.test_index.size(1) <= 2


def test_an_attribute_of_edges_may_weigh_them() -> None:
    data = make()
    data[HAS].rating = torch.tensor([1, 2, 3, 4, 5, 6])
    graph = BipartiteGraph.from_hetero_data(data, weight="rating")
    # (0, 1) stands there twice.
    assert graph.train_index.tolist() == [[0, 0, 1, 2, 2], [0, 1, 0, 1, 3]]
    assert graph.train_weight is not None
    assert graph.train_weight.tolist() == [3.0, 8.0, 4.0, 5.0, 1.0]
    drawn = hold_out(graph, test_ratio=0.4)
    assert drawn.without_held_out().train_weight.tolist() == [3.0, 8.0, 4.0, 5.0, 1.0]
    assert BipartiteGraph.from_hetero_data(data).train_weight is None


def test_weights_that_do_not_fit() -> None:
    data = make()
    data[HAS].rating = torch.tensor([1, 2, 3, 0, 5, 6])
    with pytest.raises(
        ValueError, match="'edge_weight' needs to be finite and positiv"
    ):
        BipartiteGraph.from_hetero_data(data, weight="rating")
    with pytest.raises(ValueError, match=r"'weight' needs to name .*'stars'"):
        BipartiteGraph.from_hetero_data(data, weight="stars")
    data[HAS].edge_label_index = torch.tensor([[1], [1]])
    with pytest.raises(ValueError, match="'weight' needs a graph without held-out pai"):
        BipartiteGraph.from_hetero_data(data, weight="rating")
    data = T.ToSparseTensor(attr="rating", layout=torch.sparse_csr)(make())
    with pytest.raises(ValueError, match="'weight' needs to name real numbers"):
        BipartiteGraph.from_hetero_data(data, weight="rating")


@pytest.mark.parametrize("kind", ["complex", "meta"])
def test_weights_are_real_numbers_that_are_there(kind: str) -> None:
    data = HeteroData()
    data["user", "rates", "movie"].edge_index = torch.tensor([[0, 1], [0, 1]])
    weight = torch.ones(2).to(torch.cfloat if kind == "complex" else "meta")
    data["user", "rates", "movie"].edge_weight = weight
    with pytest.raises(ValueError, match="'weight' needs to name real numbers"):
        BipartiteGraph.from_hetero_data(data, weight="edge_weight")


def test_edges_that_are_not_there() -> None:
    data = HeteroData()
    data["user"].num_nodes, data["movie"].num_nodes = 2, 2
    pairs = torch.tensor([[0, 1], [0, 1]], device="meta")
    data["user", "rates", "movie"].edge_index = pairs
    with pytest.raises(ValueError, match="'edge_index' needs ids that are there"):
        BipartiteGraph.from_hetero_data(data)


def test_masks_of_edges_are_not_read_past() -> None:
    data = HeteroData()
    data["reader", "likes", "book"].edge_index = torch.tensor([[0, 1], [0, 1]])
    data["reader"].num_nodes = data["book"].num_nodes = 2
    data["reader"].train_mask = torch.tensor([True, False])
    assert BipartiteGraph.from_hetero_data(data).counts()["train"] == 2
    data["reader", "likes", "book"].edge_mask = torch.tensor([0.2, 0.4])
    assert BipartiteGraph.from_hetero_data(data).counts()["train"] == 2
    for kind in (torch.bool, torch.uint8):
        data["reader", "likes", "book"].val_mask = torch.tensor([0, 1]).to(kind)
        with pytest.raises(ValueError, match=r"'data' needs .* \(got a mask .*'val_m"):
            BipartiteGraph.from_hetero_data(data)
