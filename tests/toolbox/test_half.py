"""Half precision: under autocast, and all of it."""

import pytest
import torch

from tests.toolbox.cases import (
    LAYERS,
    MATRIX,
    PAIRS,
    SIZE,
    inputs,
    layers,
    model,
    models,
    negatives,
    outputs,
    step,
)
from tvdiff_pyg.diffusion import GaussianDiffusion, ProjectedNoise
from tvdiff_pyg.loss import HelmholtzFreeEnergyLoss
from tvdiff_pyg.sparse import CSR

halves = pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])


@halves
@layers
def test_layers_in_half(name: str, dtype: torch.dtype) -> None:
    layer, args = LAYERS[name](), inputs(name)
    expected = outputs(layer, *args)
    with torch.autocast("cpu", dtype=dtype):
        autocast = outputs(layer, *args)
    half = torch.utils._pytree.tree_map(
        lambda x: x.to(dtype) if x.is_floating_point() else x, args
    )
    found = outputs(layer.to(dtype), *half)
    for one, other, wanted in zip(found, autocast, expected, strict=True):
        assert one.dtype == dtype
        torch.testing.assert_close(one.float(), wanted, rtol=2e-2, atol=2e-2)
        torch.testing.assert_close(other.float(), wanted, rtol=2e-2, atol=2e-2)


@halves
@pytest.mark.parametrize("negatives", ["uniform", "hard"])
@models
def test_training_in_half(name: str, negatives: str, dtype: torch.dtype) -> None:
    tvdiff = model(name, negatives=negatives, entropy_type="bce", accept_ratio=0.9)
    expected = step(tvdiff)
    with torch.autocast("cpu", dtype=dtype):
        autocast = step(tvdiff)
    found = step(tvdiff.to(dtype))
    for loss in (autocast, found):
        assert loss.dtype == torch.float
        torch.testing.assert_close(loss, expected, rtol=0.5, atol=0.5)
    found.backward()
    for parameter in tvdiff.parameters():
        assert parameter.grad.dtype == dtype
        assert parameter.grad.isfinite().all()


@halves
@models
def test_scores_of_half_are_in_single_precision(name: str, dtype: torch.dtype) -> None:
    tvdiff = model(name)
    adjacency = tvdiff.adjacency(PAIRS)
    user, item = tvdiff(adjacency)
    found = tvdiff.to(dtype)(adjacency)
    assert found[0].dtype == found[1].dtype == torch.float
    torch.testing.assert_close(
        found[0] @ found[1].t(), user @ item.t(), rtol=3e-2, atol=3e-2
    )


@halves
@pytest.mark.parametrize("entropy", ["bpr", "bce", "nll"])
def test_the_loss_of_half_factors_is_in_single_precision(
    entropy: str, dtype: torch.dtype
) -> None:
    factors = [torch.rand(size, 3).to(dtype).requires_grad_() for size in SIZE]
    observed = CSR.from_edge_index(PAIRS, SIZE)
    loss = HelmholtzFreeEnergyLoss(1.0, entropy)
    found = loss(*factors, observed, negative=negatives())
    expected = loss(
        *(x.detach().float() for x in factors), observed, negative=negatives()
    )
    torch.testing.assert_close(tuple(found), tuple(expected))
    found.free_energy.backward()
    assert factors[0].grad.dtype == dtype


@pytest.mark.parametrize("autocast", [True, False])
def test_sums_over_many_items_stay_in_range(autocast: bool) -> None:
    size = (1, 70_000)
    factors = torch.ones(1, 2), torch.ones(size[1], 2)
    if not autocast:
        factors = tuple(x.half() for x in factors)
    pairs = CSR.from_edge_index(torch.tensor([[0], [5]]), size)
    loss = HelmholtzFreeEnergyLoss(0.0)
    with torch.autocast("cpu", dtype=torch.float16, enabled=autocast):
        energy = loss(*factors, pairs).energy
    # Each pair scores 2.
    torch.testing.assert_close(energy, torch.tensor((4 * 69_999 + 1) / 70_000))


@halves
def test_noise_is_drawn_from_half_an_embedding(dtype: torch.dtype) -> None:
    weight = torch.randn(30, 4)
    noise = ProjectedNoise(weight.to(dtype))
    assert noise.draw(2).dtype == dtype
    factor = noise.factor.float()
    torch.testing.assert_close(
        factor.t() @ factor, weight.t() @ weight, rtol=3e-2, atol=0.5
    )


@halves
def test_coefficients_next_to_one_are_kept(dtype: torch.dtype) -> None:
    diffusion = GaussianDiffusion(50)
    expected = {name: value.clone() for name, value in diffusion.named_buffers()}
    for name, value in diffusion.to(dtype).named_buffers():
        assert torch.equal(value, expected[name])
    assert diffusion.double().betas.dtype == torch.double
    x_0 = torch.from_numpy(MATRIX.numpy()).to(dtype)
    timestep = torch.full((SIZE[0],), 49)
    assert diffusion.q_sample(x_0, timestep, torch.ones_like(x_0)).dtype == dtype
