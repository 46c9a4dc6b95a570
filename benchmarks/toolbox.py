"""What is tried of the layers in each of PyG's formats: tools of PyTorch and of PyG.

Each tool is a function of a layer and of a graph in some format. It raises where the
layer does not answer as it does on plain pairs, without the tool.
"""

import contextlib
import io
import logging
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from formats import formats
from torch import Tensor
from torch.nn import Linear, Module
from torch.testing import assert_close
from torch.utils._pytree import tree_leaves
from torch_geometric.explain import Explainer, GNNExplainer

from tvdiff_pyg.nn import (
    AnisotropicDenoiser,
    BipartiteConv,
    GCNDenoiser,
    MLPDenoiser,
)
from tvdiff_pyg.sparse import BipartiteAdjacency
from tvdiff_pyg.sparse.read_edges import read_edges

SIZE = (4, 6)
PAIRS = torch.tensor([[3, 0, 2, 1, 0, 3, 1, 2], [0, 2, 5, 1, 4, 3, 2, 0]])
X = torch.linspace(-1, 1, SIZE[0] * 3).view(SIZE[0], 3)
TIMESTEP = torch.arange(SIZE[0])


class Operator(Module):
    """The operator behind a linear map, as a layer of a model has it."""

    def __init__(self) -> None:
        super().__init__()
        self.lin, self.conv = Linear(3, 5), BipartiteConv()

    def forward(self, graph: Any, edge_weight: Tensor | None = None) -> Tensor:
        return self.conv((self.lin(X), None), graph, edge_weight, size=SIZE)


class Towers(Module):
    """A denoiser as a function of the graph alone: its scores of all pairs."""

    def __init__(self, denoiser: Module) -> None:
        super().__init__()
        self.conv = denoiser

    def forward(self, graph: Any, edge_weight: Tensor | None = None) -> Tensor:
        user_factor, item_factor = self.conv(graph, TIMESTEP, edge_weight)
        return user_factor @ item_factor.t()


def layers() -> dict[str, Module]:
    """Return the layers, alike each time."""
    torch.manual_seed(0)
    size = (*SIZE, 5, 4, 0.0)
    return {
        "BipartiteConv": Operator(),
        "AnisotropicDenoiser": Towers(AnisotropicDenoiser(*size)),
        "GCNDenoiser": Towers(GCNDenoiser(*size, num_layers=3)),
        "GCNDenoiser, layer_weights": Towers(
            GCNDenoiser(*size, num_layers=2, layer_weights=True)
        ),
        "MLPDenoiser": Towers(MLPDenoiser(*size)),
    }


def graphs() -> dict[str, Any]:
    """Return one graph in each format."""
    adjacency = BipartiteAdjacency.from_edge_index(PAIRS, SIZE)
    return {**formats(PAIRS, SIZE), "BipartiteAdjacency": adjacency}


def equal_values(layer: Module, graph: Any) -> None:
    assert_close(layer(graph), layer(PAIRS))


def weight_gradient(layer: Module, graph: Any) -> None:
    assert_close(gradient_of_weights(layer, graph), gradient_of_weights(layer, PAIRS))


def gradient_of_weights(layer: Module, graph: Any) -> Tensor:
    """Differentiate by the weight of each pair, whatever order a format has it in."""
    weight = torch.linspace(0.5, 2, SIZE[0] * SIZE[1]).view(SIZE).requires_grad_()
    rows = graph.item_rows if isinstance(graph, BipartiteAdjacency) else graph
    user, item = read_edges(rows, SIZE[::-1]).edge_index
    out = layer(graph, weight[user, item])
    (gradient,) = torch.autograd.grad(out.square().sum(), weight)
    assert gradient.any()
    return gradient


def hooked(layer: Module, graph: Any) -> None:
    before = layer(graph)
    # A handle removes its hook where it ends.
    with layer.conv.register_message_forward_hook(lambda *seen: -seen[2]):
        assert_close(layer(graph), layer(PAIRS))
        assert not torch.equal(layer(graph), before)


class Explained(Module):
    """What PyG explains: ``(x, edge_index)``; there are no features here."""

    def __init__(self, layer: Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor, edge_index: Any) -> Tensor:
        return self.layer(edge_index) + 0 * x.sum()


def explained(layer: Module, graph: Any) -> None:
    explainer = Explainer(
        Explained(layer),
        GNNExplainer(epochs=3),
        explanation_type="model",
        edge_mask_type="object",
        model_config={
            "mode": "regression",
            "task_level": "graph",
            "return_type": "raw",
        },
    )
    explanation = explainer(torch.ones(max(SIZE), 1), graph)
    assert (explanation.edge_mask > 0).all()


def compiled(layer: Module, graph: Any) -> None:
    torch.compiler.reset()
    options = {"backend": "aot_eager", "fullgraph": True, "dynamic": True}
    assert_close(torch.compile(layer, **options)(graph), layer(graph))


def exported(layer: Module, graph: Any) -> None:
    program = torch.export.export(layer, (graph,))
    assert_close(program.module()(graph), layer(graph))


def in_onnx(layer: Module, graph: Any) -> None:
    import onnxruntime

    program = torch.onnx.export(layer.eval(), (graph,), dynamo=True, verbose=False)
    with TemporaryDirectory() as folder:
        file = Path(folder, "layer.onnx")
        program.save(file)
        session = onnxruntime.InferenceSession(file)
        tensors = [x for x in tree_leaves(graph) if isinstance(x, Tensor)]
        names = [given.name for given in session.get_inputs()]
        given = {n: x.numpy() for n, x in zip(names, tensors, strict=True)}
        (found,) = session.run(None, given)
    assert_close(torch.from_numpy(found), layer(graph))


def mixed_precision(layer: Module, graph: Any) -> None:
    for dtype in (torch.bfloat16, torch.float16):
        layer.zero_grad()
        with torch.autocast("cpu", dtype=dtype):
            out = layer(graph)
        assert_close(out.float(), layer(PAIRS), rtol=0.05, atol=0.05)
        out.square().sum().backward()
        assert all(p.grad.isfinite().all() for p in layer.parameters())


#: What one process tries, by the names of the table.
TOOLS: dict[str, Callable[[Module, Any], None]] = {
    "equal values": equal_values,
    "weight gradient": weight_gradient,
    "hooks": hooked,
    "explain": explained,
    "compile": compiled,
    "export": exported,
    "ONNX": in_onnx,
    "AMP": mixed_precision,
}
WORKS = "works"
# Characters of an error that are recorded.
MOST = 160


def tried(tool: Callable[[Module, Any], None], layer: Module, graph: Any) -> str:
    """Try a tool; say that it works, or why it does not."""
    try:
        with _quiet():
            tool(layer, graph)
    except Exception as error:
        return reason(error)
    return WORKS


def reason(error: BaseException) -> str:
    """Return the first line of the error that led to all others."""
    while error.__cause__ is not None:
        error = error.__cause__
    line = next(iter(str(error).strip().splitlines()), "")[:MOST]
    return f"{type(error).__name__}: {line}"


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Hear nothing of what tools say on their way."""
    logging.disable()
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)
