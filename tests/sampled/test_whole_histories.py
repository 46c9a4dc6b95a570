"""The user tower of the sampled engine: with one layer, it sums all items of a user."""

import pytest
import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from tests.builders import tvdiff
from tests.oracle import pairs_of, random_matrix
from tvdiff_pyg import TVDiff
from tvdiff_pyg.sampled import TrainingBatch, neighbor_loader
from tvdiff_pyg.sparse import BipartiteAdjacency

SIZE = (40, 30)
MATRIX = random_matrix(*SIZE, density=0.25)
PAIRS = pairs_of(MATRIX)
USERS, INTERACTIONS = torch.arange(SIZE[0]).flip(0), PAIRS[:, ::7]

parametrize_index = pytest.mark.parametrize(
    "index", [USERS, INTERACTIONS], ids=["users", "interactions"]
)


def model_and_batch(
    index: Tensor, weight: Tensor | None = None, **kwargs: object
) -> tuple[TVDiff, BipartiteAdjacency, HeteroData]:
    torch.manual_seed(0)
    model = tvdiff(*SIZE, hidden_channels=6, **kwargs).double()
    adjacency = BipartiteAdjacency.from_edge_index(PAIRS, SIZE, edge_weight=weight)
    loader = neighbor_loader(adjacency, index, 2, 4, batch_size=index.size(-1))
    return model, adjacency, next(iter(loader))


@parametrize_index
@pytest.mark.parametrize("weighted", [False, True])
def test_a_user_is_read_whole_whatever_the_cap(index: Tensor, weighted: bool) -> None:
    weight = torch.rand(PAIRS.size(1)) + 0.5 if weighted else None
    model, adjacency, batch = model_and_batch(index, weight, dropout=0.0)
    sampled = TrainingBatch.sampled(adjacency, batch, "symmetric", whole_histories=True)
    dense = torch.zeros(SIZE, dtype=torch.double)
    dense[tuple(PAIRS)] = 1.0 if weight is None else weight.double()
    assert sampled.read is not None and model.denoiser.item_embedding is not None
    n_id = sampled.user, sampled.read
    found = model.denoiser.project(sampled.messages, None, n_id)
    rows = index if index.dim() == 1 else index[0]
    expected = dense[rows] @ model.denoiser.item_embedding.weight
    torch.testing.assert_close(found, expected)
    # What is predicted is still a sample, of at most two.
    assert int(sampled.observed.degree().max()) == 2


@pytest.mark.parametrize("sparse_grad", [False, True])
def test_all_items_of_a_user_learn(sparse_grad: bool) -> None:
    model, adjacency, batch = model_and_batch(
        USERS[:3], dropout=0.0, sparse_grad=sparse_grad
    )
    model.sampled_loss(adjacency, batch).free_energy.backward()
    table = model.denoiser.item_embedding
    assert table is not None and table.weight.grad is not None
    gradient = table.weight.grad
    learned = (gradient.to_dense() if sparse_grad else gradient).abs().sum(1) > 0
    assert learned[MATRIX[USERS[:3]].bool().any(0)].all()


def test_several_layers_read_what_has_neighbours() -> None:
    torch.manual_seed(0)
    model = tvdiff(*SIZE, denoiser="gcn", num_layers=2, hidden_channels=6)
    adjacency = model.adjacency(PAIRS)
    loader = neighbor_loader(adjacency, USERS, 2, 4, 2, batch_size=8)
    model.sampled_loss(adjacency, next(iter(loader))).free_energy.backward()
