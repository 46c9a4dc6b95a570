"""One conversion for loss, samplers and loaders: all formats are one."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch_geometric import EdgeIndex
from torch_geometric.data import Data, HeteroData

from tvdiff_pyg.entropies import ENTROPIES
from tvdiff_pyg.loss import HelmholtzFreeEnergyLoss
from tvdiff_pyg.negatives import ARGumbelSampler, UniformNegativeSampler
from tvdiff_pyg.sampled import neighbor_loader
from tvdiff_pyg.sparse import (
    CSR,
    BipartiteAdjacency,
    bipartite_adjacency,
    interaction_rows,
    pair_rows,
)

SIZE = 4, 6
PAIRS = torch.tensor([[2, 0, 0, 2, 3, 0], [5, 1, 4, 0, 3, 0]])
ROWS = CSR.from_edge_index(PAIRS, SIZE)
WEIGHT = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])


def hetero(pairs: Tensor = PAIRS) -> HeteroData:
    data = HeteroData()
    data["member"].num_nodes, data["book"].num_nodes = SIZE
    data["member", "lent", "book"].edge_index = pairs
    data["member", "lent", "book"].rating = torch.rand(pairs.size(1))
    return data


def coo(weight: Tensor | None = None) -> Tensor:
    weight = torch.ones(PAIRS.size(1)) if weight is None else weight
    size = SIZE[::-1]
    return torch.sparse_coo_tensor(PAIRS.flip(0), weight, size, check_invariants=True)


def sparse_tensor() -> Any:
    sparse = pytest.importorskip("torch_sparse")
    return sparse.SparseTensor(row=PAIRS[1], col=PAIRS[0], sparse_sizes=SIZE[::-1])


FORMATS: dict[str, Callable[[], Any]] = {
    "HeteroData": hetero,
    "repeated": lambda: hetero(torch.cat([PAIRS, PAIRS.flip(1)], dim=1)),
    "adjacency": lambda: BipartiteAdjacency.from_edge_index(PAIRS, SIZE),
    "EdgeIndex": lambda: EdgeIndex(PAIRS, sparse_size=SIZE),
    "COO": coo,
    "CSR": lambda: coo().coalesce().to_sparse_csr(),
    "CSC": lambda: coo().coalesce().to_sparse_csc(),
    "SparseTensor": sparse_tensor,
}
WITH_PAIRS = {**FORMATS, "pairs": lambda: PAIRS, "int32": lambda: PAIRS.int()}


@pytest.mark.parametrize("name", WITH_PAIRS)
def test_rows(name: str) -> None:
    rows = interaction_rows(WITH_PAIRS[name](), SIZE)
    assert (rows.num_rows, rows.num_cols) == SIZE
    assert torch.equal(rows.rowptr, ROWS.rowptr)
    assert torch.equal(rows.col, ROWS.col)
    assert interaction_rows(rows) is rows


def test_values_follow_their_edges_and_add_up() -> None:
    dense = torch.zeros(SIZE).index_put(tuple(PAIRS), WEIGHT)
    rows = interaction_rows(coo(WEIGHT))
    assert torch.equal(rows.values(), dense[rows.row(), rows.col])
    twice = torch.sparse_coo_tensor(
        PAIRS.flip(0).repeat(1, 2), WEIGHT.repeat(2), SIZE[::-1], check_invariants=True
    )
    rows = interaction_rows(twice)
    assert rows.nnz == 6
    assert torch.equal(rows.values(), 2 * dense[rows.row(), rows.col])


def test_pairs_keep_their_order_and_repeat() -> None:
    pairs = torch.tensor([[1, 0, 1, 0, 1], [5, 2, 3, 2, 5]])
    rows = pair_rows(pairs, (2, 6))
    assert rows.row().tolist() == [0, 0, 1, 1, 1]
    assert rows.col.tolist() == [2, 2, 5, 3, 5]
    assert pair_rows(coo(WEIGHT)).values().tolist() == [2.0, 3.0, 6.0, 1.0, 4.0, 5.0]
    assert pair_rows(rows) is rows


@pytest.mark.parametrize("entropy", ["bpr", "bce", "nll"])
@pytest.mark.parametrize("name", WITH_PAIRS)
def test_loss(name: str, entropy: str) -> None:
    loss = HelmholtzFreeEnergyLoss(2.0, ENTROPIES[entropy].config())
    generator = torch.Generator().manual_seed(0)
    user, item = (torch.rand(n, 3, generator=generator) for n in SIZE)
    negative = torch.tensor([[0, 0, 0, 2, 2, 3], [2, 3, 5, 1, 1, 0]])
    expected = loss(user, item, ROWS, negative=CSR.from_edge_index(negative, SIZE))
    found = loss(user, item, WITH_PAIRS[name](), negative=negative)
    torch.testing.assert_close(found, expected)


def test_pairs_of_a_pairwise_loss_stay_together() -> None:
    loss = HelmholtzFreeEnergyLoss(1.0)
    generator = torch.Generator().manual_seed(0)
    user, item = (torch.rand(n, 3, generator=generator) for n in SIZE)
    users = torch.tensor([2, 0, 2, 0])
    better, worse = torch.tensor([5, 4, 0, 1]), torch.tensor([1, 2, 3, 5])
    found = loss(
        user,
        item,
        PAIRS,
        torch.stack([users, better]),
        torch.stack([users, worse]),
    )
    margin = (user[users] * (item[better] - item[worse])).sum(dim=1)
    expected = torch.nn.functional.logsigmoid(margin).mean()
    torch.testing.assert_close(found.entropy, expected)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("hard", [False, True])
def test_samplers_never_draw_what_is_observed(name: str, hard: bool) -> None:
    user, item = torch.rand(SIZE[0], 2), torch.rand(SIZE[1], 2)
    timestep = torch.zeros(SIZE[0]).long()
    sampler = ARGumbelSampler(3, accept_ratio=1.0) if hard else UniformNegativeSampler()

    def draw(observed: Any) -> CSR:
        generator = torch.Generator().manual_seed(0)
        return sampler(observed, 4, user, item, timestep, generator)

    found, expected = draw(FORMATS[name]()), draw(ROWS)
    assert torch.equal(found.rowptr, expected.rowptr)
    assert torch.equal(found.col, expected.col)
    seen = set(ROWS.key().tolist())
    assert found.nnz > 0
    assert not seen & set(found.key().tolist())


def test_samplers_and_pairs_alone() -> None:
    with pytest.raises(ValueError, match=r"'observed' needs a size beside pairs"):
        UniformNegativeSampler()(PAIRS, 2)
    found = UniformNegativeSampler()(PAIRS, 2, size=SIZE)
    assert (found.num_rows, found.num_cols) == SIZE
    user, item = torch.rand(SIZE[0], 2), torch.rand(SIZE[1], 2)
    hard = ARGumbelSampler(3)(PAIRS, 2, user, item, torch.zeros(4).long())
    assert (hard.num_rows, hard.num_cols) == SIZE


@pytest.mark.parametrize("name", FORMATS)
def test_loader(name: str) -> None:
    users = torch.arange(SIZE[0])
    batch = next(iter(neighbor_loader(FORMATS[name](), users, -1, batch_size=4)))
    expected = next(iter(neighbor_loader(adjacency(), users, -1, batch_size=4)))
    named = "member" in batch.node_types
    assert named == (name in ("HeteroData", "repeated"))
    for side, other in (("user", "member"), ("item", "book")):
        found = batch[other if named else side].n_id
        assert torch.equal(found, expected[side].n_id)
    assert [batch[kind].num_edges for kind in batch.edge_types] == [6, 6]


def adjacency() -> BipartiteAdjacency:
    return BipartiteAdjacency.from_edge_index(PAIRS, SIZE)


def test_adjacency_of_any_format() -> None:
    found = bipartite_adjacency(hetero())
    assert torch.equal(found.item_rows.values(), adjacency().item_rows.values())
    assert bipartite_adjacency(found) is found


@pytest.mark.parametrize("wrong", [None, "pairs", 3, Data(edge_index=PAIRS)])
def test_what_holds_no_interactions(wrong: Any) -> None:
    data = hetero()
    data["member", "lent", "book"].edge_index = "pairs"
    with pytest.raises(ValueError, match=r"'graph' needs to hold i.*got str"):
        interaction_rows(data)
    with pytest.raises(
        ValueError, match=r"'observed' needs to hold interactions of us"
    ):
        UniformNegativeSampler()(wrong, 2)
    with pytest.raises(
        ValueError, match=r"'adjacency' needs to hold interactions of u"
    ):
        neighbor_loader(wrong, torch.arange(2))


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        (torch.tensor([[4], [0]]), r"'edge_index\[0\]' needs to be in \[0, 4\)"),
        (torch.tensor([[0], [-1]]), r"'edge_index\[1\]' needs to be in \[0, 6\)"),
        (torch.tensor([[0.0], [1.0]]), "needs to hold integers"),
        (torch.tensor([0, 1]), r"'edge_index' needs to be of shape \[2, num_edges\]"),
        (torch.eye(4), r"'edge_index' needs to be of shape \[2, num_edges\]"),
    ],
)
def test_pairs_that_do_not_fit(pairs: Tensor, message: str) -> None:
    for read in (interaction_rows, pair_rows):
        with pytest.raises(ValueError, match=message):
            read(pairs, SIZE)
