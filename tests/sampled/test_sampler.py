"""Our sampler in PyG's loaders: what every field of a batch says, on any graph."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch_geometric.data import HeteroData
from torch_geometric.loader import LinkNeighborLoader, NeighborLoader
from torch_geometric.nn import HeteroConv, SAGEConv
from torch_geometric.sampler import NegativeSampling
from torch_geometric.typing import WITH_TORCH_SPARSE
from torch_geometric.utils import trim_to_layer

from tests.nn.loaders import (
    DEEP,
    NAMES,
    PAIRS,
    SIZE,
    TIMESTEP,
    WEIGHT,
    denoise,
    make,
    make_graph,
)
from tvdiff_pyg.sampled import BipartiteSampler

BUYS, BOUGHT = NAMES["others"]
ENDS = {"customer": SIZE[0], "book": SIZE[1]}
ORDER = torch.randperm(PAIRS.size(1), generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(PAIRS.size(1)) % 4

NEGATIVES: dict[str, Any] = {
    "none": None,
    "binary": NegativeSampling("binary"),
    "binary, 2.5": NegativeSampling("binary", 2.5),
    "triplet": NegativeSampling("triplet"),
    "triplet, 3": NegativeSampling("triplet", 3),
}


def graph() -> HeteroData:
    """A shop of other names, and with a type of nodes that is not read."""
    data = HeteroData()
    for node, size in ENDS.items():
        data[node].x = torch.arange(size)
    data["tag"].x = torch.rand(4, 2)
    data[BUYS].edge_index, data[BOUGHT].edge_index = PAIRS[:, ORDER], PAIRS.flip(0)
    for kind in (BUYS, BOUGHT):
        data[kind].edge_attr = torch.arange(PAIRS.size(1))
    data["tag", "on", "book"].edge_index = torch.tensor([[0, 1], [3, 4]])
    return data


def check_batch(
    data: HeteroData, batch: HeteroData, num_neighbors: int, num_layers: int
) -> None:
    """Nodes and edges are those of the graph, in the order of the hops."""
    assert batch["tag"].num_nodes == batch["tag", "on", "book"].num_edges == 0
    for node in ENDS:
        n_id, counts = batch[node].n_id, batch[node].num_sampled_nodes
        assert torch.equal(batch[node].x, n_id)
        assert n_id.numel() == sum(counts) and len(counts) == num_layers + 1
        found = n_id[counts[0] :]
        assert found.unique().numel() == found.numel()
        assert not torch.isin(found, n_id[: counts[0]]).any()
    for kind in (BUYS, BOUGHT):
        source, target = batch[kind].edge_index
        pairs = batch[kind[0]].n_id[source], batch[kind[2]].n_id[target]
        whole = data[kind].edge_index[:, batch[kind].edge_attr]
        assert torch.equal(torch.stack(pairs), whole)
        assert torch.equal(batch[kind].e_id, batch[kind].edge_attr)
        assert (target.diff() >= 0).all()
        counts, sizes = batch[kind].num_sampled_edges, (kind[0], kind[2])
        assert source.numel() == sum(counts) and len(counts) == num_layers
        nodes = [
            torch.tensor(batch[node].num_sampled_nodes).cumsum(0) for node in sizes
        ]
        for hop, edges in enumerate(
            zip(source.split(counts), target.split(counts), strict=True)
        ):
            assert (edges[0] < nodes[0][hop + 1]).all()
            assert (edges[1] < nodes[1][hop]).all()
        expanded = nodes[1][num_layers - 1]
        degree = data[kind].edge_index[1].bincount(minlength=ENDS[kind[2]])
        degree = degree[batch[kind[2]].n_id[:expanded]]
        cap = num_neighbors if num_neighbors > 0 else PAIRS.size(1)
        assert torch.equal(target.bincount(minlength=expanded), degree.clamp(max=cap))


many = pytest.mark.parametrize(
    ("num_neighbors", "num_layers"), [(-1, 1), (2, 1), (2, 3), (-1, 4)]
)


@many
@pytest.mark.parametrize("node", ENDS)
def test_seeds_of_either_type(node: str, num_neighbors: int, num_layers: int) -> None:
    data, seeds = graph(), []
    sampler = BipartiteSampler(data, num_neighbors, num_layers, BUYS)
    torch.manual_seed(0)
    for batch in NeighborLoader(
        data, None, node, neighbor_sampler=sampler, batch_size=7, shuffle=True
    ):
        seed = slice(batch[node].batch_size)
        assert torch.equal(batch[node].n_id[seed], batch[node].input_id)
        assert batch[node].num_sampled_nodes[0] == batch[node].batch_size
        check_batch(data, batch, num_neighbors, num_layers)
        seeds += batch[node].input_id.tolist()
    assert sorted(seeds) == list(range(ENDS[node]))


def test_seeds_that_repeat_have_neighbours_each() -> None:
    data, seeds = graph(), torch.tensor([5, 3, 5])
    sampler = BipartiteSampler(data, -1, 2, BUYS)
    loader = NeighborLoader(
        data, None, ("book", seeds), neighbor_sampler=sampler, batch_size=3
    )
    batch = next(iter(loader))
    assert torch.equal(batch["book"].n_id[:3], seeds)
    check_batch(data, batch, -1, 2)


def link_loader(
    data: HeteroData, kind: tuple[str, str, str], how: str, labels: bool, **options: Any
) -> LinkNeighborLoader:
    pairs = data[kind].edge_index
    label = LABELS if labels else None
    torch.manual_seed(0)
    return LinkNeighborLoader(
        data,
        options.pop("num_neighbors", None),
        (kind, pairs),
        edge_label=label,
        neg_sampling=NEGATIVES[how],
        batch_size=17,
        **options,
    )


def global_pairs(batch: HeteroData, kind: tuple[str, str, str]) -> list[Tensor]:
    """What a batch says of its links, with the ids of the graph."""
    source, target = batch[kind[0]], batch[kind[2]]
    if "src_index" in source:
        places = target.dst_pos_index, target.dst_neg_index
        return [source.n_id[source.src_index], *(target.n_id[one] for one in places)]
    pairs = batch[kind].edge_label_index
    found = [source.n_id[pairs[0]], target.n_id[pairs[1]]]
    label = batch[kind].get("edge_label")
    return found if label is None else [*found, label]


@pytest.mark.parametrize("kind", [BUYS, BOUGHT], ids=["there", "back"])
@pytest.mark.parametrize(
    ("how", "labels"),
    # PyG has no labels of triplets.
    [
        *((how, False) for how in NEGATIVES),
        *((how, True) for how in list(NEGATIVES)[:3]),
    ],
)
def test_links_and_their_negatives(
    how: str, labels: bool, kind: tuple[str, str, str]
) -> None:
    data, sampler = graph(), BipartiteSampler(graph(), 2, 2, BUYS)
    seeds, amount = [], 0 if NEGATIVES[how] is None else NEGATIVES[how].amount
    for batch in link_loader(data, kind, how, labels, neighbor_sampler=sampler):
        check_batch(data, batch, 2, 2)
        number = batch[kind].input_id.numel()
        source, target, *others = global_pairs(batch, kind)
        seeds.append(torch.stack([source[:number], target[:number]]))
        if how.startswith("triplet"):
            wanted = (number,) if amount == 1 else (number, amount)
            assert others[0].shape == wanted
            continue
        assert source.numel() == target.numel() == number + -(-number * amount // 1)
        if not labels and amount == 0:
            assert others == []
            continue
        own = LABELS[batch[kind].input_id] + (amount > 0)
        assert torch.equal(others[0][:number], own if labels else torch.ones(number))
        assert not others[0][number:].any()
        kinds = torch.long if labels else torch.float
        assert others[0].dtype == kinds
    assert torch.equal(torch.cat(seeds, dim=1), data[kind].edge_index)


@pytest.mark.skipif(not WITH_TORCH_SPARSE, reason="PyG's sampler needs torch_sparse")
@pytest.mark.parametrize("how", NEGATIVES)
@pytest.mark.parametrize("num_layers", [1, 2, 3, 4])
def test_with_all_neighbours_it_is_pygs_sampler(num_layers: int, how: str) -> None:
    data, sampler = graph(), BipartiteSampler(graph(), -1, num_layers, "buys")
    data_alone = data.edge_type_subgraph([BUYS, BOUGHT])
    loaders = (
        link_loader(data, BUYS, how, False, neighbor_sampler=sampler),
        link_loader(data_alone, BUYS, how, False, num_neighbors=[-1] * num_layers),
    )
    batches = []
    for loader in loaders:
        torch.manual_seed(0)
        batches.append(list(loader))
    for ours, theirs in zip(*batches, strict=True):
        for one, other in zip(
            global_pairs(ours, BUYS), global_pairs(theirs, BUYS), strict=True
        ):
            assert torch.equal(one, other)
        for node in ENDS:
            assert torch.equal(ours[node].n_id.sort()[0], theirs[node].n_id.sort()[0])
        for kind in (BUYS, BOUGHT):
            assert torch.equal(ours[kind].e_id.sort()[0], theirs[kind].e_id.sort()[0])


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("kind", ["anisotropic", *DEEP])
def test_with_all_neighbours_layers_read_the_full_graph(kind: str, side: int) -> None:
    denoiser = make(kind)
    full = denoiser(PAIRS, TIMESTEP, edge_weight=WEIGHT)
    data, node = make_graph(denoiser, "others"), ("customer", "book")[side]
    sampler = BipartiteSampler(data, -1, denoiser.num_layers)
    for batch in NeighborLoader(
        data, None, node, neighbor_sampler=sampler, batch_size=9
    ):
        seed = slice(batch[node].batch_size)
        found = denoise(denoiser, batch, "others")[side][seed]
        torch.testing.assert_close(found, full[side][batch[node].n_id[seed]])


def test_layers_can_be_trimmed() -> None:
    """By the numbers of nodes and edges of each hop, as PyG's own models do it."""
    torch.manual_seed(0)
    data = graph()
    convs = [
        HeteroConv({kind: SAGEConv((4, 4), 4) for kind in (BUYS, BOUGHT)})
        for _ in range(3)
    ]
    x = {node: torch.rand(size, 4) for node, size in ENDS.items()}
    edges = {kind: data[kind].edge_index for kind in (BUYS, BOUGHT)}
    full = dict(x)
    for conv in convs:
        full = conv(full, edges)
    sampler = BipartiteSampler(data, -1, 3, BUYS)
    batch = next(
        iter(NeighborLoader(data, None, "book", neighbor_sampler=sampler, batch_size=5))
    )
    h = {node: x[node][batch[node].n_id] for node in ENDS}
    edges = {kind: batch[kind].edge_index for kind in (BUYS, BOUGHT)}
    for layer, conv in enumerate(convs):
        h, edges, _ = trim_to_layer(
            layer, batch.num_sampled_nodes_dict, batch.num_sampled_edges_dict, h, edges
        )
        h = conv(h, edges)
    assert h["book"].size(0) < batch["book"].num_nodes
    torch.testing.assert_close(h["book"][:5], full["book"][batch["book"].n_id[:5]])
