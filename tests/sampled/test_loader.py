"""The sampled engine: its batches, and its loss against the exact engine."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch_geometric.data import HeteroData
from torch_geometric.loader import LinkNeighborLoader, NeighborLoader

from tests.builders import tvdiff
from tests.oracle import pairs_of, random_matrix
from tvdiff_pyg import TVDiff
from tvdiff_pyg.data.interaction_data import RATED_BY, RATES
from tvdiff_pyg.models.reference import to_dense
from tvdiff_pyg.sampled import neighbor_loader
from tvdiff_pyg.sampled.batch import TrainingBatch
from tvdiff_pyg.sparse import BipartiteAdjacency

SIZE = (40, 30)
PAIRS = pairs_of(random_matrix(*SIZE, density=0.25))
DENSE = torch.zeros(SIZE).index_put_(tuple(PAIRS), torch.ones(PAIRS.size(1)))
ADJACENCY = BipartiteAdjacency.from_edge_index(PAIRS, SIZE)
USERS, INTERACTIONS = torch.arange(SIZE[0]).flip(0), PAIRS[:, ::7]

DEFAULTS = {
    "hidden_channels": 6,
    "num_timesteps": 5,
    "noise_scale": 0.1,
    "dropout": 0.0,
}

parametrize_index = pytest.mark.parametrize(
    "index", [USERS, INTERACTIONS], ids=["users", "interactions"]
)


def one_batch(index: Tensor, *args: int, **kwargs: object) -> HeteroData:
    kwargs.setdefault("batch_size", index.size(-1))
    return next(iter(neighbor_loader(ADJACENCY, index, *args, **kwargs)))


def make_model(**kwargs: object) -> tuple[TVDiff, BipartiteAdjacency]:
    torch.manual_seed(0)
    model = tvdiff(*SIZE, **{**DEFAULTS, **kwargs}).double()
    return model, model.adjacency(PAIRS)


def loss_and_gradients(model: TVDiff, loss: Callable) -> list[Tensor]:
    model.zero_grad()
    torch.manual_seed(1)
    values = loss()
    values.free_energy.backward()
    gradients = [parameter.grad for parameter in model.parameters()]
    return [*values, *(g.to_dense() if g.is_sparse else g for g in gradients)]


def test_it_is_a_loader_of_pyg() -> None:
    assert isinstance(neighbor_loader(ADJACENCY, USERS), NeighborLoader)
    assert isinstance(neighbor_loader(ADJACENCY, INTERACTIONS), LinkNeighborLoader)


@parametrize_index
@pytest.mark.parametrize("num_neighbors", [2, -1])
@pytest.mark.parametrize("num_pool", [5, 30])
def test_a_batch_is_a_part_of_the_graph(
    index: Tensor, num_neighbors: int, num_pool: int
) -> None:
    torch.manual_seed(0)
    for batch in neighbor_loader(
        ADJACENCY, index, num_neighbors, num_pool, batch_size=7, shuffle=True
    ):
        user, item = batch["user"].n_id, batch["item"].n_id
        assert user.unique().numel() == user.numel() == batch["user"].num_nodes
        assert item.unique().numel() == item.numel() == batch["item"].num_nodes
        for kind, nodes in ((RATES, (user, item)), (RATED_BY, (item, user))):
            source, target = batch[kind].edge_index
            pairs = nodes[0][source], nodes[1][target]
            assert DENSE[pairs if kind == RATES else pairs[::-1]].all()
            assert (target[1:] >= target[:-1]).all()
            if num_neighbors > 0:
                assert target.bincount().max() <= num_neighbors
        # Every item that is read has its neighbours, every seed user theirs.
        num_seeds = batch["user"].num_sampled_nodes[0]
        cap = torch.inf if num_neighbors < 0 else num_neighbors
        for kind, degree in (
            (RATED_BY, DENSE.sum(dim=1)[user[:num_seeds]]),
            (RATES, DENSE.sum(dim=0)[item]),
        ):
            found = batch[kind].edge_index[1].bincount(minlength=degree.numel())
            assert torch.equal(found, degree.clamp(max=cap).long())
        assert batch[RATES].num_pool == num_pool
        assert torch.equal(item[:num_pool].unique(), item[:num_pool].sort().values)


def test_seeds_are_the_interactions() -> None:
    batch = one_batch(INTERACTIONS, 3, 5)
    user, item = batch[RATES].edge_label_index
    pairs = batch["user"].n_id[user], batch["item"].n_id[item]
    assert torch.equal(torch.stack(pairs), INTERACTIONS)


def test_seeds_are_the_users() -> None:
    batch = one_batch(USERS, 3, 5)
    assert torch.equal(batch["user"].n_id[: USERS.numel()], USERS)


@pytest.mark.parametrize(
    ("index", "entropy_type"),
    [(INTERACTIONS, "bpr"), (USERS, "bpr"), (USERS, "bce"), (USERS, "nll")],
    ids=["interactions-bpr", "users-bpr", "users-bce", "users-nll"],
)
@pytest.mark.parametrize("normalization", ["symmetric", "left", "linkprop", "none"])
@pytest.mark.parametrize("negatives", ["uniform", "hard"])
@pytest.mark.parametrize("sparse_grad", [True, False])
def test_with_all_neighbors_and_items_it_is_the_exact_engine(
    index: Tensor,
    normalization: str,
    negatives: str,
    entropy_type: str,
    sparse_grad: bool,
) -> None:
    model, adjacency = make_model(
        normalization=normalization,
        negatives=negatives,
        entropy_type=entropy_type,
        accept_ratio=0.3,
        sparse_grad=sparse_grad,
    )
    batch = one_batch(index, -1, SIZE[1])
    rows = (index,) if index.dim() == 1 else tuple(index)
    found = loss_and_gradients(model, lambda: model.sampled_loss(adjacency, batch))
    exact = loss_and_gradients(model, lambda: model.training_loss(adjacency, *rows))
    torch.testing.assert_close(found, exact)
    assert all(value.abs().sum() > 0 for value in found)


@parametrize_index
@pytest.mark.parametrize("num_layers", [1, 2, 3, 5])
@pytest.mark.parametrize("combine", ["last", "mean", "residual"])
def test_as_many_hops_as_layers_are_the_exact_engine(
    index: Tensor, num_layers: int, combine: str
) -> None:
    model, adjacency = make_model(
        denoiser="gcn", num_layers=num_layers, combine=combine, normalization="left"
    )
    # A pool of few items leaves out what is more hops away.
    rows = (index,) if index.dim() == 1 else tuple(index)
    batch = one_batch(index, -1, SIZE[1], num_layers)
    found = loss_and_gradients(model, lambda: model.sampled_loss(adjacency, batch))
    exact = loss_and_gradients(model, lambda: model.training_loss(adjacency, *rows))
    torch.testing.assert_close(found, exact)


@pytest.mark.parametrize("num_layers", [1, 2, 3, 4])
def test_every_layer_needs_its_hop(num_layers: int) -> None:
    """On the path u0 - i0 - u1 - i1 - ..., from u0 on."""
    steps = torch.arange(200)  # so long that the pool is nowhere near
    pairs = torch.cat([steps.repeat(2, 1), torch.stack([steps[1:], steps[:-1]])], dim=1)
    torch.manual_seed(0)
    options = {"denoiser": "gcn", "num_layers": num_layers, "entropy_type": "nll"}
    model = tvdiff(
        200, 200, hidden_channels=4, dropout=0.0, num_timesteps=1, **options
    ).double()
    adjacency = model.adjacency(pairs)
    found = {}
    model.loss_fn.register_forward_hook(lambda _, args, __: found.update(item=args[1]))

    user = torch.tensor([0])
    model.training_loss(adjacency, user)
    exact, reached = found["item"][0], []
    for hops in range(1, num_layers + 1):
        batch = next(iter(neighbor_loader(adjacency, user, -1, 1, hops)))
        model.sampled_loss(adjacency, batch)
        place = (batch["item"].n_id == 0).nonzero().item()
        reached.append(torch.allclose(found["item"][place], exact))
    assert reached == [False] * (num_layers - 1) + [True]


@parametrize_index
def test_capped_sums_are_unbiased(index: Tensor) -> None:
    """The mean of the weighted rows is the whole row, on both sides."""
    torch.manual_seed(0)
    draws = 400
    user_sum = torch.zeros(index.size(-1), SIZE[1])
    item_sum = torch.zeros(SIZE[::-1])
    count = torch.zeros(SIZE[1], 1)
    square = torch.zeros_like(item_sum)
    for _ in range(draws):
        batch = TrainingBatch.sampled(ADJACENCY, one_batch(index, 3, 8), "symmetric")
        assert batch.n_id is not None
        user, item = batch.n_id
        user_sum[:, item] += to_dense(batch.observed)
        rows = torch.zeros(item.numel(), SIZE[0])
        rows[:, user] = to_dense(batch.item_rows)
        item_sum[item] += rows
        square[item] += rows.square()
        count[item] += 1
    row = index if index.dim() == 1 else index[0]
    torch.testing.assert_close(user_sum / draws, DENSE[row], atol=0.5, rtol=0)
    mean = item_sum / count
    deviation = ((square / count - mean.square()).clamp(min=0) / count).sqrt()
    whole = to_dense(ADJACENCY.item_rows)
    assert ((mean - whole).abs() <= 5 * deviation + 1e-6).all()


@parametrize_index
@pytest.mark.parametrize("negatives", ["uniform", "hard"])
def test_negatives_are_never_observed(index: Tensor, negatives: str) -> None:
    model, adjacency = make_model(negatives=negatives, accept_ratio=1.0)
    drawn = []
    model.sampler.register_forward_hook(lambda *call: drawn.append(call[2]))
    batch = one_batch(index, 2, 10)
    model.sampled_loss(adjacency, batch)
    user = batch["user"].n_id[: batch["user"].num_sampled_nodes[0]]
    user = user[batch[RATES].edge_label_index[0]] if index.dim() == 2 else user
    item = batch["item"].n_id[drawn[0].col]
    assert drawn[0].nnz > 0
    assert not DENSE[user[drawn[0].row()], item].any()


def test_the_energy_is_unbiased_over_pools() -> None:
    """With all neighbours, only the pool is random: its mean is the exact energy."""
    model, adjacency = make_model(entropy_type="nll", num_timesteps=1, noise_scale=1e-6)
    few = USERS[:2]  # whose items are not nearly all
    exact = model.training_loss(adjacency, few).energy
    torch.manual_seed(0)
    energy = torch.stack(
        [
            model.sampled_loss(adjacency, one_batch(few, -1, 6)).energy
            for _ in range(200)
        ]
    )
    deviation = energy.std() / 200**0.5
    assert deviation > 1e-5
    assert abs(energy.mean() - exact) < 4 * deviation + 1e-6


@parametrize_index
def test_sparse_gradients_are_the_rows_of_dense_ones(index: Tensor) -> None:
    batch = one_batch(index, 2, 4)

    def gradients(sparse: bool) -> list[Tensor]:
        model, adjacency = make_model(sparse_grad=sparse)
        found = loss_and_gradients(model, lambda: model.sampled_loss(adjacency, batch))
        assert model.denoiser.item_embedding.weight.grad.is_sparse is sparse
        assert model.denoiser.user_embedding.weight.grad.is_sparse is sparse
        return found

    torch.testing.assert_close(gradients(True), gradients(False))


@pytest.mark.parametrize("num_workers", [0, 1])
def test_a_seed_repeats_the_batches(num_workers: int) -> None:
    def first_ids() -> list[list[int]]:
        torch.manual_seed(0)
        loader = neighbor_loader(
            ADJACENCY,
            USERS,
            2,
            5,
            batch_size=15,
            shuffle=True,
            num_workers=num_workers,
        )
        return [batch["item"].n_id.tolist() for batch in loader]

    first = first_ids()
    assert first == first_ids()
    assert first[0] != first[1]


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"num_neighbors": 0}, r"'num_neighbors' needs to be at least 1.*\(got 0\)"),
        ({"num_pool": 0}, r"'num_pool' needs to be at least 1 \(got 0\)"),
        ({"num_layers": 0}, r"'num_layers' needs to be at least 1 \(got 0\)"),
    ],
)
def test_arguments_are_checked(kwargs: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        neighbor_loader(ADJACENCY, USERS, **kwargs)
