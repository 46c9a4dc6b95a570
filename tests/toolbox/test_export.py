"""``torch.export``: programs that take other numbers of edges, and graphs of ours."""

import io

import pytest
import torch
from torch.export import Dim, export
from torch.utils import _pytree as pytree

from tests.nn.formats import FORMATS
from tests.nn.formats import PAIRS as MANY
from tests.nn.formats import SIZE as LARGE
from tests.toolbox.cases import (
    DENOISERS,
    FEWER,
    LAYERS,
    PAIRS,
    SIZE,
    TIMESTEP,
    denoisers,
    inputs,
    layers,
    model,
    models,
    traced,
)
from tvdiff_pyg.nn import AnisotropicDenoiser
from tvdiff_pyg.sparse import BipartiteAdjacency, Edges

pytestmark = traced


def any_edges(name: str) -> tuple[object, ...]:
    """Which sizes of the inputs are open: the number of edges."""
    edges = {1: Dim("num_edges")}
    return (({}, {}), edges) if name == "operator" else (edges, {})


@layers
def test_layers_are_exported_and_saved(name: str) -> None:
    layer = LAYERS[name]()
    program = export(layer, inputs(name), dynamic_shapes=any_edges(name))
    file = io.BytesIO()
    torch.export.save(program, file)
    file.seek(0)
    again = torch.export.load(file).module()
    for pairs in (PAIRS, FEWER):
        args = inputs(name, pairs)
        torch.testing.assert_close(again(*args), layer(*args))


@pytest.mark.slow
@denoisers
def test_the_graph_of_training_is_exported(name: str) -> None:
    denoiser = DENOISERS[name]()
    adjacency = BipartiteAdjacency.from_edge_index(PAIRS, SIZE, denoiser.normalization)
    program = export(denoiser, (adjacency, TIMESTEP))
    expected = denoiser(adjacency, TIMESTEP)
    torch.testing.assert_close(program.module()(adjacency, TIMESTEP), expected)
    rows = adjacency.item_rows
    program = export(denoiser, (rows, TIMESTEP))
    torch.testing.assert_close(program.module()(rows, TIMESTEP), expected)
    # Nothing that was traced is remembered.
    torch.testing.assert_close(denoiser(adjacency, TIMESTEP), expected)


@pytest.mark.parametrize("name", ["EdgeIndex", "EdgeIndex by col, filled", "torch coo"])
def test_other_formats_are_exported(name: str) -> None:
    denoiser = AnisotropicDenoiser(*LARGE, 4, 4, dropout=0.0)
    adj, _ = FORMATS[name](torch.linspace(0.5, 2, MANY.size(1)))
    timestep = torch.ones(LARGE[0], dtype=torch.long)
    found = export(denoiser, (adj, timestep)).module()(adj, timestep)
    torch.testing.assert_close(found, denoiser(adj, timestep))


@pytest.mark.parametrize("name", ["torch csr", "torch csc"])
def test_layouts_whose_entries_are_not_traced_are_refused(name: str) -> None:
    adj, _ = FORMATS[name](torch.ones(MANY.size(1)))
    message = (
        r"'edge_index' needs .* pairs or COO in 'torch.export'.* \(got torch.sparse"
    )
    with pytest.raises(ValueError, match=message):
        export(AnisotropicDenoiser(*LARGE, 4, 4), (adj, 1))


@pytest.mark.slow
@models
def test_the_reverse_process_is_exported(name: str) -> None:
    tvdiff = model(name)
    adjacency, user = tvdiff.adjacency(PAIRS), torch.tensor([2, 0])
    for args in ((adjacency,), (adjacency, user)):
        program = export(tvdiff, args)
        torch.testing.assert_close(program.module()(*args), tvdiff(*args))


def test_graphs_are_containers_of_tensors() -> None:
    adjacency = BipartiteAdjacency.from_edge_index(PAIRS, SIZE)
    twice = pytree.tree_map(lambda x: x if x is None else 2 * x, adjacency)
    assert torch.equal(twice.item_rows.value, 2 * adjacency.item_rows.value)
    assert twice.item_rows.normalized
    assert twice.user_rows.value is None
    edges = Edges(PAIRS, *SIZE[::-1])
    for rows in (adjacency.user_rows, edges):
        tensors, about = pytree.tree_flatten(rows)
        again = pytree.tree_unflatten(tensors, about)
        assert type(again) is type(rows)
        assert torch.equal(again.row(), rows.row())
        assert again.transpose().num_rows == rows.num_cols
        names = list("abc")[: len(tensors)]  # for they may hold anything
        assert pytree.tree_leaves(pytree.tree_unflatten(names, about)) == names
    keys = [
        pytree.keystr(key) for key, _ in pytree.tree_flatten_with_path(adjacency)[0]
    ]
    assert keys[:2] == [".user_rows.rowptr", ".user_rows.col"]
