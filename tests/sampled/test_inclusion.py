"""What an item of a batch stands for: sums over the catalogue stay unbiased."""

from itertools import combinations, product

import pytest
import torch
from torch import Tensor

from tests.builders import tvdiff
from tests.oracle import pairs_of, random_matrix
from tvdiff_pyg.models import TVDiff
from tvdiff_pyg.sampled import TrainingBatch, items_stood_for, neighbor_loader
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency

SIZE = (40, 30)
PAIRS = pairs_of(random_matrix(*SIZE, density=0.2))
USERS = torch.arange(SIZE[0])


def rows(items: list[list[int]], num_items: int) -> CSR:
    pairs = [(user, item) for user, some in enumerate(items) for item in sorted(some)]
    index = torch.tensor(pairs, dtype=torch.long).reshape(-1, 2).t()
    return CSR.from_edge_index(index, (len(items), num_items))


@pytest.mark.parametrize("num_pool", [1, 2, 5])
@pytest.mark.parametrize("cap", [1, 2])
def test_each_item_counts_once_on_average_over_all_batches(
    num_pool: int, cap: int
) -> None:
    """All pools and all draws, each as likely as the others."""
    histories = [[0, 1, 3], [1, 3], [], [3]]
    history = rows(histories, 5)
    choices = [list(combinations(one, min(cap, len(one)))) for one in histories]
    found, batches = torch.zeros(5), 0
    for pool in combinations(range(5), num_pool):
        for drawn in product(*choices):
            others = sorted({one for some in drawn for one in some} - set(pool))
            item = torch.tensor([*pool, *others])
            place = {one: at for at, one in enumerate(item.tolist())}
            local = rows([[place[one] for one in some] for some in drawn], len(item))
            weight = items_stood_for(local, history, item, num_pool)
            found[item] += weight
            batches += 1
            assert (weight >= 1 - 1e-6).all()
    torch.testing.assert_close(found / batches, torch.ones(5))


def test_what_is_there_for_other_reasons_does_not_count() -> None:
    history, item = rows([[0, 1]], 6), torch.tensor([5, 0, 1, 2, 3])
    drawn = rows([[1]], 5)
    weight = items_stood_for(drawn, history, item, 1, torch.tensor([3]))
    expected = 1 - 5 / 6 * 1 / 2
    torch.testing.assert_close(weight, torch.tensor([6.0, 1 / expected, 0.0, 1.0, 0.0]))


@pytest.fixture
def model() -> TVDiff:
    torch.manual_seed(0)
    return tvdiff(*SIZE, hidden_channels=6, num_timesteps=1, entropy_type="nll")


@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("links", [False, True])
def test_batches_count_the_catalogue(links: bool, num_layers: int) -> None:
    adjacency = BipartiteAdjacency.from_edge_index(PAIRS, SIZE)
    index = PAIRS if links else USERS
    torch.manual_seed(1)
    counts = []
    for _ in range(40):
        loader = neighbor_loader(
            adjacency, index, 3, 6, num_layers, batch_size=10, shuffle=True
        )
        batch = TrainingBatch.sampled(adjacency, next(iter(loader)), "symmetric")
        assert batch.item_weight is not None
        assert batch.item_weight.numel() == batch.ids()[1].numel()
        counts.append(batch.item_weight.sum())
    count = torch.stack(counts)
    assert abs(count.mean() - SIZE[1]) < 4 * count.std() / 40**0.5 + 1e-4


def energies(model: TVDiff, adjacency: BipartiteAdjacency, pool_alone: bool) -> Tensor:
    torch.manual_seed(0)
    found = []
    for _ in range(60):
        batch = next(iter(neighbor_loader(adjacency, USERS, -1, 6, batch_size=40)))
        sampled = TrainingBatch.sampled(adjacency, batch, "symmetric", True)
        assert sampled.item_weight is not None
        weight = sampled.item_weight
        if pool_alone:
            weight = torch.zeros_like(weight)
            weight[:6] = SIZE[1] / 6
        source, _ = model.denoiser.look_up(sampled.n_id)
        factor = model.denoiser.item_factor(
            sampled.item_rows, sampled.item_rows.value, sampled.n_id, source
        )
        found.append((weight * factor.pow(2).sum(1)).sum().detach())
    return torch.stack(found)


def test_sums_over_the_catalogue_are_steadier_than_those_of_the_pool(
    model: TVDiff,
) -> None:
    adjacency = model.adjacency(PAIRS)
    exact = model.denoiser.item_factor(adjacency.item_rows, adjacency.item_rows.value)
    expected = exact.pow(2).sum().detach()
    ours, pool = energies(model, adjacency, False), energies(model, adjacency, True)
    # All items of all users are read: what nobody had is the pool's alone.
    assert ours.std() < 0.05 * pool.std()
    for found in (ours, pool):
        assert abs(found.mean() - expected) < 4 * found.std() / 60**0.5 + 1e-4
