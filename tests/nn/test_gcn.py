"""Denoisers of several layers, and of none, against dense equations."""

from collections.abc import Callable
from copy import deepcopy

import pytest
import torch
from torch import Tensor

from tests.oracle import normalise, pairs_of, random_matrix, user_tower
from tvdiff_pyg.nn import DENOISERS, AnisotropicDenoiser, GCNDenoiser, MLPDenoiser

SIZE = (12, 15)
MATRIX = random_matrix(*SIZE, density=0.3)
PAIRS = pairs_of(MATRIX)
TIMESTEP = torch.arange(SIZE[0])
ACTS = ["tanh", "relu", None, "GELU", torch.sigmoid]


def make(kind: type, **options: object) -> AnisotropicDenoiser:
    torch.manual_seed(0)
    return kind(*SIZE, 6, 8, 0.0, **options).double().eval()


def by_hand(denoiser: GCNDenoiser, matrix: Tensor) -> tuple[Tensor, Tensor]:
    """All layers on dense matrices."""
    edges = normalise(matrix, denoiser.normalization)
    users, items = [denoiser.user_embedding.weight], [denoiser.item_embedding.weight]
    act = denoiser.act or (lambda x: x)
    for layer in range(denoiser.num_layers - 1):
        sums = edges @ items[-1], edges.t() @ users[-1]
        if len(denoiser.lins) > 0:
            sums = tuple(x @ denoiser.lins[layer].weight.t() for x in sums)
        out = [act(x) for x in sums]
        if denoiser.jk == "residual":
            out = [out[0] + users[-1], out[1] + items[-1]]
        users.append(out[0])
        items.append(out[1])
    if denoiser.jk == "mean":
        user, item = sum(users) / len(users), sum(items) / len(items)
    else:
        user, item = users[-1], items[-1]
    shift = torch.atanh(user_tower(denoiser, torch.zeros(SIZE).double(), TIMESTEP))
    return torch.tanh(matrix @ item + shift), torch.tanh(edges.t() @ user)


@pytest.mark.parametrize("normalization", ["symmetric", "left", "linkprop"])
@pytest.mark.parametrize("layer_weights", [True, False])
@pytest.mark.parametrize("jk", ["last", "mean", "residual", None])
@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("num_layers", [1, 2, 3])
def test_layers_follow_the_equations(
    num_layers: int,
    act: str | Callable[[Tensor], Tensor] | None,
    jk: str | None,
    layer_weights: bool,
    normalization: str,
) -> None:
    denoiser = make(
        GCNDenoiser,
        num_layers=num_layers,
        act=act,
        jk=jk,
        layer_weights=layer_weights,
        normalization=normalization,
    )
    found = denoiser(PAIRS, TIMESTEP)
    torch.testing.assert_close(found, by_hand(denoiser, MATRIX))
    adj_t = MATRIX.t().to_sparse_csr()
    torch.testing.assert_close(denoiser(adj_t, TIMESTEP), found)


@pytest.mark.parametrize(
    ("act", "setting"),
    [("tanh", "tanh"), ("ReLU", "relu"), (None, "none"), (torch.nn.ReLU(), "relu")],
)
def test_settings_say_what_they_can(act: object, setting: str) -> None:
    denoiser = make(GCNDenoiser, num_layers=2, act=act, jk=None)
    assert (denoiser.config.activation, denoiser.config.combine) == (setting, "last")
    again = GCNDenoiser.from_config(denoiser.config, *SIZE).double().eval()
    again.load_state_dict(denoiser.state_dict())
    torch.testing.assert_close(again(PAIRS, TIMESTEP), denoiser(PAIRS, TIMESTEP))


def test_an_activation_beyond_settings_is_not_built_of_them() -> None:
    denoiser = deepcopy(make(GCNDenoiser, num_layers=2, act="prelu"))
    assert "act.weight" in denoiser.state_dict()
    assert isinstance(denoiser.config.activation, torch.nn.PReLU)
    with pytest.raises(ValueError, match="'config' needs to belong to a registered"):
        DENOISERS.of(denoiser.config)
    torch.nn.init.zeros_(denoiser.act.weight)
    denoiser.reset_parameters()
    assert denoiser.act.weight.item() == 0.25


def test_one_layer_is_anisotropic() -> None:
    one, gcn = make(AnisotropicDenoiser), make(GCNDenoiser, num_layers=1)
    gcn.load_state_dict(one.state_dict())
    torch.testing.assert_close(gcn(PAIRS, TIMESTEP), one(PAIRS, TIMESTEP))


def test_deep_layers_forget_who_they_are() -> None:
    """Repeated averages draw connected items together: what the study is about."""
    matrix = torch.ones(4, 5).double()
    matrix[0, 0] = 0
    spread = []
    for num_layers in (1, 2, 8):
        torch.manual_seed(0)
        denoiser = GCNDenoiser(4, 5, 6, num_layers=num_layers, act=None)
        _, item = denoiser.double()(pairs_of(matrix), torch.zeros(4).long())
        direction = torch.nn.functional.normalize(item, dim=1)
        spread.append((1 - direction @ direction.t()).max().item())
    assert spread[0] > spread[1] > spread[2]


def test_the_network_without_a_graph() -> None:
    denoiser = make(MLPDenoiser)
    torch.nn.init.normal_(denoiser.item_bias.weight)
    torch.nn.init.normal_(denoiser.time_projection.bias)
    score = denoiser.decode(*denoiser(PAIRS, TIMESTEP))
    time = torch.atanh(user_tower(denoiser, torch.zeros(SIZE).double(), TIMESTEP))
    hidden = (
        MATRIX @ denoiser.item_embedding.weight + time + denoiser.time_projection.bias
    )
    output = denoiser.user_embedding.weight
    expected = torch.tanh(hidden) @ output.t() + denoiser.item_bias.weight.t()
    torch.testing.assert_close(score, expected)


def test_weights_are_drawn_anew() -> None:
    for denoiser in (
        make(GCNDenoiser, num_layers=2, layer_weights=True),
        make(MLPDenoiser),
    ):
        before = {name: p.clone() for name, p in denoiser.named_parameters()}
        denoiser.reset_parameters()
        for name, parameter in denoiser.named_parameters():
            if "bias" not in name:
                assert (parameter != before[name]).any(), name


def test_repr() -> None:
    text = "GCNDenoiser(12, 15, hidden_channels=6, num_layers=3)"
    assert repr(make(GCNDenoiser, num_layers=3)) == text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_layers": 0}, r"'num_layers' needs to be at least 1 \(got 0\)"),
        ({"act": "gelo"}, r"'act' needs to be the name of .*\(got 'gelo'\)"),
        ({"act": 3}, r"'act' needs to be the name of .*\(got 3\)"),
        ({"jk": "sum"}, r"'jk' needs to be one of .*\(got 'sum'\)"),
        ({"sparse": 1}, r"'sparse' needs to be true or false \(got 1\)"),
        ({"normalization": "none"}, r"'normalization' needs a graph .*\(got 'none'\)"),
    ],
)
def test_arguments_are_checked(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(GCNDenoiser, **options)
