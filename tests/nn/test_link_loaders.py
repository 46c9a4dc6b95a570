"""PyG's loaders over links, with negatives of every kind, against the full graph."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch_geometric.data import HeteroData
from torch_geometric.sampler import NegativeSampling

from tests.nn.loaders import (
    NAMES,
    PAIRS,
    SIZE,
    TIMESTEP,
    WEIGHT,
    denoise,
    denoisers,
    hops,
    make,
    make_graph,
)
from tvdiff_pyg.nn import Denoiser, GCNDenoiser

pytest.importorskip("torch_sparse", reason="PyG's loaders need torch_sparse")

from torch_geometric.loader import ImbalancedSampler, LinkNeighborLoader

LABELS = torch.arange(PAIRS.size(1)) % 3
# Of them, every other one is no edge.
HELD_OUT = torch.stack([PAIRS[0], PAIRS[1].roll(1)])[:, ::2].contiguous()
LINKS: dict[str, dict[str, Any]] = {
    "plain": {},
    "labelled": {"edge_label": LABELS},
    "no edges": {"edge_label_index": HELD_OUT},
    "binary": {"neg_sampling": "binary"},
    "binary, 2.5 labelled": {
        "neg_sampling": NegativeSampling("binary", 2.5),
        "edge_label": LABELS,
    },
    "triplet": {"neg_sampling": "triplet"},
    "triplet, 3": {"neg_sampling": NegativeSampling("triplet", 3)},
    "triplet, 2 weighted": {
        "neg_sampling": NegativeSampling(
            "triplet", 2, dst_weight=torch.arange(SIZE[1]).double()
        )
    },
    "imbalanced": {
        "edge_label": LABELS,
        "sampler": ImbalancedSampler((LABELS == 0).long(), num_samples=60),
    },
}


def link_loader(
    denoiser: Denoiser, how: str, names: str = "ours"
) -> LinkNeighborLoader:
    options = {"edge_label_index": PAIRS, "batch_size": 13, **LINKS[how]}
    pairs = NAMES[names][0], options.pop("edge_label_index")
    graph = make_graph(denoiser, names)
    torch.manual_seed(0)
    return LinkNeighborLoader(graph, hops(denoiser), edge_label_index=pairs, **options)


def pairs_to_score(batch: HeteroData, names: str = "ours") -> Tensor:
    """The positives, then the negatives, in the numbering of the batch."""
    rates = NAMES[names][0]
    if "src_index" not in batch[rates[0]]:
        return batch[rates].edge_label_index
    user = batch[rates[0]].src_index
    items = batch[rates[2]].dst_pos_index, batch[rates[2]].dst_neg_index
    item = torch.cat([item.view(user.numel(), -1) for item in items], dim=1)
    return torch.stack(
        [user.unsqueeze(1).expand_as(item).t().flatten(), item.t().flatten()]
    )


@pytest.mark.parametrize("how", LINKS)
@denoisers
def test_link_neighbor_loader(kind: str, how: str) -> None:
    names = "others" if how.startswith(("triplet", "lab")) else "ours"
    denoiser = make(kind)
    full, seeds = denoiser(PAIRS, TIMESTEP, edge_weight=WEIGHT), []
    rates = NAMES[names][0]
    for batch in link_loader(denoiser, how, names):
        pairs = pairs_to_score(batch, names)
        found = denoiser.decode(*denoise(denoiser, batch, names), pairs)
        n_id = batch[rates[0]].n_id, batch[rates[2]].n_id
        whole = torch.stack([ids[side] for ids, side in zip(n_id, pairs, strict=True)])
        torch.testing.assert_close(found, denoiser.decode(*full, whole))
        seeds.append(whole[:, : batch[rates].input_id.numel()])
    expected = LINKS[how].get("edge_label_index", PAIRS)
    if how != "imbalanced":
        assert torch.equal(torch.cat(seeds, dim=1), expected)


@pytest.mark.parametrize("sparse", [True, False])
@pytest.mark.parametrize("how", ["triplet, 3", "binary"])
@pytest.mark.parametrize("depth", [1, 2, 4])
def test_gradients_of_a_batch_are_those_of_the_graph(
    depth: int, how: str, sparse: bool
) -> None:
    torch.manual_seed(0)
    denoiser = GCNDenoiser(*SIZE, 6, num_layers=depth, sparse=sparse).double().eval()
    batch = next(iter(link_loader(denoiser, how)))
    pairs = pairs_to_score(batch)
    n_id = batch["user"].n_id, batch["item"].n_id
    whole = torch.stack([ids[side] for ids, side in zip(n_id, pairs, strict=True)])
    gradients = []
    for factors, index in (
        (denoise(denoiser, batch), pairs),
        (denoiser(PAIRS, TIMESTEP, edge_weight=WEIGHT), whole),
    ):
        denoiser.zero_grad()
        denoiser.decode(*factors, index).square().sum().backward()
        found = [x.grad for x in denoiser.parameters()]
        assert found[0].is_sparse is (sparse and index is pairs)
        gradients.append([x.to_dense() if x.is_sparse else x for x in found])
    torch.testing.assert_close(*gradients)
