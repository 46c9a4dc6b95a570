"""``torch.compile``: each in one graph, which other numbers of edges fit, too."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import Module

from tests.nn.formats import FORMATS as EDGES
from tests.nn.formats import PAIRS as MANY
from tests.nn.formats import SIZE as LARGE
from tests.toolbox.cases import (
    DENOISERS,
    FEWER,
    LAYERS,
    PAIRS,
    SIZE,
    TIMESTEP,
    inputs,
    layers,
    model,
    models,
    negatives,
    outputs,
    step,
    traced,
)
from tvdiff_pyg.loss import HelmholtzFreeEnergyLoss
from tvdiff_pyg.nn import AnisotropicDenoiser
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency

pytestmark = traced


def compiled(function: Any, backend: str = "aot_eager", dynamic: bool = True) -> Any:
    torch.compiler.reset()
    return torch.compile(function, backend=backend, fullgraph=True, dynamic=dynamic)


def gradients(layer: Module, *args: object) -> list[Tensor | None]:
    """Those of all parameters, for some function of what is answered."""
    layer.zero_grad()
    sum(out.square().sum() for out in outputs(layer, *args)).backward()
    return [parameter.grad for parameter in layer.parameters()]


def assert_compiles(name: str, backend: str) -> None:
    layer = LAYERS[name]()
    call = compiled(layer, backend)
    torch.testing.assert_close(call(*inputs(name)), layer(*inputs(name)))
    with torch.compiler.set_stance("fail_on_recompile"):
        fewer = inputs(name, FEWER)
        torch.testing.assert_close(call(*fewer), layer(*fewer))
    if name != "operator":
        found = gradients(call, *inputs(name))
        torch.testing.assert_close(found, gradients(layer, *inputs(name)))


@pytest.mark.slow
@layers
def test_layers_compile_to_one_graph(name: str) -> None:
    assert_compiles(name, "aot_eager")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["operator", "gcn, weights"])
def test_layers_compile_to_kernels(name: str) -> None:
    assert_compiles(name, "inductor")


@pytest.mark.slow
def test_batches_of_sampled_neighbours_compile() -> None:
    denoiser = DENOISERS["gcn, weights"](dropout=0.5)
    user, item = torch.tensor([3, 1]), torch.tensor([5, 0, 2])
    pairs, back = torch.tensor([[0, 1, 1], [2, 0, 1]]), torch.tensor([[0, 2], [1, 0]])
    options = {
        "edge_weight": torch.tensor([0.5, 2.0]),
        "noise": torch.ones(2, denoiser.hidden_channels),
        "n_id": {"user": user, "item": item},
        "rev_edge_index": back,
        "norm_weight": torch.tensor([0.1, 0.2, 0.3]),
        "rev_norm_weight": torch.tensor([0.4, 0.5]),
    }
    call = compiled(denoiser.eval())
    expected = denoiser(pairs, 1, **options)
    torch.testing.assert_close(call(pairs, 1, **options), expected)
    user_factor, item_factor = call.train()(pairs, 1, **options)
    torch.testing.assert_close(item_factor, expected[1])
    assert not torch.equal(user_factor, expected[0])


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["EdgeIndex", "EdgeIndex by col, filled", "torch_sparse", "CSR"]
)
def test_other_formats_compile(name: str) -> None:
    denoiser = AnisotropicDenoiser(*LARGE, 4, 4, dropout=0.0)
    adj, _ = EDGES[name](torch.linspace(0.5, 2, MANY.size(1)))
    torch.testing.assert_close(compiled(denoiser)(adj, 1), denoiser(adj, 1))


def test_the_graph_of_training_compiles() -> None:
    denoiser = DENOISERS["mlp"]()
    adjacency = BipartiteAdjacency.from_edge_index(PAIRS, SIZE)
    call = compiled(denoiser, "eager")
    expected = denoiser(adjacency, TIMESTEP)
    torch.testing.assert_close(call(adjacency, TIMESTEP), expected)


@pytest.mark.slow
@pytest.mark.parametrize("entropy", ["bpr", "bce", "nll"])
def test_the_loss_compiles_to_one_graph(entropy: str) -> None:
    loss = HelmholtzFreeEnergyLoss(0.5, entropy)
    observed = CSR.from_edge_index(PAIRS, SIZE)
    factors = [torch.randn(size, 2).requires_grad_() for size in SIZE]
    found, expected = (
        call(*factors, observed, negative=negatives())
        for call in (compiled(loss), loss)
    )
    torch.testing.assert_close(tuple(found), tuple(expected))
    torch.testing.assert_close(
        *(torch.autograd.grad(out.free_energy, factors) for out in (found, expected))
    )


@pytest.mark.slow
@models
def test_tvdiff_scores_in_one_graph(name: str) -> None:
    tvdiff = model(name)
    adjacency, user = tvdiff.adjacency(PAIRS), torch.tensor([2, 0])
    call = compiled(tvdiff, dynamic=False)
    torch.testing.assert_close(call(adjacency), tvdiff(adjacency))
    with torch._dynamo.config.patch(capture_dynamic_output_shape_ops=True):
        torch.testing.assert_close(call(adjacency, user), tvdiff(adjacency, user))


@pytest.mark.slow
def test_a_training_step_compiles_around_what_is_drawn() -> None:
    tvdiff = model("anisotropic", negatives="hard", accept_ratio=0.5)
    expected = step(tvdiff)
    torch.compiler.reset()
    tvdiff.loss_fn.compile(backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(step(tvdiff), expected)
    tvdiff.training_loss = torch.compile(tvdiff.training_loss, backend="aot_eager")
    torch.testing.assert_close(step(tvdiff), expected)
