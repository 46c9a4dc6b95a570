"""ONNX: onnxruntime scores as PyTorch does."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import Module
from torch.utils._pytree import tree_leaves

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
    outputs,
    traced,
)
from tests.toolbox.test_export import any_edges
from tvdiff_pyg.nn import Denoiser
from tvdiff_pyg.sparse import BipartiteAdjacency

onnxruntime = pytest.importorskip(
    "onnxruntime", reason="needs the extra 'export': onnx, onnxruntime, onnxscript"
)
pytest.importorskip("onnxscript", reason="needs the extra 'export'")
pytestmark = [traced, pytest.mark.slow]


class Scores(Module):
    """The scores of all pairs, from the factors."""

    def __init__(self, factors: Module) -> None:
        super().__init__()
        self.factors = factors

    def forward(self, *args: Any) -> Tensor:
        user_factor, item_factor = self.factors(*args)
        return user_factor @ item_factor.t()


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    return tmp_path / "model.onnx"


def session(module: Module, args: tuple[Any, ...], file: Path, **options: Any) -> Any:
    program = torch.onnx.export(
        module.eval(), args, dynamo=True, verbose=False, **options
    )
    program.save(file)
    return onnxruntime.InferenceSession(file)


def run(session: Any, *args: Any) -> list[Tensor]:
    tensors = [x for x in tree_leaves(args) if isinstance(x, Tensor)]
    names = [given.name for given in session.get_inputs()]
    feed = {name: x.detach().numpy() for name, x in zip(names, tensors, strict=True)}
    return [torch.from_numpy(out) for out in session.run(None, feed)]


@layers
def test_layers_score_the_same(name: str, file: Path) -> None:
    layer = LAYERS[name]()
    layer = Scores(layer) if isinstance(layer, Denoiser) else layer
    shapes = any_edges(name)
    if name != "operator":
        shapes = (shapes,)  # of the arguments that have no name
    scores = session(layer, inputs(name), file, dynamic_shapes=shapes)
    for pairs in (PAIRS, FEWER):
        args = inputs(name, pairs)
        torch.testing.assert_close(run(scores, *args), list(outputs(layer, *args)))


@pytest.mark.parametrize("name", ["anisotropic", "gcn"])
def test_the_graph_of_training_scores_the_same(name: str, file: Path) -> None:
    scores = Scores(DENOISERS[name]())
    args = BipartiteAdjacency.from_edge_index(PAIRS, SIZE), TIMESTEP
    found = run(session(scores, args, file), *args)
    torch.testing.assert_close(found, [scores(*args)])


@models
def test_tvdiff_recommends_the_same(name: str, file: Path) -> None:
    scores = Scores(model(name))
    args = scores.factors.adjacency(PAIRS), torch.tensor([3, 0])
    (found,) = run(session(scores, args, file), *args)
    torch.testing.assert_close(found, scores(*args))
