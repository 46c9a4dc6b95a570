"""What our sampler and the sampled engine cannot do, they say in a sentence."""

from typing import Any

import pytest
import torch
from torch_geometric.data import Data, HeteroData
from torch_geometric.loader import LinkLoader, NeighborLoader, NodeLoader
from torch_geometric.typing import WITH_TORCH_SPARSE

from tests.sampled.lending import BACK, LENT, PAIRS, SIZE, graph
from tvdiff_pyg.sampled import BipartiteSampler, neighbor_loader
from tvdiff_pyg.sampled.batch import interaction_types
from tvdiff_pyg.sparse import BipartiteAdjacency


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {BACK: {"edge_index": PAIRS[:, 1:].flip(0)}},
            r"'adjacency' needs the edges of \('reader'.*, flipped, in .*got others",
        ),
        ({"book": {"n_id": torch.arange(15)}}, "'adjacency' needs to be a whole graph"),
        (
            {("book", "given", "reader"): {"edge_index": PAIRS.flip(0)}, BACK: {}},
            r"'data' needs one type of edges back of .*\(got \[",
        ),
    ],
)
def test_graphs_that_the_engine_cannot_read(change: Any, message: str) -> None:
    data = graph()
    for key, values in change.items():
        data[key].update(values)
    if ("book", "given", "reader") in data.edge_types:
        data["book", "taken", "reader"].edge_index = data[BACK].pop("edge_index")
    with pytest.raises(ValueError, match=message):
        neighbor_loader(data, torch.arange(3), edge_type=LENT)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"disjoint": True}, r"'disjoint' needs to be left out.*\(got True\)"),
        ({"time_attr": "time"}, r"'time_attr' needs to be left out.*\(got 'time'\)"),
        ({"edge_type": "lent"}, r"'edge_type' needs a HeteroData \(got 'lent' and "),
        ({"index": torch.tensor([20])}, r"'index' needs to be in \[0, 20\) \(got 20\)"),
        ({"index": torch.ones(3, 2).long()}, r"'index' needs to be of shape \[2, num"),
        ({"index": torch.tensor([[0], [15]])}, r"'index\[1\]' .* \(got 15\)"),
    ],
)
def test_what_the_engine_does_not_read(options: Any, message: str) -> None:
    adjacency = BipartiteAdjacency.from_edge_index(PAIRS, SIZE)
    with pytest.raises(ValueError, match=message):
        neighbor_loader(adjacency, **{"index": torch.arange(3), **options})


@pytest.mark.skipif(not WITH_TORCH_SPARSE, reason="PyG's sampler needs torch_sparse")
def test_the_engine_draws_its_own_negatives() -> None:
    loader = neighbor_loader(graph(), PAIRS, neg_sampling="binary")
    with pytest.raises(ValueError, match="'neg_sampling' needs to be None, as neg"):
        next(iter(loader))
    batch = next(iter(NeighborLoader(graph(), [1], "reader", batch_size=2)))
    with pytest.raises(ValueError, match="'batch' needs to come from neighbor_loader"):
        interaction_types(batch)


def sample(kind: str, data: HeteroData, seeds: Any, **options: Any) -> HeteroData:
    loader = {"nodes": NodeLoader, "links": LinkLoader}[kind]
    return next(iter(loader(data, BipartiteSampler(graph()), seeds, **options)))


@pytest.mark.parametrize(
    ("kind", "seeds", "options", "message"),
    [
        (
            "nodes",
            "reader",
            {"input_time": torch.zeros(SIZE[0])},
            r"'input_time' needs to be None, as this sampler reads no times \(got t",
        ),
        (
            "links",
            LENT,
            {"edge_label_time": torch.zeros(PAIRS.size(1))},
            r"'edge_label_time' needs to be None, as this sampler reads no times",
        ),
        (
            "nodes",
            "tag",
            {},
            r"'input_nodes' needs to be of \['reader', 'book'\] \(got",
        ),
        (
            "nodes",
            ("book", [15]),
            {},
            r"'input_nodes' needs .* \(got 15",
        ),
        (
            "nodes",
            ("book", [-1]),
            {},
            r"'input_nodes' needs .* \(got -1",
        ),
        (
            "links",
            (LENT, torch.tensor([[0], [-2]])),
            {},
            r"'edge_label_index\[1\]' needs .* \(got -2",
        ),
        (
            "links",
            (("book", "like", "book"), torch.zeros(2, 1).long()),
            {},
            r"'edge_label_index' needs to be between \['reader', 'book'\] \(got",
        ),
    ],
)
def test_seeds_that_are_refused(
    kind: str, seeds: Any, options: dict[str, Any], message: str
) -> None:
    data = graph()
    data["tag"].num_nodes = 3
    with pytest.raises(ValueError, match=message):
        sample(kind, data, seeds, **options)


def test_graphs_that_are_refused() -> None:
    homogeneous = Data(edge_index=PAIRS, num_nodes=20)
    for kind, seeds in (("nodes", torch.arange(2)), ("links", PAIRS)):
        with pytest.raises(ValueError, match=r"needs to be (of|between) .*got None"):
            sample(kind, homogeneous, seeds)
    with pytest.raises(ValueError, match="'graph' needs to hold interactions"):
        BipartiteSampler(homogeneous)
    open_size = HeteroData()
    open_size[LENT].edge_index, open_size[BACK].edge_index = PAIRS, PAIRS.flip(0)
    with pytest.raises(ValueError, match="'graph' needs 'num_nodes' or features of 'r"):
        BipartiteSampler(open_size)
    with pytest.raises(ValueError, match=r"'graph' needs edges back.*ToUndirected"):
        BipartiteSampler(graph(both=False))
