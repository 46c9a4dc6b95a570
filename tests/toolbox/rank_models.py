"""What both processes train, and whether they come to the same."""

import torch
from torch import Tensor
from torch.nn import Module

from tests.toolbox.cases import PAIRS
from tvdiff_pyg.models import TVDiff


class Step(Module):
    """A training step as a module, for what wraps modules."""

    def __init__(self, model: TVDiff) -> None:
        super().__init__()
        self.model = model

    def forward(self, user: Tensor, seed: int = 0) -> Tensor:
        generator = torch.Generator().manual_seed(seed + int(user[0]))
        adjacency = self.model.adjacency(PAIRS)
        return self.model.training_loss(adjacency, user, generator=generator)[0]


def whole(gradient: Tensor) -> Tensor:
    """A gradient that may be row-sparse or sharded."""
    if gradient.is_sparse:
        return gradient.to_dense()
    return gradient.full_tensor() if hasattr(gradient, "full_tensor") else gradient


def assert_same_gradients(module: Module, other: Module) -> None:
    for one, two in zip(module.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(whole(one.grad), whole(two.grad))
