"""Lazy Adam against PyTorch's own Adam and SparseAdam."""

import pytest
import torch
from torch import Tensor

from tvdiff_pyg.training import LazyAdam

NUM_ROWS = 6
# Rows that the batches read, repeats included; row 5 is never read.
BATCHES = ([0, 1, 1, 2], [2, 3], [0, 4, 2], [2, 2])


def train(optimizer: type, sparse: bool, **options: object) -> list[Tensor]:
    """Return the table after each step."""
    torch.manual_seed(0)
    table = torch.nn.Embedding(NUM_ROWS, 3, sparse=sparse)
    optim = optimizer(table.parameters(), lr=0.1, **options)
    after = [table.weight.detach().clone()]
    for index in BATCHES:
        optim.zero_grad()
        table(torch.tensor(index)).square().sum().backward()
        optim.step()
        after.append(table.weight.detach().clone())
    return after


def test_dense_gradients_are_adam() -> None:
    torch.testing.assert_close(train(LazyAdam, False), train(torch.optim.Adam, False))


@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.5, 0.7)])
def test_sparse_gradients_are_sparse_adam(betas: tuple[float, float]) -> None:
    found = train(LazyAdam, True, betas=betas)
    expected = train(torch.optim.SparseAdam, True, betas=betas)
    torch.testing.assert_close(found, expected)


def test_only_read_rows_move() -> None:
    after = train(LazyAdam, True)
    for step, index in enumerate(BATCHES):
        moved = (after[step + 1] != after[step]).any(dim=1)
        assert moved.nonzero().view(-1).tolist() == sorted(set(index))


def test_where_lazy_and_dense_adam_differ() -> None:
    """Alike in rows that every batch reads; dense Adam also moves the others."""
    lazy, dense = train(LazyAdam, True), train(torch.optim.Adam, False)
    # The first step is the same: no moment has decayed yet.
    torch.testing.assert_close(lazy[1], dense[1])
    # Row 1 was read once: dense Adam goes on by momentum, lazy Adam stays.
    assert torch.equal(lazy[4][1], lazy[1][1])
    assert (dense[4][1] != dense[1][1]).all()


def test_state_survives_saving() -> None:
    table = torch.nn.Embedding(NUM_ROWS, 3, sparse=True)
    optim = LazyAdam(table.parameters(), lr=0.1)
    table(torch.tensor([0])).sum().backward()
    optim.step()
    again = LazyAdam(table.parameters(), lr=0.1)
    again.load_state_dict(optim.state_dict())
    expected = optim.state[table.weight]["exp_avg"]
    assert expected.any()
    assert torch.equal(again.state[table.weight]["exp_avg"], expected)
    assert again.state[table.weight]["step"] == 1
