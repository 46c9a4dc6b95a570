"""Every instrument reads all of PyG's formats, and homogeneous graphs."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch_geometric.transforms as T
from torch import Tensor
from torch_geometric import EdgeIndex
from torch_geometric.data import Data, HeteroData
from torch_geometric.nn import LightGCN

from tests.analysis.dense import GRAPHS, as_csr, sides
from tests.oracle import pairs_of
from tvdiff_pyg import analysis
from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.sparse import BipartiteAdjacency

MATRIX = GRAPHS["random with corners"]
SIZE = tuple(MATRIX.shape)
PAIRS = pairs_of(MATRIX)


def hetero(pairs: Tensor = PAIRS) -> HeteroData:
    data = HeteroData()
    data["reader"].num_nodes, data["book"].num_nodes = SIZE
    data["reader", "has", "book"].edge_index = pairs
    return T.ToUndirected()(data)


def shuffled_twice() -> Tensor:
    order = torch.randperm(PAIRS.size(1), generator=torch.Generator().manual_seed(0))
    return torch.cat([PAIRS[:, order], PAIRS[:, :3]], dim=1)


def coo() -> Tensor:
    weight = torch.rand(PAIRS.size(1)) + 1
    size = SIZE[::-1]
    return torch.sparse_coo_tensor(PAIRS.flip(0), weight, size, check_invariants=True)


def sparse_tensor() -> Any:
    sparse = pytest.importorskip("torch_sparse")
    return sparse.SparseTensor(row=PAIRS[1], col=PAIRS[0], sparse_sizes=SIZE[::-1])


FORMATS: dict[str, Callable[[], Any]] = {
    "HeteroData": hetero,
    "HeteroData, adj_t": lambda: T.ToSparseTensor(layout=torch.sparse_csr)(hetero()),
    "duplicates in a HeteroData": lambda: hetero(shuffled_twice()),
    "BipartiteGraph": lambda: BipartiteGraph.from_edge_index(PAIRS, *SIZE),
    "BipartiteAdjacency": lambda: BipartiteAdjacency.from_edge_index(PAIRS, SIZE),
    "pairs": shuffled_twice,
    "int32": lambda: PAIRS.int(),
    "EdgeIndex": lambda: EdgeIndex(PAIRS, sparse_size=SIZE),
    "COO": coo,
    "CSR": lambda: coo().coalesce().to_sparse_csr(),
    "CSC": lambda: coo().coalesce().to_sparse_csc(),
    "SparseTensor": sparse_tensor,
}
INSTRUMENTS: dict[str, Callable[..., Any]] = {
    "dirichlet_energy": analysis.dirichlet_energy,
    "mean_average_distance": analysis.mean_average_distance,
    "score_smoothness": analysis.score_smoothness,
    "frequency_energy": analysis.frequency_energy,
    "frequency_energy of items": lambda u, v, g: analysis.frequency_energy(None, v, g),
    "frequency_share": analysis.frequency_share,
    "frequency_response": lambda u, v, g: analysis.frequency_response(
        (u, v), (u, v), g
    ),
    "entropy_change": analysis.entropy_change,
    "observed_energy": analysis.observed_energy,
    "occupied_energy": analysis.occupied_energy,
    "energy_change": analysis.energy_change,
    "degree_anisotropy": lambda u, v, g: [
        *vars(analysis.degree_anisotropy(u, v, g).item).values()
    ],
    "data_entropy": lambda u, v, g: analysis.data_entropy(g, size=SIZE),
    "interaction_signal": lambda u, v, g: analysis.interaction_signal(
        g, 3, generator=torch.Generator().manual_seed(0), size=SIZE
    ),
}


def values_of(result: Any) -> list[Tensor]:
    return [result] if isinstance(result, Tensor) else list(result)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("instrument", INSTRUMENTS.values(), ids=INSTRUMENTS)
def test_all_formats_are_one_graph(instrument: Callable[..., Any], name: str) -> None:
    user, item = sides(MATRIX)
    expected = instrument(user, item, as_csr(MATRIX))
    found = instrument(user, item, FORMATS[name]())
    torch.testing.assert_close(values_of(found), values_of(expected), equal_nan=True)


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (torch.tensor([[0], [99]]), r"'edge_index\[1\]' needs to be in \[0, .*got 99"),
        (torch.zeros(2, 3), r"'edge_index.*' needs to hold integers"),
        (coo().t(), r"of shape"),
        (HeteroData(), r"'data' needs edges between two types of nodes"),
        ("graph", r"'graph' needs to hold interactions of users and items"),
        (None, r"'graph' needs to hold interactions of users and items"),
    ],
    ids=["out of range", "floats", "not transposed", "empty", "words", "nothing"],
)
def test_what_is_no_graph(graph: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        analysis.dirichlet_energy(*sides(MATRIX), graph)


def test_pairs_alone_have_no_size() -> None:
    with pytest.raises(ValueError, match=r"'graph' needs a size beside pairs"):
        analysis.data_entropy(PAIRS)


NUM_NODES = sum(SIZE)


def joined() -> tuple[Tensor, Data]:
    """The same graph with users and items as nodes of one type."""
    x = torch.cat(sides(MATRIX))
    one_way = torch.stack([PAIRS[0], PAIRS[1] + SIZE[0]])
    edge_index = torch.cat([one_way, one_way.flip(0)], dim=1)
    return x, Data(edge_index=edge_index, num_nodes=NUM_NODES)


HOMOGENEOUS: dict[str, Callable[..., Any]] = {
    "dirichlet_energy": analysis.dirichlet_energy,
    "quotient": lambda u, v, g: analysis.dirichlet_energy(u, v, g, normalize=True),
    "mean_average_distance": analysis.mean_average_distance,
    "chebyshev": analysis.frequency_energy,
    "exact": lambda u, v, g: analysis.frequency_energy(u, v, g, method="exact"),
    "frequency_share": analysis.frequency_share,
    "frequency_response": lambda u, v, g: analysis.frequency_response(
        (u, v), (2 * u, None if v is None else 2 * v), g
    ),
}


@pytest.mark.parametrize("instrument", HOMOGENEOUS.values(), ids=HOMOGENEOUS)
def test_a_homogeneous_graph_of_the_same_edges(instrument: Callable[..., Any]) -> None:
    x, data = joined()
    expected = instrument(*sides(MATRIX), as_csr(MATRIX))
    for graph in (data, T.ToSparseTensor(layout=torch.sparse_csr)(data.clone())):
        torch.testing.assert_close(instrument(x, None, graph), expected, equal_nan=True)


def test_a_triangle_has_its_own_frequencies() -> None:
    pairs = torch.tensor([[0, 1, 2, 1, 2, 0], [1, 2, 0, 0, 1, 2]])
    triangle = Data(edge_index=pairs, num_nodes=3)
    smooth, rough = torch.ones(3, 1), torch.tensor([[1.0], [-1.0], [0.0]])
    assert analysis.dirichlet_energy(smooth, None, triangle).item() == 0
    # Its Laplacian has the eigenvalues 0, 1.5 and 1.5.
    energy = analysis.frequency_energy(rough, None, triangle, 5, "exact")
    torch.testing.assert_close(energy, torch.tensor([0.0, 0.0, 0.0, 2.0, 0.0]))
    quotient = analysis.dirichlet_energy(rough, None, triangle, normalize=True)
    torch.testing.assert_close(quotient, torch.tensor(1.5))


def test_lightgcn_of_pyg_smooths_layer_by_layer() -> None:
    _, data = joined()
    energies = []
    for layers in (0, 2, 8):
        torch.manual_seed(0)
        model = LightGCN(NUM_NODES, 8, max(layers, 1))
        alpha = torch.zeros(model.num_layers + 1)
        alpha[layers] = 1
        model.alpha.copy_(alpha)
        x = model.get_embedding(data.edge_index)
        energies.append(analysis.dirichlet_energy(x, None, data, normalize=True).item())
    assert energies[0] > energies[1] > energies[2]


def test_homogeneous_graphs_that_do_not_fit() -> None:
    x, data = joined()
    with pytest.raises(ValueError, match=r"'item_x' needs to be None"):
        analysis.dirichlet_energy(x, x, data)
    with pytest.raises(ValueError, match=r"'item_x' needs to be given .*is a Data"):
        analysis.dirichlet_energy(x, None, PAIRS)
    with pytest.raises(ValueError, match=r"'graph' needs to be undirected"):
        analysis.dirichlet_energy(x, None, Data(edge_index=PAIRS, num_nodes=NUM_NODES))
    with pytest.raises(ValueError, match=r"'graph' needs 'edge_index' or 'adj_t'"):
        analysis.dirichlet_energy(x, None, Data(num_nodes=NUM_NODES))
    with pytest.raises(
        ValueError, match=rf"'user_x' needs to be of shape \[{NUM_NODES}"
    ):
        analysis.dirichlet_energy(x[1:], None, data)
    with pytest.raises(
        ValueError, match=r"'graph' needs .* users and items apart.*homogeneous Data"
    ):
        analysis.score_smoothness(x, x, data)
    with pytest.raises(ValueError, match=r"'user_x' needs to be a dense tensor"):
        analysis.dirichlet_energy(x.tolist(), None, data)


def test_ids_that_are_not_there() -> None:
    pairs = torch.tensor([[0, 1], [0, 1]], device="meta")
    with pytest.raises(ValueError, match="'graph' needs ids that are there"):
        analysis.dirichlet_energy(torch.ones(2, 1), torch.ones(2, 1), pairs)


@pytest.mark.parametrize("measure", ["observed_energy", "occupied_energy"])
def test_factors_in_two_places(measure: str) -> None:
    # A product of both would read what is not there.
    user, item = torch.ones(2, 3), torch.ones(4, 3)
    pairs = torch.tensor([[0, 1], [0, 1]])
    for factors in ((user, item.to("meta")), (user.to("meta"), item)):
        with pytest.raises(ValueError, match="needs to be on"):
            getattr(analysis, measure)(*factors, pairs)
        with pytest.raises(ValueError, match="'item_factor' needs to be on"):
            analysis.row_entropy(*factors)


@pytest.mark.parametrize("measure", ["observed_energy", "occupied_energy"])
@pytest.mark.parametrize("normalization", ["softmax", "clipped"])
def test_energy_of_what_is_no_number(measure: str, normalization: str) -> None:
    factors = torch.full((2, 3), torch.nan), torch.ones(4, 3)
    pairs = torch.tensor([[0, 1], [0, 1]])
    assert getattr(analysis, measure)(*factors, pairs, normalization).isnan()
