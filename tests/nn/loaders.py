"""A graph for PyG's loaders, and the denoisers that read its batches."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from tests.oracle import pairs_of, random_matrix
from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.nn import AnisotropicDenoiser, Denoiser, GCNDenoiser, MLPDenoiser
from tvdiff_pyg.sparse import bipartite_norm

# So sparse that a hop is far from reaching all.
SIZE = (40, 45)
PAIRS = pairs_of(random_matrix(*SIZE, density=0.04))
TIMESTEP = torch.arange(SIZE[0])
WEIGHT = torch.linspace(0.5, 2, PAIRS.size(1), dtype=torch.double)
Types = tuple[tuple[str, str, str], tuple[str, str, str]]
NAMES: dict[str, Types] = {
    "ours": (("user", "rates", "item"), ("item", "rated_by", "user")),
    "others": (("customer", "buys", "book"), ("book", "rev_buys", "customer")),
}

DENOISERS: dict[str, Callable[..., Denoiser]] = {
    "anisotropic": AnisotropicDenoiser,
    "left": lambda *args: AnisotropicDenoiser(*args, normalization="left"),
    "no graph": lambda *args: AnisotropicDenoiser(*args, normalization="none"),
    "mlp": MLPDenoiser,
    **{
        f"gcn {depth}": lambda *args, depth=depth: GCNDenoiser(*args, num_layers=depth)
        for depth in (1, 2, 3, 4)
    },
    "mean 4": lambda *args: GCNDenoiser(*args, num_layers=4, act=None, jk="mean"),
    "weights 3": lambda *args: GCNDenoiser(
        *args, normalization="left", num_layers=3, layer_weights=True, jk="residual"
    ),
}
DEEP = [name for name in DENOISERS if name[-1] in "234"]
denoisers = pytest.mark.parametrize("kind", DENOISERS)


def make(kind: str) -> Denoiser:
    torch.manual_seed(0)
    return DENOISERS[kind](*SIZE, 6).double().eval()


def make_graph(denoiser: Denoiser, names: str = "ours") -> HeteroData:
    rates, rated_by = NAMES[names]
    if names == "ours":
        graph: HeteroData = BipartiteGraph.from_edge_index(PAIRS, *SIZE)
    else:
        graph = HeteroData()
        graph[rates[0]].num_nodes, graph[rates[2]].num_nodes = SIZE
        graph[rates].edge_index = PAIRS
        # As RandomLinkSplit and others may leave them: in no order of ours.
        graph[rated_by].edge_index = PAIRS.flip(0, 1)
    if denoiser.reads_graph:
        norm = bipartite_norm(PAIRS, SIZE, denoiser.normalization, 0 * WEIGHT + 1)
        graph[rates].norm_weight = norm
        graph[rated_by].norm_weight = norm if names == "ours" else norm.flip(0)
    graph[rated_by].edge_weight = WEIGHT if names == "ours" else WEIGHT.flip(0)
    return graph


def denoise(denoiser: Denoiser, batch: HeteroData, names: str = "ours") -> Any:
    rates, rated_by = NAMES[names]
    n_id = batch[rates[0]].n_id, batch[rates[2]].n_id
    return denoiser(
        batch[rates].edge_index,
        TIMESTEP[n_id[0]],
        edge_weight=batch[rated_by].edge_weight,
        n_id=n_id,
        rev_edge_index=batch[rated_by].edge_index,
        norm_weight=batch[rates].get("norm_weight"),
        rev_norm_weight=batch[rated_by].get("norm_weight"),
    )


def hops(denoiser: Denoiser) -> list[int]:
    return [-1] * denoiser.num_layers


def with_degrees(graph: HeteroData) -> HeteroData:
    for node, ids, size in zip(("user", "item"), PAIRS, SIZE, strict=True):
        graph[node].degree = ids.bincount(minlength=size)
    return graph


def by_degrees(denoiser: Denoiser, batch: HeteroData) -> tuple[Tensor, Tensor]:
    """Read a batch whose nodes have their degrees, and whose edges have nothing."""
    user, item = batch["user"], batch["item"]
    rates, rated_by = (batch[key].edge_index for key in NAMES["ours"])
    rev_norm, norm = (
        bipartite_norm(
            pairs,
            (user.n_id.numel(), item.n_id.numel()),
            denoiser.normalization,
            degree=(user.degree, item.degree),
        )
        for pairs in (rated_by.flip(0), rates)
    )
    out: tuple[Tensor, Tensor] = denoiser(
        rates,
        TIMESTEP[user.n_id],
        n_id=(user.n_id, item.n_id),
        rev_edge_index=rated_by,
        norm_weight=norm,
        rev_norm_weight=rev_norm,
    )
    return out
