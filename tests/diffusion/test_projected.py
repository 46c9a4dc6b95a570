"""Noise drawn in the projection has the distribution of projected noise."""

import pytest
import torch
from torch import Tensor

from tests.oracle import assert_covariance, assert_mean
from tvdiff_pyg.diffusion import ProjectedNoise

NUM_DRAWS = 20_000
# More items than channels go through a Cholesky factor, fewer are used as they are.
SHAPES = [(12, 4), (4, 4), (3, 4), (1, 1)]


def make_weight(num_items: int, channels: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(num_items, channels, generator=generator, dtype=torch.float64)
    return weight * torch.linspace(0.5, 2, channels)


@pytest.mark.parametrize("dropout", [0.0, 0.75])
@pytest.mark.parametrize("shape", SHAPES)
def test_mean_and_covariance_of_draws(shape: tuple[int, int], dropout: float) -> None:
    weight = make_weight(*shape)
    generator = torch.Generator().manual_seed(1)
    draws = ProjectedNoise(weight, dropout=dropout, generator=generator).draw(NUM_DRAWS)
    assert_mean(draws, 0.0)
    assert_covariance(draws, weight.t() @ weight / (1 - dropout))


@pytest.mark.parametrize("shape", SHAPES)
def test_covariance_and_its_gradient_are_exact(shape: tuple[int, int]) -> None:
    weight = make_weight(*shape).requires_grad_()
    probe = torch.randn(shape[1], shape[1], dtype=torch.float64)
    factor = ProjectedNoise(weight).factor
    covariance = factor.t() @ factor
    # The diagonal is lifted by at most 1e-7 of its mean.
    torch.testing.assert_close(covariance, weight.t() @ weight, rtol=1e-6, atol=1e-6)
    (gradient,) = torch.autograd.grad((covariance * probe).sum(), weight)
    expected = weight @ (probe + probe.t())
    torch.testing.assert_close(gradient, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_subsets_match_in_expectation(dropout: float) -> None:
    weight = make_weight(12, 4)
    generator = torch.Generator().manual_seed(2)
    covariances = []
    for _ in range(3000):
        factor = ProjectedNoise(weight, 3, dropout, generator).factor
        assert factor.shape == (3, 4)
        covariances.append(factor.t() @ factor)
    assert_mean(torch.stack(covariances), weight.t() @ weight / (1 - dropout))


@pytest.mark.parametrize("num_rows", [9, 3])
def test_a_pool_of_items_stands_for_all(num_rows: int) -> None:
    weight = make_weight(12, 4)[:num_rows].requires_grad_()
    noise = ProjectedNoise(weight, num_items=12)
    # No more is drawn than there are channels.
    assert noise.factor.shape == (min(num_rows, 4), 4)
    covariance, expected = noise.factor.t() @ noise.factor, weight.t() @ weight
    expected = expected * (12 / num_rows)
    torch.testing.assert_close(covariance, expected, rtol=1e-6, atol=1e-6)
    probe = make_weight(4, 4)
    found, exact = (
        torch.autograd.grad((one * probe).sum(), weight, retain_graph=True)[0]
        for one in (covariance, expected)
    )
    torch.testing.assert_close(found, exact, rtol=1e-5, atol=1e-5)


def test_draws_of_a_subset_have_its_covariance() -> None:
    noise = ProjectedNoise(make_weight(12, 4), 3, generator=torch.manual_seed(0))
    draws = noise.draw(NUM_DRAWS)
    assert_mean(draws, 0.0)
    assert_covariance(draws, noise.factor.t() @ noise.factor)


@pytest.mark.parametrize("num_noise_items", [12, 99])
def test_a_subset_of_all_items_is_exact(num_noise_items: int) -> None:
    weight = make_weight(12, 4)
    factor = ProjectedNoise(weight, num_noise_items).factor
    torch.testing.assert_close(factor, ProjectedNoise(weight).factor)


@pytest.mark.parametrize("num_noise_items", [None, 3])
def test_gradient_reaches_the_embedding(num_noise_items: int | None) -> None:
    weight = make_weight(12, 4).requires_grad_()
    generator = torch.Generator().manual_seed(0)
    ProjectedNoise(weight, num_noise_items, generator=generator).draw(
        5
    ).sum().backward()
    assert weight.grad is not None
    assert weight.grad.isfinite().all()
    assert weight.grad.any()


@pytest.mark.parametrize(
    "weight",
    [torch.ones(9, 3), torch.zeros(9, 3), torch.eye(3)[[0] * 9]],
    ids=["equal channels", "zero", "one channel"],
)
def test_a_singular_covariance_is_drawn_from(weight: Tensor) -> None:
    noise = ProjectedNoise(weight, generator=torch.manual_seed(0))
    covariance = noise.factor.t() @ noise.factor
    torch.testing.assert_close(covariance, weight.t() @ weight, rtol=0, atol=1e-2)
    assert noise.draw(5).isfinite().all()


def test_draws_are_seeded() -> None:
    weight = make_weight(12, 4)
    one, other = (
        ProjectedNoise(weight, 5, generator=torch.Generator().manual_seed(3)).draw(2)
        for _ in range(2)
    )
    assert torch.equal(one, other)


def test_error() -> None:
    message = r"'num_noise_items' needs to be at least 1 \(got 0\)"
    with pytest.raises(ValueError, match=message):
        ProjectedNoise(make_weight(12, 4), num_noise_items=0)
    with pytest.raises(ValueError, match=r"'dropout' needs to be in \[0, 1\) \(got 1"):
        ProjectedNoise(make_weight(12, 4), dropout=1.0)
    with pytest.raises(ValueError, match=r"'batch_size' needs to be at least 0"):
        ProjectedNoise(make_weight(12, 4)).draw(-1)
