"""Batches of PyG's loaders that are parts of the graph: capped, drawn twice, empty."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from tests.nn.loaders import (
    NAMES,
    PAIRS,
    SIZE,
    TIMESTEP,
    WEIGHT,
    by_degrees,
    denoise,
    hops,
    make,
    make_graph,
    with_degrees,
)
from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.nn import Denoiser
from tvdiff_pyg.sparse import bipartite_norm

pytest.importorskip("torch_sparse", reason="PyG's loaders need torch_sparse")

from torch_geometric.loader import HGTLoader, LinkNeighborLoader, NeighborLoader

RATES, RATED_BY = NAMES["ours"]
ALONE = [
    (ids.bincount(minlength=size) == 0).nonzero().view(-1)
    for ids, size in zip(PAIRS, SIZE, strict=True)
]


def on_its_edges(denoiser: Denoiser, batch: HeteroData) -> tuple[Tensor, Tensor]:
    """The vectors of a batch's nodes, from its edges under their ids in the graph."""
    there, back = batch[RATES].e_id, batch[RATED_BY].e_id
    norm: dict[str, Tensor] = {}
    if denoiser.reads_graph:
        ones = torch.ones_like(WEIGHT)
        weight = bipartite_norm(PAIRS, SIZE, denoiser.normalization, ones)
        norm = {"norm_weight": weight[there], "rev_norm_weight": weight[back]}
    user, item = denoiser(
        PAIRS[:, there],
        TIMESTEP,
        WEIGHT[back],
        rev_edge_index=PAIRS.flip(0)[:, back],
        **norm,
    )
    return user[batch["user"].n_id], item[batch["item"].n_id]


some = pytest.mark.parametrize(
    "kind", ["anisotropic", "left", "mlp", "gcn 2", "gcn 4", "weights 3"]
)
CAPS: dict[str, dict[str, Any]] = {
    "few": {"num_neighbors": 2},
    "repeated": {"num_neighbors": 3, "replace": True},
    "one way": {"num_neighbors": {RATES: 0, RATED_BY: 2}},
}


@pytest.mark.parametrize("node_type", ["user", "item"])
@pytest.mark.parametrize("how", CAPS)
@some
def test_a_capped_batch_is_the_graph_of_its_edges(
    kind: str, how: str, node_type: str
) -> None:
    denoiser, options = make(kind), dict(CAPS[how])
    cap, depth = options.pop("num_neighbors"), denoiser.num_layers
    num_neighbors = (
        {key: [most] * depth for key, most in cap.items()}
        if isinstance(cap, dict)
        else [cap] * depth
    )
    torch.manual_seed(0)
    loader = NeighborLoader(
        make_graph(denoiser), num_neighbors, node_type, batch_size=15, **options
    )
    for batch in loader:
        found = denoise(denoiser, batch)
        torch.testing.assert_close(found, on_its_edges(denoiser, batch))


@pytest.mark.parametrize("kind", ["anisotropic", "gcn 3"])
def test_a_capped_sample_of_each_type_is_the_graph_of_its_edges(kind: str) -> None:
    denoiser = make(kind)
    torch.manual_seed(0)
    many = [6] * denoiser.num_layers
    for batch in HGTLoader(make_graph(denoiser), many, "user", batch_size=15):
        found = denoise(denoiser, batch)
        torch.testing.assert_close(found, on_its_edges(denoiser, batch))


@pytest.mark.parametrize("loader", [NeighborLoader, HGTLoader])
@pytest.mark.parametrize("side", [0, 1])
@some
def test_seeds_that_nobody_met(kind: str, side: int, loader: Any) -> None:
    """There is no node of the other side, and no edge at all."""
    denoiser, seeds = make(kind), ALONE[side]
    node_type, other = ("user", "item")[side], ("item", "user")[side]
    graph, many = make_graph(denoiser), [4] * denoiser.num_layers
    batch = next(iter(loader(graph, many, (node_type, seeds), batch_size=len(seeds))))
    assert len(seeds) > 1 and batch[other].num_nodes == 0
    found = denoise(denoiser, batch)
    full = denoiser(PAIRS, TIMESTEP, edge_weight=WEIGHT)
    assert found[1 - side].shape == (0, full[1 - side].size(1))
    torch.testing.assert_close(found[side], full[side][seeds])


@pytest.mark.parametrize("kind", ["anisotropic", "mlp", "gcn 3"])
def test_links_between_those_that_nobody_met(kind: str) -> None:
    denoiser = make(kind)
    pairs = torch.cartesian_prod(*ALONE).t()
    loader = LinkNeighborLoader(
        make_graph(denoiser),
        hops(denoiser),
        edge_label_index=(RATES, pairs),
        batch_size=pairs.size(1),
    )
    (batch,) = loader
    found = denoiser.decode(*denoise(denoiser, batch), batch[RATES].edge_label_index)
    full = denoiser(PAIRS, TIMESTEP, edge_weight=WEIGHT)
    torch.testing.assert_close(found, denoiser.decode(*full, pairs))


@pytest.mark.parametrize("subgraph_type", ["induced", "bidirectional"])
@pytest.mark.parametrize("kind", ["left", "gcn 2"])
def test_other_subgraphs_of_links(kind: str, subgraph_type: str) -> None:
    denoiser = make(kind)
    full = denoiser(PAIRS, TIMESTEP)
    torch.manual_seed(0)
    loader = LinkNeighborLoader(
        with_degrees(BipartiteGraph.from_edge_index(PAIRS, *SIZE)),
        hops(denoiser),
        edge_label_index=RATES,
        neg_sampling="binary",
        batch_size=13,
        subgraph_type=subgraph_type,
    )
    for batch in loader:
        pairs = batch[RATES].edge_label_index
        found = denoiser.decode(*by_degrees(denoiser, batch), pairs)
        n_id = batch["user"].n_id, batch["item"].n_id
        whole = torch.stack([ids[side] for ids, side in zip(n_id, pairs, strict=True)])
        torch.testing.assert_close(found, denoiser.decode(*full, whole))


@pytest.mark.parametrize("filter_per_worker", [True, False])
def test_batches_come_from_a_worker(filter_per_worker: bool) -> None:
    denoiser = make("gcn 2")
    full = denoiser(PAIRS, TIMESTEP, edge_weight=WEIGHT)[0]
    loader = NeighborLoader(
        make_graph(denoiser),
        hops(denoiser),
        "user",
        batch_size=20,
        num_workers=1,
        filter_per_worker=filter_per_worker,
    )
    found = [
        denoise(denoiser, batch)[0][: batch["user"].batch_size] for batch in loader
    ]
    torch.testing.assert_close(torch.cat(found), full)
