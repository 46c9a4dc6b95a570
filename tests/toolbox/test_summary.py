"""PyG's ``summary`` of every layer and of TV-Diff."""

import torch
from torch_geometric.nn import summary

from tests.toolbox.cases import (
    CHANNELS,
    LAYERS,
    PAIRS,
    SIZE,
    inputs,
    layers,
    model,
    models,
)


@layers
def test_summaries_of_layers(name: str) -> None:
    layer = LAYERS[name]()
    count = sum(parameter.numel() for parameter in layer.parameters())
    table = summary(layer, *inputs(name), leaf_module=None)
    assert type(layer).__name__ in table
    assert f"[{SIZE[1]}, " in table
    assert f"{count:,}" in table if count else "--" in table
    assert ("time_lin" in table) == (name != "operator")


@models
def test_summaries_of_tvdiff(name: str) -> None:
    tvdiff = model(name)
    table = summary(tvdiff, tvdiff.adjacency(PAIRS), max_depth=1)
    assert f"(denoiser){type(tvdiff.denoiser).__name__}" in table
    assert f"[{SIZE[0]}, {CHANNELS + (name == 'mlp')}]" in table
    assert torch.is_grad_enabled()
