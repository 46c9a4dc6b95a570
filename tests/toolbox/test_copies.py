"""Copies, pickles and state dicts, after use too."""

import copy
import io
import pickle
from collections.abc import Callable
from typing import TypeVar

import pytest
import torch

from tests.toolbox.cases import (
    LAYERS,
    PAIRS,
    SIZE,
    inputs,
    layers,
    model,
    models,
    outputs,
    step,
)
from tvdiff_pyg.loss import HelmholtzFreeEnergyLoss

T = TypeVar("T")


def saved(value: T) -> T:
    file = io.BytesIO()
    torch.save(value, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


WAYS = {
    "deepcopy": copy.deepcopy,
    "pickle": lambda value: pickle.loads(pickle.dumps(value)),
    "torch.save": saved,
}
ways = pytest.mark.parametrize("way", WAYS)
Copy = Callable[[T], T]


@ways
@layers
def test_layers_are_copied(name: str, way: str) -> None:
    layer, args = LAYERS[name](), inputs(name)
    expected = outputs(layer, *args)
    sum(out.sum() for out in expected).backward() if name != "operator" else None
    again = WAYS[way](layer)
    assert all(map(torch.equal, outputs(again, *args), expected))
    for one, other in zip(again.parameters(), layer.parameters(), strict=True):
        assert one is not other
        one.data.zero_()
        assert other.is_leaf and other.requires_grad
    assert all(map(torch.equal, outputs(layer, *args), expected))


@layers
def test_states_are_loaded(name: str) -> None:
    layer, other = LAYERS[name](), LAYERS[name]()
    if name != "operator":
        other.reset_parameters()
    state = saved(layer.state_dict())
    assert other.load_state_dict(state).missing_keys == []
    args = inputs(name)
    assert all(map(torch.equal, outputs(other, *args), outputs(layer, *args)))


@ways
@models
def test_tvdiff_is_copied_with_its_graph_and_its_scorer(name: str, way: str) -> None:
    tvdiff = model(name)
    step(tvdiff).backward()
    adjacency = tvdiff.adjacency(PAIRS)
    scorer = tvdiff.scorer(adjacency)
    again, graph, ranker = WAYS[way]((tvdiff, adjacency, scorer))
    assert torch.equal(step(again), step(tvdiff))
    assert again.config == tvdiff.config
    user = torch.arange(SIZE[0])
    expected = scorer.rank(user, k=2)
    assert all(map(torch.equal, ranker.rank(user, k=2), expected))
    assert all(map(torch.equal, again.scorer(graph).rank(user, k=2), expected))


@models
def test_the_state_of_tvdiff_is_its_weights(name: str) -> None:
    tvdiff, other = model(name), model(name)
    other.reset_parameters()
    other.load_state_dict(saved(tvdiff.state_dict()))
    assert torch.equal(step(other), step(tvdiff))
    assert tvdiff.state_dict().keys() == dict(tvdiff.named_parameters()).keys()


@ways
def test_losses_are_copied(way: str) -> None:
    loss = HelmholtzFreeEnergyLoss(0.5, "bce")
    assert str(WAYS[way](loss)) == str(loss)
