"""``torch.func``: layers, loss and TV-Diff as functions of their parameters."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.func import (
    functional_call,
    grad,
    hessian,
    jacfwd,
    jacrev,
    stack_module_state,
    vmap,
)
from torch.nn import Module

from tests.toolbox.cases import (
    DENOISERS,
    PAIRS,
    SIZE,
    TIMESTEP,
    denoisers,
    inputs,
    model,
    models,
    negatives,
    step,
)
from tvdiff_pyg.diffusion import GaussianDiffusion
from tvdiff_pyg.loss import HelmholtzFreeEnergyLoss
from tvdiff_pyg.models import TVDiff
from tvdiff_pyg.sparse import CSR, gram, pair_scores, spmm


def assert_same_gradients(
    loss: Callable[[dict[str, Tensor]], Tensor], module: Module
) -> None:
    parameters = dict(module.named_parameters())
    found = grad(loss)({name: p.detach() for name, p in parameters.items()})
    expected = torch.autograd.grad(
        loss(parameters), list(parameters.values()), allow_unused=True
    )
    for one, other in zip(found.values(), expected, strict=True):
        torch.testing.assert_close(
            one, torch.zeros_like(one) if other is None else other
        )


@denoisers
def test_gradients_of_all_parameters(name: str) -> None:
    denoiser = DENOISERS[name]().double()

    def loss(parameters: dict[str, Tensor]) -> Tensor:
        user, item = functional_call(denoiser, parameters, inputs(name))
        return (user.square().sum() + item.sum()).sin()

    assert_same_gradients(loss, denoiser)


class Step(Module):
    """A training step as a function of the parameters."""

    def __init__(self, tvdiff: TVDiff) -> None:
        super().__init__()
        self.tvdiff = tvdiff

    def forward(self) -> Tensor:
        return step(self.tvdiff)


@models
@pytest.mark.parametrize("negatives", ["uniform", "hard"])
def test_gradients_of_a_training_step(name: str, negatives: str) -> None:
    training = Step(model(name, negatives=negatives, accept_ratio=0.5).double())
    assert_same_gradients(lambda p: functional_call(training, p, ()), training)


@denoisers
def test_an_ensemble_is_mapped_over(name: str) -> None:
    members = [DENOISERS[name]() for _ in range(3)]
    for seed, member in enumerate(members):
        torch.manual_seed(seed)
        member.reset_parameters()
    parameters, buffers = stack_module_state(members)

    def call(parameters: dict[str, Tensor], buffers: dict[str, Tensor]) -> Tensor:
        return functional_call(members[0], (parameters, buffers), inputs(name))

    found = vmap(call)(parameters, buffers)
    for index, member in enumerate(members):
        for one, other in zip(found, member(*inputs(name)), strict=True):
            torch.testing.assert_close(one[index], other)


@denoisers
def test_noise_is_mapped_over(name: str) -> None:
    denoiser = DENOISERS[name]()
    noise = torch.randn(2, SIZE[0], denoiser.hidden_channels)
    found = vmap(lambda one: denoiser(PAIRS, TIMESTEP, noise=one)[0])(noise)
    expected = denoiser(PAIRS, TIMESTEP, noise=noise[1])[0]
    torch.testing.assert_close(found[1], expected)


@denoisers
def test_timesteps_are_mapped_over(name: str) -> None:
    denoiser = DENOISERS[name]()
    found = vmap(lambda one: denoiser(PAIRS, one)[0])(torch.arange(2))
    torch.testing.assert_close(found[1], denoiser(PAIRS, 1)[0])
    diffusion, x_0 = GaussianDiffusion(2), torch.ones(3, 2)
    found = vmap(lambda one: diffusion.q_sample(x_0, one, x_0))(torch.arange(2))
    torch.testing.assert_close(found[1], diffusion.q_sample(x_0, 1, x_0))


OBSERVED = CSR.from_edge_index(PAIRS, SIZE)
FACTORS = tuple(
    torch.randn(size, 2, dtype=torch.double, generator=torch.manual_seed(size))
    for size in SIZE
)


@pytest.mark.parametrize("entropy", ["bpr", "bce", "nll"])
def test_every_derivative_of_the_loss(entropy: str) -> None:
    loss_fn = HelmholtzFreeEnergyLoss(1.0, entropy)

    def loss(user: Tensor, item: Tensor) -> Tensor:
        observed = CSR.from_edge_index(PAIRS, SIZE)  # which remembers nothing yet
        return loss_fn(user, item, observed, negative=negatives()).free_energy

    inputs = tuple(x.clone().requires_grad_() for x in FACTORS)
    expected = torch.autograd.grad(loss(*inputs), inputs)
    torch.testing.assert_close(grad(loss, (0, 1))(*FACTORS), expected)
    torch.testing.assert_close(jacfwd(loss, (0, 1))(*FACTORS), expected)
    wanted = torch.autograd.functional.hessian(loss, inputs)
    torch.testing.assert_close(hessian(loss, (0, 1))(*FACTORS), wanted)
    many = vmap(loss)(*(torch.stack([x, 2 * x]) for x in FACTORS))
    torch.testing.assert_close(many[1], loss(*(2 * x for x in FACTORS)))


VALUE = torch.rand(OBSERVED.nnz, dtype=torch.double)
PRODUCTS = {
    "spmm": lambda x: spmm(OBSERVED.with_value(VALUE), x),
    "spmm without values": lambda x: spmm(OBSERVED, x),
    "pair_scores": lambda x: pair_scores(OBSERVED, FACTORS[0], x),
    "gram": gram,
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_products_are_transformed(name: str) -> None:
    product, x = PRODUCTS[name], FACTORS[1]
    expected = torch.autograd.functional.jacobian(product, x)
    torch.testing.assert_close(jacrev(product)(x), expected)
    torch.testing.assert_close(jacfwd(product)(x), expected)
    vectorised = torch.autograd.functional.jacobian(product, x, vectorize=True)
    torch.testing.assert_close(vectorised, expected)
    torch.testing.assert_close(vmap(product)(torch.stack([x, -x]))[1], product(-x))


def test_what_was_found_in_a_transform_is_not_remembered() -> None:
    rows = CSR.from_edge_index(PAIRS, SIZE).with_value(VALUE)
    grad(lambda x: spmm(rows.transpose(), x).sum())(FACTORS[0])
    assert torch.equal(rows.transpose().col, OBSERVED.transpose().col)
    assert rows.transpose().transpose() is rows
    spmm(rows, FACTORS[1].clone().requires_grad_()).sum().backward()
