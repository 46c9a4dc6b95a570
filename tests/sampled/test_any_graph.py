"""Graphs of any names and formats, in our sampler and in the sampled engine."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch_geometric import EdgeIndex
from torch_geometric.data import HeteroData
from torch_geometric.loader import NeighborLoader
from torch_geometric.transforms import RandomLinkSplit

from tests.builders import tvdiff
from tests.sampled.lending import BACK, LENT, PAIRS, SHUFFLED, SIZE, graph
from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.sampled import BipartiteSampler, TrainingBatch, neighbor_loader
from tvdiff_pyg.sampled.batch import interaction_types
from tvdiff_pyg.sparse import BipartiteAdjacency

BACK_OF_WANTS = ("book", "rev_wants", "reader")
SEEDS = {"users": torch.arange(SIZE[0]).flip(0), "interactions": PAIRS[:, ::5]}
seeds = pytest.mark.parametrize("index", SEEDS.values(), ids=SEEDS)


def sparse_graph(edge_type_of: str) -> HeteroData:
    """The same in another format, with the places of edges as what they weigh."""
    sparse = pytest.importorskip("torch_sparse")
    data = graph()
    for kind in (LENT, BACK):
        pairs, size = data[kind].edge_index, SIZE if kind == LENT else SIZE[::-1]
        if edge_type_of == "EdgeIndex":
            data[kind].edge_index = EdgeIndex(pairs, sparse_size=size)
            continue
        del data[kind].edge_index
        data[kind].adj_t = sparse.SparseTensor(
            row=pairs[1],
            col=pairs[0],
            value=data[kind].pop("edge_attr"),
            sparse_sizes=size[::-1],
        )
    return data


def batch_types(batch: HeteroData) -> tuple[list[tuple[str, str, str]], HeteroData]:
    return list(interaction_types(batch)), batch


def all_edges(batch: HeteroData, kind: tuple[str, str, str]) -> tuple[Tensor, Tensor]:
    """The pairs of a batch with the ids of the graph, and the places of its edges."""
    if "adj_t" in batch[kind]:
        target, source, place = batch[kind].adj_t.coo()
    else:
        (source, target), place = batch[kind].edge_index, batch[kind].edge_attr
    pairs = batch[kind[0]].n_id[source], batch[kind[2]].n_id[target]
    return torch.stack(pairs), place


@pytest.mark.parametrize("name", ["EdgeIndex", "SparseTensor"])
def test_formats_keep_what_edges_have(name: str) -> None:
    data = sparse_graph(name)
    sampler = BipartiteSampler(data, 3, 2)
    for batch in NeighborLoader(
        data, None, "book", neighbor_sampler=sampler, batch_size=4
    ):
        for kind, pairs in ((LENT, SHUFFLED), (BACK, SHUFFLED.flip(0))):
            found, place = all_edges(batch, kind)
            assert torch.equal(found, pairs[:, place])


def test_each_direction_has_its_own_edges() -> None:
    """Repeated ones are followed as often as they are there."""
    data = graph(torch.cat([PAIRS, PAIRS[:, :5]], dim=1))
    data[BACK].edge_index = torch.tensor([[3, 3, 4], [0, 0, 1]])
    data[BACK].edge_attr = torch.arange(3)
    sampler = BipartiteSampler(data, -1, 1)
    loaders = [
        NeighborLoader(data, None, node, neighbor_sampler=sampler, batch_size=20)
        for node in ("reader", "book")
    ]
    found, place = all_edges(next(iter(loaders[0])), BACK)
    assert torch.equal(found, data[BACK].edge_index)
    assert torch.equal(place, torch.arange(3))
    _, place = all_edges(next(iter(loaders[1])), LENT)
    assert torch.equal(place.sort().values, torch.arange(PAIRS.size(1) + 5))


@pytest.mark.parametrize("of", ["BipartiteGraph", "adjacency"])
def test_our_own_graphs(of: str) -> None:
    data = BipartiteGraph.from_edge_index(PAIRS, *SIZE)
    rates, rated_by = data.edge_types
    for kind in (rates, rated_by):
        data[kind].edge_attr = torch.arange(PAIRS.size(1))
    whole = (
        data
        if of == "BipartiteGraph"
        else BipartiteAdjacency.from_edge_index(PAIRS, SIZE)
    )
    batch = next(
        iter(
            NeighborLoader(
                data, None, "user", neighbor_sampler=BipartiteSampler(whole, 2)
            )
        )
    )
    assert batch[rated_by].num_edges > 0
    if of == "adjacency":  # It knows nothing of attributes: PyG leaves them out.
        assert "edge_attr" not in batch[rated_by]
    else:
        found, place = all_edges(batch, rated_by)
        assert torch.equal(found.flip(0), PAIRS[:, place])


def is_same(found: TrainingBatch, expected: TrainingBatch) -> bool:
    rows = ("observed", "messages", "item_rows", "known", "positive", "user_rows")
    for one, other in ((getattr(x, y) for x in (found, expected)) for y in rows):
        if one is None or other is None:
            assert one is other
        else:
            assert torch.equal(one.key(), other.key())
            torch.testing.assert_close(one.values(), other.values(), rtol=0, atol=0)
    return all(
        torch.equal(*pair) for pair in zip(found.n_id, expected.n_id, strict=True)
    )


GRAPHS: dict[str, Any] = {
    "there and back": graph,
    "one way": lambda: graph(both=False),
    "repeated": lambda: graph(torch.cat([SHUFFLED, SHUFFLED[:, :9]], dim=1)),
    "EdgeIndex": lambda: sparse_graph("EdgeIndex"),
    "SparseTensor": lambda: sparse_graph("SparseTensor"),
    "ours": lambda: BipartiteGraph.from_edge_index(PAIRS, *SIZE),
    "split": lambda: RandomLinkSplit(
        0, 0, edge_types=LENT, rev_edge_types=BACK, add_negative_train_samples=False
    )(graph())[0],
}


@seeds
@pytest.mark.parametrize("name", GRAPHS)
def test_the_engine_reads_any_graph_alike(name: str, index: Tensor) -> None:
    data, adjacency = GRAPHS[name](), BipartiteAdjacency.from_edge_index(PAIRS, SIZE)
    batches = []
    for given in (data, adjacency):
        torch.manual_seed(0)
        loader = neighbor_loader(given, index, 3, 6, 2, batch_size=7, shuffle=True)
        batches.append(list(loader))
    for found, expected in zip(*batches, strict=True):
        assert is_same(
            TrainingBatch.sampled(adjacency, found, "symmetric"),
            TrainingBatch.sampled(adjacency, expected, "symmetric"),
        )
        if name == "ours":
            continue
        assert set(found.node_types) == set(LENT[::2])
        assert all(torch.equal(found[node].x, found[node].n_id) for node in LENT[::2])
        places = [kind for kind in (LENT, BACK) if "edge_attr" in found[kind]]
        assert (places == [LENT, BACK]) == (name not in ("one way", "SparseTensor"))
        for kind in places:
            (pairs, attribute), place = all_edges(found, kind), found[kind].e_id
            assert torch.equal(pairs, data[kind].edge_index[:, place])
            assert torch.equal(attribute, data[kind].edge_attr[place])


@seeds
def test_the_loss_of_any_graph_is_the_exact_one(index: Tensor) -> None:
    torch.manual_seed(0)
    model = tvdiff(*SIZE, hidden_channels=4, dropout=0.0, num_timesteps=3).double()
    data = graph()
    adjacency = model.adjacency_of(data)
    losses = []
    batch = next(iter(neighbor_loader(data, index, -1, SIZE[1], batch_size=99)))
    rows = (index,) if index.dim() == 1 else tuple(index)
    for loss in (
        lambda: model.sampled_loss(adjacency, batch),
        lambda: model.training_loss(adjacency, *rows),
    ):
        torch.manual_seed(1)
        losses.append(loss().free_energy)
    torch.testing.assert_close(*losses)


def test_of_several_types_one_is_said() -> None:
    data = graph()
    data["reader", "wants", "book"].edge_index = PAIRS[:, :4]
    with pytest.raises(ValueError, match="'edge_type' needs to be one of"):
        neighbor_loader(data, torch.arange(3))
    wants = ("reader", "wants", "book")
    for name, pairs in (("wants", PAIRS[:, :4]), (LENT, SHUFFLED)):
        loader = neighbor_loader(
            data, torch.arange(SIZE[0]), -1, edge_type=name, batch_size=SIZE[0]
        )
        kinds, batch = batch_types(next(iter(loader)))
        assert kinds == ([LENT, BACK] if name == LENT else [wants, BACK_OF_WANTS])
        assert batch[kinds[0]].num_edges == pairs.size(1)
    with pytest.raises(ValueError, match=r"'graph' needs edges back from 'book' to 'r"):
        BipartiteSampler(data, edge_type="wants")
