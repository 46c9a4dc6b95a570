"""Batches of trees, one for each seed and no later than it, against the full graph."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch_geometric.data import HeteroData
from torch_geometric.loader import LinkLoader, NeighborLoader, NodeLoader
from torch_geometric.typing import WITH_PYG_LIB, WITH_TORCH_SPARSE

from tests.nn.loaders import (
    NAMES,
    PAIRS,
    SIZE,
    TIMESTEP,
    WEIGHT,
    denoise,
    make,
    make_graph,
)
from tests.nn.trees import TreeSampler
from tvdiff_pyg.nn import Denoiser
from tvdiff_pyg.sparse import bipartite_norm

RATES, RATED_BY = NAMES["ours"]
TIME = torch.arange(PAIRS.size(1)) * 7 % PAIRS.size(1)
LATEST = int(TIME.max())


def graph_in_time(denoiser: Denoiser) -> HeteroData:
    graph = make_graph(denoiser)
    graph[RATES].time = graph[RATED_BY].time = TIME
    return graph


def at(denoiser: Denoiser, time: int) -> tuple[Tensor, Tensor]:
    """What the full graph gives on the edges of a time, by the degrees of all time."""
    known = time >= TIME
    norm = None
    if denoiser.reads_graph:
        ones = torch.ones_like(WEIGHT)
        norm = bipartite_norm(PAIRS, SIZE, denoiser.normalization, ones)[known]
    return denoiser(PAIRS[:, known], TIMESTEP, WEIGHT[known], norm_weight=norm)


kinds = pytest.mark.parametrize(
    "kind", ["anisotropic", "mlp", "gcn 2", "gcn 3", "gcn 4", "mean 4"]
)


@pytest.mark.parametrize("side", [0, 1])
@kinds
def test_each_seed_reads_its_own_past(kind: str, side: int) -> None:
    denoiser = make(kind)
    graph, node_type = graph_in_time(denoiser), (RATES[0], RATES[2])[side]
    time = torch.tensor([10, LATEST, 25, 25])
    seeds = torch.tensor([4, 4, 7, 11])
    loader = NodeLoader(
        graph,
        TreeSampler(graph, denoiser.num_layers),
        (node_type, seeds),
        input_time=time,
        batch_size=4,
    )
    batch = next(iter(loader))
    assert torch.equal(batch[node_type].batch[:4], torch.arange(4))
    found = denoise(denoiser, batch)[side]
    for place, (seed, now) in enumerate(zip(seeds, time.tolist(), strict=True)):
        torch.testing.assert_close(found[place], at(denoiser, now)[side][seed])


@kinds
def test_links_read_their_own_past(kind: str) -> None:
    denoiser = make(kind)
    graph, some = graph_in_time(denoiser), slice(5, 50, 9)
    loader = LinkLoader(
        graph,
        TreeSampler(graph, denoiser.num_layers),
        (RATES, PAIRS[:, some]),
        edge_label_time=TIME[some] - 1,
        batch_size=8,
    )
    batch = next(iter(loader))
    found = denoiser.decode(*denoise(denoiser, batch), batch[RATES].edge_label_index)
    for score, pair, now in zip(found, PAIRS[:, some].t(), TIME[some] - 1, strict=True):
        full = at(denoiser, int(now))
        torch.testing.assert_close(score, full[0][pair[0]] @ full[1][pair[1]])


@pytest.mark.skipif(WITH_PYG_LIB, reason="pyg-lib can do it")
@pytest.mark.skipif(not WITH_TORCH_SPARSE, reason="PyG's sampler needs torch_sparse")
@pytest.mark.parametrize(
    "options",
    [{"disjoint": True}, {"time_attr": "time", "input_time": torch.arange(SIZE[0])}],
)
def test_what_pyg_refuses_without_pyg_lib(options: dict[str, Any]) -> None:
    graph = make_graph(make("anisotropic"))
    for node, size in zip(("user", "item"), SIZE, strict=True):
        graph[node].time = torch.arange(size)
    loader = NeighborLoader(graph, [-1], "user", **options)
    with pytest.raises(ValueError, match="'disjoint' sampling not supported"):
        next(iter(loader))
