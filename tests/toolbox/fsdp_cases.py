"""FSDP2: sharded parameters give the same, in ``forward`` and in methods that are
registered; elsewhere one sentence is raised.
"""

from functools import partial

import torch
from torch import Tensor
from torch.distributed.fsdp import (
    MixedPrecisionPolicy,
    fully_shard,
    register_fsdp_forward_method,
)
from torch.nn import Module

from tests.toolbox.cases import (
    CHANNELS,
    DENOISERS,
    MODELS,
    PAIRS,
    SIZE,
    TIMESTEP,
)
from tests.toolbox.cases import model as make_model
from tests.toolbox.rank_models import Step, assert_same_gradients
from tvdiff_pyg.diffusion import ProjectedNoise
from tvdiff_pyg.models import TVDiff
from tvdiff_pyg.nn import Denoiser
from tvdiff_pyg.sparse import BipartiteAdjacency

ADJACENCY = BipartiteAdjacency.from_edge_index(PAIRS, SIZE)
USER = torch.arange(SIZE[0])
TOWERS = ("embed", "project", "user_factor", "item_factor")


def shard_towers(denoiser: Denoiser) -> None:
    """The way that the documentation shows, for what needs no gradient."""
    fully_shard(denoiser, reshard_after_forward=False)
    for name in TOWERS:
        register_fsdp_forward_method(denoiser, name)


def shard_model(tvdiff: TVDiff, **options: object) -> None:
    """The way that the documentation shows, for training and ranking."""
    fully_shard(tvdiff, **options)
    for name in ("training_loss", "sampled_loss", "scorer"):
        register_fsdp_forward_method(tvdiff, name)


def factors_by_towers(denoiser: Denoiser) -> tuple[Tensor, Tensor]:
    """As :meth:`Denoiser.forward`, with noise, from one method after another."""
    rows = ADJACENCY.item_rows
    source, embedding = denoiser.embed(rows)
    noise = ProjectedNoise(embedding, generator=torch.manual_seed(0))
    hidden = denoiser.project(ADJACENCY.user_rows, embedding=embedding)
    hidden = denoiser.add_user_features(hidden + noise.draw(SIZE[0]))
    item_factor = denoiser.item_factor(rows, rows.value, None, source)
    return denoiser.user_factor(hidden, TIMESTEP), item_factor


class Loop(Module):
    """A step of one's own, all of it in ``forward``."""

    def __init__(self, denoiser: Denoiser) -> None:
        super().__init__()
        self.denoiser = denoiser

    def forward(self) -> Tensor:
        user_factor, item_factor = factors_by_towers(self.denoiser)
        return user_factor.sum() + item_factor.square().sum()


def assert_alike(losses: list[Tensor], modules: tuple[Module, Module]) -> None:
    torch.testing.assert_close(*losses)
    for loss in losses:
        loss.backward()
    assert_same_gradients(*modules)


def forward(name: str) -> None:
    modules = DENOISERS[name](), DENOISERS[name]()
    fully_shard(modules[0])
    factors = [module(PAIRS, TIMESTEP) for module in modules]
    losses = [user.sum() + item.square().sum() for user, item in factors]
    assert_alike(losses, modules)


@torch.no_grad()
def towers(name: str) -> None:
    modules = DENOISERS[name](), DENOISERS[name]()
    shard_towers(modules[0])
    for _ in range(2):
        torch.testing.assert_close(*(factors_by_towers(one) for one in modules))
        rows = ADJACENCY.user_rows
        torch.testing.assert_close(*(module.project(rows) for module in modules))
        torch.testing.assert_close(*(module.item_factor(PAIRS) for module in modules))
        torch.testing.assert_close(*(module(PAIRS, TIMESTEP) for module in modules))


def loop(name: str) -> None:
    modules = Loop(DENOISERS[name]()), Loop(DENOISERS[name]())
    fully_shard(modules[0])
    for _ in range(2):
        assert_alike([module() for module in modules], modules)


def training(name: str) -> None:
    """Steps, rankings between them, and steps again."""
    models = make_model(name), make_model(name)
    shard_model(models[0])
    for seed in range(3):
        assert_alike([Step(model)(USER, seed) for model in models], models)
        for model in models:
            torch.optim.SGD(model.parameters(), 0.1).step()
            model.zero_grad()
        scorers = [model.scorer(ADJACENCY) for model in models]
        torch.testing.assert_close(*(scorer.known(USER) for scorer in scorers))
        torch.testing.assert_close(*(model(ADJACENCY) for model in models))


def from_meta(name: str) -> None:
    with torch.device("meta"):
        model = make_model(name)
    shard_model(model)
    model.to_empty(device="cpu")
    model.reset_parameters()
    betas = make_model(name).diffusion.betas
    torch.testing.assert_close(model.diffusion.betas, betas)
    loss = Step(model)(USER)
    assert loss.isfinite()
    loss.backward()


def mixed_precision(name: str) -> None:
    models = make_model(name), make_model(name)
    shard_model(models[0], mp_policy=MixedPrecisionPolicy(torch.bfloat16))
    found, expected = (model(ADJACENCY) for model in models)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=0.02, atol=0.02)
    loss = Step(models[0])(USER)
    assert loss.dtype == torch.float
    loss.backward()


def raises(call: object, message: str) -> None:
    try:
        call()
    except ValueError as error:
        assert message in str(error), error
    else:
        raise AssertionError("nothing was raised")


def outside_forward(name: str) -> None:
    module = DENOISERS[name]()
    fully_shard(module)
    hidden = torch.zeros(SIZE[0], CHANNELS)
    message = "'register_fsdp_forward_method'"
    raises(lambda: module.project(ADJACENCY.user_rows), message)
    raises(lambda: module.item_factor(ADJACENCY.item_rows), message)
    raises(lambda: module.user_factor(hidden, TIMESTEP), message)


def freed_between_methods(name: str) -> None:
    tvdiff = make_model(name)
    fully_shard(tvdiff.denoiser)
    for method in TOWERS:
        register_fsdp_forward_method(tvdiff.denoiser, method)
    shard_model(tvdiff)  # so that the denoiser frees what it has gathered
    raises(lambda: Step(tvdiff)(USER), "'reshard_after_forward=False'")


CASES = {
    f"{name}, {case.__name__.replace('_', ' ')}": partial(case, name)
    for names, tried in (
        (DENOISERS, (forward, towers, loop, outside_forward)),
        (MODELS, (training, from_meta, mixed_precision)),
        (("anisotropic", "mlp"), (freed_between_methods,)),
    )
    for name in names
    for case in tried
}
