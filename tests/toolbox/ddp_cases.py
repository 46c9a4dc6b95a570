"""DistributedDataParallel: gradients are the averages of both processes' batches."""

from functools import partial

import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn import Module
from torch.nn.parallel import DistributedDataParallel

from tests.toolbox.cases import DENOISERS, MODELS, model
from tests.toolbox.rank_models import Step, assert_same_gradients

# Users, items and edges of each process's sampled neighbours.
BATCHES = [
    (torch.tensor([0, 1]), torch.tensor([0, 2, 4]), [[0, 0, 1], [0, 1, 2]]),
    (torch.tensor([3, 2]), torch.tensor([1, 3]), [[0, 1], [0, 1]]),
]
USERS = torch.tensor([[0, 1], [2, 3]])


def batch_loss(module: Module, rank: int) -> Tensor:
    user, item, pairs = BATCHES[rank]
    factors = module(torch.tensor(pairs), 1, n_id=(user, item))
    return factors[0].sum() + factors[1].square().sum()


def sampled_neighbours(name: str, sparse: bool) -> None:
    module, other = (DENOISERS[name](sparse=sparse) for _ in range(2))
    wrapped = DistributedDataParallel(module)
    batch_loss(wrapped, dist.get_rank()).backward()
    (sum(batch_loss(other, rank) for rank in range(2)) / 2).backward()
    assert_same_gradients(module, other)
    if module.item_embedding is not None:
        assert module.item_embedding.weight.grad.is_sparse == sparse


def training_steps(name: str) -> None:
    trained, other = model(name), Step(model(name))
    wrapped = DistributedDataParallel(Step(trained))
    wrapped(USERS[dist.get_rank()]).backward()
    (sum(other(user) for user in USERS) / 2).backward()
    assert_same_gradients(trained, other)


CASES = {
    f"{name}, {'sparse' if sparse else 'dense'}": partial(
        sampled_neighbours, name, sparse
    )
    for name in DENOISERS
    for sparse in (False, True)
}
CASES |= {f"{name}, TVDiff": partial(training_steps, name) for name in MODELS}
