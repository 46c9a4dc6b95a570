"""What else holds interactions: edges alone, data sets, and rows sorted already."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch_geometric import EdgeIndex
from torch_geometric.data import HeteroData, InMemoryDataset
from torch_geometric.typing import WITH_TORCH_SPARSE, SparseTensor

from tvdiff_pyg.data import BipartiteGraph, as_graph, graph_to_fit
from tvdiff_pyg.sparse import BipartiteAdjacency

SIZE = 5, 7
PAIRS = torch.tensor([[2, 0, 0, 1, 2, 3], [3, 1, 0, 0, 1, 6]])
KNOWN = set(map(tuple, PAIRS.t().tolist()))


def adj_t(pairs: Tensor = PAIRS) -> Tensor:
    value = torch.rand(pairs.size(1))
    return torch.sparse_coo_tensor(
        pairs.flip(0), value, SIZE[::-1], check_invariants=True
    )


def sparse_tensor() -> Any:
    if not WITH_TORCH_SPARSE:
        pytest.skip("needs torch_sparse")
    return SparseTensor(row=PAIRS[1], col=PAIRS[0], sparse_sizes=SIZE[::-1])


SIZED: dict[str, Callable[[], Any]] = {
    "EdgeIndex": lambda: EdgeIndex(PAIRS, sparse_size=SIZE),
    "int32": lambda: EdgeIndex(PAIRS.int(), sparse_size=SIZE),
    "COO": adj_t,
    "repeated": lambda: adj_t(PAIRS.repeat(1, 2)),
    "CSR": lambda: adj_t().coalesce().to_sparse_csr(),
    "CSC": lambda: adj_t().coalesce().to_sparse_csc(),
    "SparseTensor": sparse_tensor,
    "adjacency": lambda: BipartiteAdjacency.from_edge_index(PAIRS, SIZE),
}


def as_set(index: Tensor) -> set[tuple[int, ...]]:
    return set(map(tuple, index.t().tolist()))


@pytest.mark.parametrize("name", SIZED)
def test_edges_alone(name: str) -> None:
    graph = as_graph(SIZED[name]())
    assert as_set(graph.train_index) == KNOWN
    assert (graph.num_users, graph.num_items) == SIZE
    assert graph.train_weight is None


@pytest.mark.parametrize("edges", [PAIRS, PAIRS.int(), EdgeIndex(PAIRS)])
def test_pairs_alone_are_of_as_many_as_they_name(edges: Tensor) -> None:
    graph = as_graph(edges)
    assert as_set(graph.train_index) == KNOWN
    assert (graph.num_users, graph.num_items) == (4, 7)


def test_weights_of_an_adjacency_stay() -> None:
    weight = torch.arange(1.0, 7.0)
    adjacency = BipartiteAdjacency.from_edge_index(PAIRS, SIZE, edge_weight=weight)
    graph = as_graph(adjacency)
    dense = torch.zeros(SIZE).index_put(tuple(PAIRS), weight)
    assert graph.train_weight is not None
    assert torch.equal(graph.train_weight, dense[tuple(graph.train_index)])


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        (PAIRS.float(), r"'edge_index' needs to hold integers"),
        (PAIRS[0], r"'edge_index' needs to be of shape \[2, num_edges\] \(got \[6\]"),
        (PAIRS[:, :0], r"'edge_index' needs at least one interaction"),
        (-PAIRS, r"'edge_index' .*-"),
    ],
    ids=["floats", "flat", "none", "negative"],
)
def test_what_are_no_edges(edges: Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        as_graph(edges)


@pytest.mark.filterwarnings("ignore:Sparse BSR tensor support is in beta")
def test_blocks_are_no_edges() -> None:
    blocks = torch.ones(4, 4).to_sparse_bsr((2, 2))
    with pytest.raises(ValueError, match=r"'edge_index' .* COO, CSR or CSC .*bsr"):
        as_graph(blocks)


class Shelf(InMemoryDataset):
    """A data set of some graphs."""

    def __init__(self, graphs: list[Any]) -> None:
        super().__init__()
        self.data, self.slices = self.collate(graphs)


def test_a_data_set_of_one_graph(tmp_path: Path) -> None:
    data = HeteroData()
    data["reader"].num_nodes, data["book"].num_nodes = SIZE
    data["reader", "has", "book"].edge_index = PAIRS
    graph = as_graph(Shelf([data]))
    assert as_set(graph.train_index) == KNOWN
    assert (graph.num_users, graph.num_items) == SIZE
    drawn = graph_to_fit(Shelf([data]), seed=0)
    assert drawn.test_index.size(1) > 0
    assert as_set(drawn.known_index) == KNOWN
    with pytest.raises(ValueError, match=r"'graph' needs to be a Bip.* \(got Shelf\)"):
        as_graph(Shelf([data, data]))


@pytest.mark.parametrize("name", SIZED)
def test_what_is_held_out_of_edges_is_drawn(name: str) -> None:
    drawn = graph_to_fit(SIZED[name](), seed=0)
    assert as_set(drawn.known_index) == KNOWN
    assert drawn.test_index.size(1) > 0
    whole = BipartiteGraph.from_edge_index(PAIRS, *SIZE)
    assert graph_to_fit(whole, seed=0) is whole
