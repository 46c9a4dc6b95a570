"""Gradients of first and second order against differences, for all that is learned."""

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck
from torch.func import functional_call

from tests.toolbox.cases import (
    DENOISERS,
    PAIRS,
    SIZE,
    TIMESTEP,
    denoisers,
    model,
    models,
    negatives,
    step,
)
from tvdiff_pyg.loss import HelmholtzFreeEnergyLoss
from tvdiff_pyg.sparse import CSR


@pytest.mark.parametrize("fuse", [True, False])
@denoisers
def test_denoisers(name: str, fuse: bool) -> None:
    denoiser = DENOISERS[name]().double()
    denoiser.fuse = fuse
    names = [name for name, _ in denoiser.named_parameters()]
    weight = torch.linspace(0.5, 2, PAIRS.size(1), dtype=torch.double)
    noise = torch.ones(SIZE[0], denoiser.hidden_channels, dtype=torch.double)
    inputs = [x.requires_grad_() for x in (weight, noise, *denoiser.parameters())]

    def factors(weight: Tensor, noise: Tensor, *parameters: Tensor) -> Tensor:
        state = dict(zip(names, parameters, strict=True))
        return functional_call(denoiser, state, (PAIRS, TIMESTEP, weight, noise))

    assert gradcheck(factors, inputs, fast_mode=True)
    assert gradgradcheck(factors, inputs, fast_mode=True)


@pytest.mark.parametrize("entropy", ["bpr", "bce", "nll"])
def test_the_loss(entropy: str) -> None:
    observed = CSR.from_edge_index(PAIRS, SIZE)
    loss = HelmholtzFreeEnergyLoss(1.0, entropy)
    generator = torch.manual_seed(0)
    inputs = [
        torch.randn(size, 2, generator=generator, dtype=torch.double).requires_grad_()
        for size in SIZE
    ]

    def free_energy(user: Tensor, item: Tensor) -> Tensor:
        return loss(user, item, observed, negative=negatives()).free_energy

    assert gradcheck(free_energy, inputs)
    assert gradgradcheck(free_energy, inputs)


@models
def test_training_steps(name: str) -> None:
    tvdiff = model(name).double()
    parameters = list(tvdiff.parameters())
    assert gradcheck(lambda *_: step(tvdiff), parameters, fast_mode=True)
