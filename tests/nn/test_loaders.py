"""PyG's loaders with all neighbours are the full graph's computation, at any depth."""

from typing import Any

import pytest
import torch
from torch_geometric.data import HeteroData
from torch_geometric.testing import MyFeatureStore, MyGraphStore
from torch_geometric.typing import SparseTensor

from tests.nn.loaders import (
    DEEP,
    NAMES,
    PAIRS,
    SIZE,
    TIMESTEP,
    WEIGHT,
    by_degrees,
    denoise,
    denoisers,
    hops,
    make,
    make_graph,
    with_degrees,
)
from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.nn import Denoiser
from tvdiff_pyg.sparse import bipartite_norm

pytest.importorskip("torch_sparse", reason="PyG's loaders need torch_sparse")

from torch_geometric.loader import HGTLoader, ImbalancedSampler, NeighborLoader


def check_seeds(
    denoiser: Denoiser, loader: Any, node_type: str, names: str = "ours"
) -> list[int]:
    """Seeds have the vectors that the full graph gives them; returns the seeds."""
    full = denoiser(PAIRS, TIMESTEP, edge_weight=WEIGHT)
    side, seeds = [key[0] for key in NAMES[names]].index(node_type), []
    for batch in loader:
        seed = slice(batch[node_type].batch_size)
        n_id = batch[node_type].n_id[seed]
        found = denoise(denoiser, batch, names)[side][seed]
        torch.testing.assert_close(found, full[side][n_id])
        seeds += n_id.tolist()
    return seeds


@pytest.mark.parametrize("names", NAMES)
@pytest.mark.parametrize("side", [0, 1])
@denoisers
def test_neighbor_loader(kind: str, side: int, names: str) -> None:
    denoiser = make(kind)
    graph, node_type = make_graph(denoiser, names), NAMES[names][side][0]
    loader = NeighborLoader(graph, hops(denoiser), node_type, batch_size=7)
    seeds = check_seeds(denoiser, loader, node_type, names)
    assert seeds == list(range(SIZE[side]))


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("kind", DEEP)
def test_every_layer_needs_its_hop(kind: str, side: int) -> None:
    denoiser, seeds = make(kind), torch.arange(3)
    node_type = NAMES["ours"][side][0]
    loader = NeighborLoader(make_graph(denoiser), hops(denoiser)[1:], node_type)
    found = denoise(denoiser, loader(seeds))[side][:3]
    full = denoiser(PAIRS, TIMESTEP, edge_weight=WEIGHT)[side][:3]
    assert not torch.allclose(found, full)


@pytest.mark.parametrize("node_type", ["user", "item"])
@denoisers
def test_hgt_loader(kind: str, node_type: str) -> None:
    denoiser = make(kind)
    many = [sum(SIZE)] * denoiser.num_layers
    loader = HGTLoader(make_graph(denoiser), many, node_type, batch_size=9)
    assert len(check_seeds(denoiser, loader, node_type)) in SIZE


@pytest.mark.parametrize("kind", ["anisotropic", "gcn 3"])
def test_imbalanced_sampler(kind: str) -> None:
    denoiser = make(kind)
    rare = (torch.arange(SIZE[0]) < 4).long()
    torch.manual_seed(0)
    loader = NeighborLoader(
        make_graph(denoiser),
        hops(denoiser),
        "user",
        batch_size=11,
        sampler=ImbalancedSampler(rare, num_samples=60),
    )
    seeds = check_seeds(denoiser, loader, "user")
    assert 15 < sum(seed < 4 for seed in seeds) < 45


@pytest.mark.parametrize("subgraph_type", ["induced", "bidirectional"])
@pytest.mark.parametrize("kind", ["left", "gcn 2", "gcn 4"])
def test_other_subgraphs(kind: str, subgraph_type: str) -> None:
    """PyG drops what edges have there; degrees of nodes say the same."""
    denoiser = make(kind)
    full = denoiser(PAIRS, TIMESTEP)
    graph = with_degrees(BipartiteGraph.from_edge_index(PAIRS, *SIZE))
    for batch in NeighborLoader(
        graph, hops(denoiser), "user", batch_size=8, subgraph_type=subgraph_type
    ):
        found, _ = by_degrees(denoiser, batch)
        seeds = slice(batch["user"].batch_size)
        torch.testing.assert_close(found[seeds], full[0][batch["user"].n_id[seeds]])


@pytest.mark.parametrize("kind", ["anisotropic", "gcn 3"])
def test_graphs_in_stores(kind: str) -> None:
    """Stores have no attributes of edges: the degrees are features of nodes."""
    denoiser, features, edges = make(kind), MyFeatureStore(), MyGraphStore()
    full = denoiser(PAIRS, TIMESTEP)
    for node, ids, size in zip(("user", "item"), PAIRS, SIZE, strict=True):
        degree = ids.bincount(minlength=size)
        features.put_tensor(degree, group_name=node, attr_name="degree", index=None)
    for key, pairs in zip(NAMES["ours"], (PAIRS, PAIRS.flip(0)), strict=True):
        size = SIZE if key[0] == "user" else SIZE[::-1]
        edges.put_edge_index(tuple(pairs), edge_type=key, layout="coo", size=size)
    for batch in NeighborLoader(
        (features, edges), hops(denoiser), "user", batch_size=8
    ):
        seeds = slice(batch["user"].batch_size)
        found, _ = by_degrees(denoiser, batch)
        torch.testing.assert_close(found[seeds], full[0][batch["user"].n_id[seeds]])


@pytest.mark.parametrize("kind", ["anisotropic", "gcn 3"])
def test_sparse_tensors_of_loaders(kind: str) -> None:
    denoiser = make(kind)
    graph, (rates, rated_by) = HeteroData(), NAMES["ours"]
    graph["user"].num_nodes, graph["item"].num_nodes = SIZE
    norm = bipartite_norm(PAIRS, SIZE, edge_weight=0 * WEIGHT + 1)
    for key, pairs in ((rates, PAIRS), (rated_by, PAIRS.flip(0))):
        size = graph[key[2]].num_nodes, graph[key[0]].num_nodes
        graph[key].adj_t = SparseTensor(
            row=pairs[1], col=pairs[0], value=norm, sparse_sizes=size
        )
    full = denoiser(PAIRS, TIMESTEP)
    for batch in NeighborLoader(graph, hops(denoiser), "item", batch_size=8):
        n_id, seeds = batch["item"].n_id, slice(batch["item"].batch_size)
        adj_t, rev = (batch[key].adj_t for key in (rates, rated_by))
        _, found = denoiser(
            adj_t.set_value(None),
            TIMESTEP[batch["user"].n_id],
            n_id=batch.n_id_dict,
            rev_edge_index=rev.set_value(None),
            norm_weight=adj_t.storage.value(),
            rev_norm_weight=rev.storage.value(),
        )
        torch.testing.assert_close(found[seeds], full[1][n_id[seeds]])


@pytest.mark.parametrize(
    ("lacking", "message"),
    [
        ("rev_norm_weight", "'rev_norm_weight' needs to be given: 2 layers read both"),
        ("norm_weight", "'norm_weight' needs to be given: 2 layers read both"),
        ("rev_edge_index", "'rev_edge_index' needs to be given"),
    ],
)
def test_weights_of_one_direction_alone_are_refused(lacking: str, message: str) -> None:
    norm = bipartite_norm(PAIRS, SIZE)
    given = {
        "rev_edge_index": PAIRS.flip(0),
        "norm_weight": norm,
        "rev_norm_weight": norm,
    }
    del given[lacking]
    with pytest.raises(ValueError, match=rf"{message}.*\(got None\)"):
        make("gcn 2")(PAIRS, TIMESTEP, **given)


@pytest.mark.parametrize("fuse", [True, False])
@pytest.mark.parametrize("kind", DEEP)
def test_edges_back_are_the_edges_the_other_way(kind: str, fuse: bool) -> None:
    denoiser = make(kind)
    denoiser.fuse = fuse
    order = torch.randperm(PAIRS.size(1), generator=torch.Generator().manual_seed(1))
    rev = PAIRS.flip(0)[:, order]
    expected = denoiser(PAIRS, TIMESTEP, edge_weight=WEIGHT)
    found = denoiser(PAIRS, TIMESTEP, WEIGHT[order], rev_edge_index=rev)
    torch.testing.assert_close(found, expected)
    norm = bipartite_norm(PAIRS, SIZE, denoiser.normalization)
    norms = {"norm_weight": norm, "rev_norm_weight": norm[order]}
    found = denoiser(PAIRS, TIMESTEP, WEIGHT[order], rev_edge_index=rev, **norms)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)
