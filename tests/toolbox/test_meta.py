"""The meta device: shapes without memory, and what fills a model after it."""

import pytest
import torch

from tests.toolbox.cases import (
    DRAWN,
    LAYERS,
    PAIRS,
    SIZE,
    inputs,
    model,
    models,
    step,
)
from tvdiff_pyg.diffusion import GaussianDiffusion
from tvdiff_pyg.models import MODELS, TrainableModel

drawn = pytest.mark.parametrize("name", DRAWN)


@drawn
def test_layers_tell_shapes_without_memory(name: str) -> None:
    expected = LAYERS[name]()(*inputs(name))
    with torch.device("meta"):
        layer = LAYERS[name]()
    args = torch.utils._pytree.tree_map(lambda x: x.to("meta"), inputs(name))
    found = layer(*args)
    for one, other in zip(
        *(out if isinstance(out, tuple) else (out,) for out in (found, expected)),
        strict=True,
    ):
        assert one.is_meta
        assert one.shape == other.shape


@drawn
def test_layers_are_filled_after_the_meta_device(name: str) -> None:
    with torch.device("meta"):
        layer = LAYERS[name]()
    layer.to_empty(device="cpu")
    other = LAYERS[name]()
    for one in (layer, other):
        torch.manual_seed(1)
        one.reset_parameters()
    torch.testing.assert_close(layer(*inputs(name)), other(*inputs(name)))


@models
def test_tvdiff_is_filled_after_the_meta_device(name: str) -> None:
    with torch.device("meta"):
        tvdiff = model(name)
    assert tvdiff.diffusion.betas.is_meta
    tvdiff.to_empty(device="cpu")
    for value in tvdiff.diffusion.buffers():
        value.fill_(torch.nan)
    other = model(name)
    for one in (tvdiff, other):
        torch.manual_seed(1)
        one.reset_parameters()
    torch.testing.assert_close(step(tvdiff), step(other))
    torch.testing.assert_close(
        tvdiff(tvdiff.adjacency(PAIRS)), other(other.adjacency(PAIRS))
    )


@models
def test_a_state_fills_what_was_on_the_meta_device(name: str) -> None:
    with torch.device("meta"):
        tvdiff = model(name)
    other = model(name)
    tvdiff.load_state_dict(other.state_dict(), assign=True)
    tvdiff.diffusion.to_empty(device="cpu").reset_parameters()
    torch.testing.assert_close(step(tvdiff), step(other))


@pytest.mark.parametrize(
    "name",
    [name for name in MODELS.names() if issubclass(MODELS[name].part, TrainableModel)],
)
def test_every_model_that_learns_is_filled(name: str) -> None:
    config = MODELS[name].config()
    with torch.device("meta"):
        model = config.build(*SIZE)
    model.to_empty(device="cpu")
    for value in [*model.parameters(), *model.buffers()]:
        value.detach().fill_(torch.nan if value.is_floating_point() else -1)
    model.reset_parameters()
    other = config.build(*SIZE)
    buffers = dict(other.named_buffers())
    for key, value in model.named_buffers():
        torch.testing.assert_close(value, buffers[key])
    assert all(value.isfinite().all() for value in model.parameters())
    shape = model.scorer(model.adjacency(PAIRS)).rank(torch.arange(2), k=1)[1].shape
    assert shape == (2, 1)


def test_a_first_variance_is_fixed_again() -> None:
    for fixed in (True, False):
        diffusion = GaussianDiffusion(4, fix_first_beta=fixed)
        expected = diffusion.betas.clone()
        diffusion.betas.zero_()
        diffusion.reset_parameters()
        assert torch.equal(diffusion.betas, expected)
