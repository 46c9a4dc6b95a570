"""One hop of PyG's loaders with all neighbours is the full graph's computation."""

import pytest
import torch
from torch_geometric.data import HeteroData

from tests.oracle import pairs_of, random_matrix
from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.nn import AnisotropicDenoiser
from tvdiff_pyg.sparse import Normalization, bipartite_norm

pytest.importorskip("torch_sparse", reason="PyG's loaders need torch_sparse")

from torch_geometric.loader import LinkNeighborLoader, NeighborLoader

RATES, RATED_BY = ("user", "rates", "item"), ("item", "rated_by", "user")
SIZE = (12, 15)
PAIRS = pairs_of(random_matrix(*SIZE, density=0.3))
TIMESTEP = torch.arange(SIZE[0])
WEIGHT = torch.linspace(0.5, 2, PAIRS.size(1))


def make_graph(kind: str, normalization: Normalization) -> HeteroData:
    if kind == "BipartiteGraph":
        graph: HeteroData = BipartiteGraph.from_edge_index(PAIRS, *SIZE)
    else:
        graph = HeteroData()
        graph["user"].num_nodes, graph["item"].num_nodes = SIZE
        graph[RATES].edge_index, graph[RATED_BY].edge_index = PAIRS, PAIRS.flip(0)
    if normalization != "none":
        graph[RATES].norm_weight = bipartite_norm(PAIRS, SIZE, normalization)
    graph[RATED_BY].edge_weight = WEIGHT
    return graph


def denoise(
    denoiser: AnisotropicDenoiser, batch: HeteroData
) -> tuple[torch.Tensor, ...]:
    n_id = (batch["user"].n_id, batch["item"].n_id)
    return denoiser(
        batch[RATES].edge_index,
        TIMESTEP[n_id[0]],
        edge_weight=batch[RATED_BY].edge_weight,
        n_id=n_id,
        rev_edge_index=batch[RATED_BY].edge_index,
        norm_weight=batch[RATES].get("norm_weight"),
    )


@pytest.fixture(params=["symmetric", "left", "none"])
def denoiser(request: pytest.FixtureRequest) -> AnisotropicDenoiser:
    torch.manual_seed(0)
    return AnisotropicDenoiser(*SIZE, 6, normalization=request.param).eval()


@pytest.fixture(params=["BipartiteGraph", "HeteroData"])
def graph(request: pytest.FixtureRequest, denoiser: AnisotropicDenoiser) -> HeteroData:
    return make_graph(request.param, denoiser.normalization)


@pytest.mark.parametrize("node_type", ["user", "item"])
def test_neighbor_loader(
    denoiser: AnisotropicDenoiser, graph: HeteroData, node_type: str
) -> None:
    full = denoiser(PAIRS, TIMESTEP, edge_weight=WEIGHT)
    loader = NeighborLoader(
        graph, num_neighbors=[-1], input_nodes=node_type, batch_size=4
    )
    side = 0 if node_type == "user" else 1
    num_seeds = 0
    for batch in loader:
        seed = slice(batch[node_type].batch_size)
        out = denoise(denoiser, batch)[side][seed]
        torch.testing.assert_close(out, full[side][batch[node_type].n_id[seed]])
        num_seeds += out.size(0)
    assert num_seeds == SIZE[side]


def test_link_neighbor_loader(denoiser: AnisotropicDenoiser, graph: HeteroData) -> None:
    user_factor, item_factor = denoiser(PAIRS, TIMESTEP, edge_weight=WEIGHT)
    loader = LinkNeighborLoader(
        graph,
        num_neighbors=[-1],
        edge_label_index=(RATES, PAIRS),
        neg_sampling="binary",
        batch_size=5,
    )
    for batch in loader:
        pairs = batch[RATES].edge_label_index
        out = denoiser.decode(*denoise(denoiser, batch), pairs)
        user, item = batch["user"].n_id[pairs[0]], batch["item"].n_id[pairs[1]]
        expected = (user_factor[user] * item_factor[item]).sum(dim=1)
        torch.testing.assert_close(out, expected)
