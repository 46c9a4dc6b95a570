"""Every denoiser is made of the operator: each of its layers propagates as PyG does."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck
from torch_geometric.explain import Explainer, GNNExplainer
from torch_geometric.nn import MessagePassing
from torch_geometric.typing import OptTensor

from tests.nn.formats import FORMATS, MATRIX, PAIRS, SIZE, VALUED
from tvdiff_pyg.nn import (
    AnisotropicDenoiser,
    BipartiteConv,
    Denoiser,
    GCNDenoiser,
    MLPDenoiser,
)
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency, bipartite_norm

TIMESTEP = torch.tensor([0, 3, 1, 40, 2])
WEIGHT = torch.linspace(0.5, 2, PAIRS.size(1), dtype=torch.double)
ONES = torch.ones_like(WEIGHT)
NORM = bipartite_norm(PAIRS, SIZE, edge_weight=ONES)
Make = Callable[..., Denoiser]


def make(kind: type, **options: object) -> Denoiser:
    torch.manual_seed(0)
    return kind(*SIZE, 6, 8, **{"dropout": 0.0, **options}).double().eval()


DENOISERS = {
    "anisotropic": lambda: make(AnisotropicDenoiser),
    "anisotropic, left": lambda: make(AnisotropicDenoiser, normalization="left"),
    "gcn": lambda: make(GCNDenoiser, num_layers=3),
    "gcn, weights": lambda: make(
        GCNDenoiser, num_layers=2, layer_weights=True, jk="residual"
    ),
    "mlp": lambda: make(MLPDenoiser),
}
GRAPH = [name for name in DENOISERS if name != "mlp"]
denoisers = pytest.mark.parametrize("kind", DENOISERS)
formats = pytest.mark.parametrize("name", FORMATS)


@denoisers
def test_denoisers_are_layers_of_pyg(kind: str) -> None:
    denoiser = DENOISERS[kind]()
    assert isinstance(denoiser, MessagePassing)
    assert isinstance(denoiser, BipartiteConv)


@formats
@denoisers
def test_every_format_and_every_way_is_the_same(kind: str, name: str) -> None:
    denoiser = DENOISERS[kind]()
    expected = denoiser(PAIRS, TIMESTEP, WEIGHT)
    adj, order = FORMATS[name](ONES)
    for fuse in (True, False):
        denoiser.fuse = fuse
        found = denoiser(adj, TIMESTEP, WEIGHT[order])
        torch.testing.assert_close(found, expected)


@formats
@denoisers
def test_gradients_reach_all_weights_in_every_format(kind: str, name: str) -> None:
    denoiser = DENOISERS[kind]()

    def gradients(adj: object, order: Tensor) -> list[OptTensor]:
        weights = [x[order].requires_grad_() for x in (WEIGHT, NORM)]
        out = denoiser(adj, TIMESTEP, weights[0], norm_weight=weights[1])
        found = torch.autograd.grad(
            out[0].square().sum() + out[1].sum(), weights, allow_unused=True
        )
        return [x if x is None else x[order.argsort()] for x in found]

    expected = gradients(PAIRS, torch.arange(PAIRS.size(1)))
    assert expected[0].abs().min() > 0
    assert (expected[1] is None) == (not denoiser.reads_graph)
    torch.testing.assert_close(gradients(*FORMATS[name](ONES)), expected)


@pytest.mark.parametrize("name", [name for name in VALUED if "uncoal" not in name])
@pytest.mark.parametrize("kind", GRAPH)
def test_gradients_reach_stored_values(kind: str, name: str) -> None:
    denoiser = DENOISERS[kind]()
    found = []
    for make_adj in (VALUED[name], VALUED["CSR"]):
        value = WEIGHT.clone().requires_grad_()
        out = denoiser(make_adj(value)[0], TIMESTEP)
        found.append(torch.autograd.grad(out[0].sum() + out[1].square().sum(), value))
    torch.testing.assert_close(found[0], found[1])


@pytest.mark.parametrize("fuse", [True, False])
@pytest.mark.parametrize("num_layers", [1, 2, 3])
def test_gradients_of_weights_pass_through_hidden_layers(
    num_layers: int, fuse: bool
) -> None:
    torch.manual_seed(0)
    denoiser = GCNDenoiser(3, 2, 3, 4, 0.0, num_layers=num_layers).double()
    denoiser.fuse = fuse
    pairs = torch.tensor([[0, 1, 1, 2], [0, 0, 1, 1]])
    weights = torch.rand(2, 4, dtype=torch.double).add(0.5).unbind()

    def out(edge_weight: Tensor, norm_weight: Tensor) -> tuple[Tensor, Tensor]:
        return denoiser(pairs, 1, edge_weight, norm_weight=norm_weight)

    assert gradcheck(out, [weight.requires_grad_() for weight in weights])


LAYERS = {
    "anisotropic": 2,
    "anisotropic, left": 2,
    "gcn": 6,
    "gcn, weights": 4,
    "mlp": 1,
}


@formats
@denoisers
def test_hooks_see_every_layer_in_every_format(kind: str, name: str) -> None:
    denoiser, seen = DENOISERS[kind](), []
    expected = denoiser(PAIRS, TIMESTEP)
    denoiser.register_propagate_forward_hook(lambda *inputs: seen.append(inputs[2]))
    denoiser.register_message_forward_hook(lambda *inputs: seen.append(inputs[2]))
    found = denoiser(FORMATS[name](ONES)[0], TIMESTEP)
    torch.testing.assert_close(found, expected)
    assert len(seen) == 2 * LAYERS[kind]


@pytest.mark.parametrize("kind", GRAPH)
def test_nothing_is_written_over_what_was_propagated(kind: str) -> None:
    denoiser, kept = DENOISERS[kind](), []
    denoiser.register_propagate_forward_hook(lambda *inputs: kept.append(inputs[2]))
    _, item_factor = denoiser(PAIRS, TIMESTEP)
    torch.testing.assert_close(kept[-1].tanh(), item_factor)
    assert not torch.equal(kept[-1], item_factor)


class Silent(AnisotropicDenoiser):
    """Passes nothing on."""

    def message(self, x_j: Tensor, edge_weight: OptTensor) -> Tensor:
        return 0 * x_j


@formats
def test_a_subclass_of_a_denoiser_is_heeded(name: str) -> None:
    denoiser = make(Silent)
    _, item_factor = denoiser(FORMATS[name](ONES)[0], TIMESTEP)
    assert not item_factor.any()


@pytest.mark.parametrize("kind", GRAPH)
def test_item_rows_are_not_normalised_twice(kind: str) -> None:
    denoiser = DENOISERS[kind]()
    adjacency = BipartiteAdjacency.from_edge_index(PAIRS, SIZE, denoiser.normalization)
    expected = denoiser(PAIRS, TIMESTEP)
    for rows in (
        adjacency,
        adjacency.item_rows,
        adjacency.to("cpu").item_rows,
        adjacency.item_rows.transpose().transpose(),
        adjacency.item_rows.select(torch.arange(SIZE[1])),
    ):
        torch.testing.assert_close(denoiser(rows, TIMESTEP), expected)
    rows = adjacency.item_rows
    weighted = denoiser(rows, TIMESTEP, WEIGHT[FORMATS["torch csr"](ONES)[1]])
    torch.testing.assert_close(weighted, denoiser(PAIRS, TIMESTEP, WEIGHT))


def test_node_ids_by_type() -> None:
    denoiser = make(AnisotropicDenoiser)
    n_id = torch.tensor([3, 1]), torch.tensor([6, 0, 2])
    pairs = torch.tensor([[0, 1, 1], [2, 0, 1]])
    expected = denoiser(pairs, 0, n_id=n_id)
    by_type = {"item": n_id[1], "user": n_id[0], "tag": n_id[0]}
    assert all(
        torch.equal(one, other)
        for one, other in zip(denoiser(pairs, 0, n_id=by_type), expected, strict=True)
    )
    message = r"'n_id' needs to be a pair, or .* \(got \['user', 'book'\]\)"
    with pytest.raises(ValueError, match=message):
        denoiser(pairs, 0, n_id={"user": n_id[0], "book": n_id[1]})


@pytest.mark.parametrize("edges", ["abc", None, {("user", "rates", "item"): PAIRS}])
def test_what_is_no_graph_is_refused(edges: object) -> None:
    message = rf"'edge_index' needs to be pairs .* \(got {type(edges).__name__}\)"
    with pytest.raises(ValueError, match=message):
        make(AnisotropicDenoiser)(edges, TIMESTEP)


@denoisers
@pytest.mark.parametrize("fuse", [True, False])
def test_one_timestep_is_for_all(kind: str, fuse: bool) -> None:
    denoiser = DENOISERS[kind]()
    denoiser.fuse = fuse
    expected = denoiser(PAIRS, torch.full((SIZE[0],), 3))
    for timestep in (
        3,
        torch.tensor(3),
        torch.tensor([3]),
        torch.full((SIZE[0],), 3, dtype=torch.int32),
    ):
        torch.testing.assert_close(denoiser(PAIRS, timestep), expected)


@denoisers
@pytest.mark.parametrize(
    ("timestep", "message"),
    [
        (TIMESTEP.unsqueeze(1), r"'timestep' .* shape \[5\] \(got \[5, 1\]\)"),
        (TIMESTEP.unsqueeze(0), r"'timestep' .* shape \[5\] \(got \[1, 5\]\)"),
        (TIMESTEP[:4], r"'timestep' .* shape \[5\] \(got \[4\]\)"),
        (TIMESTEP.double(), r"'timestep' needs to hold integers \(got torch.float64"),
        (TIMESTEP > 1, r"'timestep' needs to hold integers \(got torch.bool\)"),
        (TIMESTEP.to("meta"), r"'timestep' needs to be on cpu \(got meta\)"),
        (TIMESTEP - 1, r"'timestep' needs to be in \[0, 10000\) \(got -1\)"),
        (torch.tensor(10_000), r"'timestep' .* in \[0, 10000\) \(got 10000\)"),
        (1.5, r"'timestep' needs to be an integer \(got 1.5\)"),
        (float("nan"), r"'timestep' needs to be an integer \(got nan\)"),
        (True, r"'timestep' needs to be an integer \(got True\)"),
        (-1, r"'timestep' needs to be in \[0, 9999\] \(got -1\)"),
        (2**70, r"'timestep' needs to be in \[0, 9999\] \(got 1180591620717411303424"),
    ],
)
def test_timesteps_are_checked(kind: str, timestep: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DENOISERS[kind]()(PAIRS, timestep)


@denoisers
def test_nothing_is_broadcast(kind: str) -> None:
    denoiser = DENOISERS[kind]()
    channels = denoiser.hidden_channels
    wanted = rf"needs to be of shape \[5, {channels}\]"
    for noise in (torch.ones(1, channels), torch.ones(5, 1), torch.ones(channels)):
        with pytest.raises(ValueError, match=rf"'noise' {wanted}"):
            denoiser(PAIRS, TIMESTEP, noise=noise)
    for hidden in (torch.ones(5, 1), torch.ones(channels)):
        message = rf"'hidden' needs to be of shape \[\*, {channels}\]"
        with pytest.raises(ValueError, match=message):
            denoiser.user_factor(hidden, TIMESTEP)
    with pytest.raises(ValueError, match=r"'item_factor' .* \[\*, 1\] \(got \[7, 3\]"):
        denoiser.decode(torch.ones(5, 1), torch.ones(7, 3), PAIRS)


@denoisers
@pytest.mark.parametrize("fuse", [True, False])
def test_ids_are_checked(kind: str, fuse: bool) -> None:
    denoiser = DENOISERS[kind]()
    denoiser.fuse = fuse
    pairs = torch.tensor([[0, 1], [3, SIZE[1]]])
    with pytest.raises(ValueError, match=r"'edge_index\[1\]' .* \[0, 7\) \(got 7\)"):
        denoiser(pairs, TIMESTEP)
    n_id = torch.arange(SIZE[0]), torch.tensor([0, 1, 2, SIZE[1]])
    with pytest.raises(ValueError, match=r"'n_id' needs to be in \[0, 7\) \(got 7\)"):
        denoiser(PAIRS[:, PAIRS[1] < 4], TIMESTEP, n_id=n_id)
    factors = torch.rand(5, 2), torch.rand(7, 2)
    with pytest.raises(ValueError, match=r"'edge_label_index\[0\]' .* \(got -1\)"):
        denoiser.decode(*factors, torch.tensor([[-1], [0]]))


class UserFactors(torch.nn.Module):
    """What PyG explains: one output for each node, from ``(x, edge_index)``."""

    def __init__(self, denoiser: Denoiser, side: int) -> None:
        super().__init__()
        self.denoiser, self.side = denoiser, side

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        factors = self.denoiser(edge_index, TIMESTEP)
        return factors[self.side] + 0 * x.sum()


def explain(denoiser: Denoiser, side: int, index: int) -> Tensor:
    explainer = Explainer(
        UserFactors(denoiser.float(), side),
        GNNExplainer(epochs=60, lr=0.05),
        explanation_type="model",
        edge_mask_type="object",
        model_config={
            "mode": "regression",
            "task_level": "node",
            "return_type": "raw",
        },
    )
    torch.manual_seed(0)
    explanation = explainer(torch.ones(max(SIZE), 1), PAIRS, index=index)
    assert explanation.validate()
    return explanation.edge_mask


@pytest.mark.parametrize("side", [0, 1], ids=["user", "item"])
@pytest.mark.parametrize("kind", GRAPH)
def test_explanations_name_the_edges_that_are_read(kind: str, side: int) -> None:
    denoiser = DENOISERS[kind]()
    mask = explain(denoiser, side, index=1)
    assert mask.shape == (PAIRS.size(1),)
    # Who is how many hops away, in either direction.
    reached = torch.zeros(2, max(SIZE), dtype=torch.bool)
    reached[side, 1] = True
    read = torch.zeros_like(mask, dtype=torch.bool)
    for hop in range(denoiser.num_layers):
        now = (side + hop) % 2
        edges = reached[now][PAIRS[now]]
        read |= edges
        reached[1 - now, PAIRS[1 - now][edges]] = True
    assert (mask[read] > 0).all()
    assert (mask[~read] == 0).all()
    assert denoiser.explain is None
    assert denoiser.fuses


def test_a_class_of_ones_own_is_explained_though_its_base_was_built() -> None:
    make(AnisotropicDenoiser)

    class Other(AnisotropicDenoiser):
        pass

    mask = explain(make(Other), side=0, index=1)
    assert torch.equal(mask > 0, PAIRS[0] == 1)


@denoisers
def test_function_transforms_reach_all_parameters(kind: str) -> None:
    denoiser = DENOISERS[kind]()
    parameters = dict(denoiser.named_parameters())

    def loss(parameters: dict[str, Tensor], weight: Tensor) -> Tensor:
        inputs = (PAIRS, TIMESTEP, weight)
        user, item = torch.func.functional_call(denoiser, parameters, inputs)
        return (user.square().sum() + item.square().sum()).sin()

    found = torch.func.grad(loss)(parameters, WEIGHT)
    expected = torch.autograd.grad(
        loss(parameters, WEIGHT), list(parameters.values()), allow_unused=True
    )
    for one, other in zip(found.values(), expected, strict=True):
        torch.testing.assert_close(one, other)
    batch = torch.stack([WEIGHT, 2 * WEIGHT])
    many = torch.vmap(lambda weight: loss(parameters, weight))(batch)
    torch.testing.assert_close(many[1], loss(parameters, batch[1]))


def test_batches_of_rows_are_read_without_being_sorted() -> None:
    denoiser = make(AnisotropicDenoiser)
    rows = CSR.from_edge_index(PAIRS, SIZE).select(torch.tensor([3, 1, 3]))
    expected = MATRIX[[3, 1, 3]] @ denoiser.item_embedding.weight
    for fuse in (True, False):
        denoiser.fuse = fuse
        torch.testing.assert_close(denoiser.project(rows), expected)
