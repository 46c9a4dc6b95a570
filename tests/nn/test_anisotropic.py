"""The anisotropic denoiser against the dense equations, from every format."""

import pytest
import torch
from torch import Tensor
from torch_geometric import EdgeIndex
from torch_geometric.testing import assert_module

from tests.nn.formats import BY_USER, FORMATS, MATRIX, PAIRS, SIZE, VALUED
from tests.oracle import (
    CORNERS,
    NORMALIZATIONS,
    assert_mean,
    item_tower,
    pairs_of,
    user_tower,
)
from tvdiff_pyg.nn import AnisotropicDenoiser
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency, bipartite_norm

WEIGHT = torch.linspace(0.5, 2, PAIRS.size(1))
TIMESTEP = torch.tensor([0, 3, 1, 40, 2])


def make_denoiser(
    num_users: int = SIZE[0], num_items: int = SIZE[1], **kwargs: object
) -> AnisotropicDenoiser:
    torch.manual_seed(0)
    return AnisotropicDenoiser(num_users, num_items, hidden_channels=6, **kwargs).eval()


def assert_close(out: tuple[Tensor, Tensor], expected: tuple[Tensor, Tensor]) -> None:
    for one, other in zip(out, expected, strict=True):
        torch.testing.assert_close(one, other.to(one.dtype), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("corner", CORNERS)
def test_both_towers_follow_the_equations(corner: str, normalization: str) -> None:
    matrix = torch.tensor(CORNERS[corner], dtype=torch.float64)
    denoiser = make_denoiser(*matrix.shape, normalization=normalization)
    timestep = torch.arange(matrix.size(0))
    pairs = pairs_of(matrix)
    weight = torch.linspace(0.5, 2, pairs.size(1))
    x_t = matrix.clone()
    x_t[pairs[0], pairs[1]] = weight.double()

    out = denoiser(pairs, timestep, edge_weight=weight)
    expected = user_tower(denoiser, x_t, timestep), item_tower(denoiser, matrix)
    assert_close(out, expected)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("corner", CORNERS)
def test_the_adjacency_holds_the_same_graph(corner: str, normalization: str) -> None:
    matrix = torch.tensor(CORNERS[corner], dtype=torch.float64)
    denoiser = make_denoiser(*matrix.shape, normalization=normalization)
    adjacency = BipartiteAdjacency.from_edge_index(
        pairs_of(matrix), tuple(matrix.shape), normalization
    )
    timestep = torch.arange(matrix.size(0))

    user_factor = denoiser.user_factor(denoiser.project(adjacency.user_rows), timestep)
    rows = adjacency.item_rows
    item_factor = denoiser.item_factor(rows, rows.value)
    expected = user_tower(denoiser, matrix, timestep), item_tower(denoiser, matrix)
    assert_close((user_factor, item_factor), expected)


def test_item_rows_carry_their_weights() -> None:
    denoiser = make_denoiser()
    rows = BipartiteAdjacency.from_edge_index(PAIRS, SIZE).item_rows
    expected = item_tower(denoiser, MATRIX).float()
    torch.testing.assert_close(denoiser.item_factor(rows, rows.value), expected)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same(name: str) -> None:
    denoiser = make_denoiser()
    adj, _ = FORMATS[name](torch.ones(PAIRS.size(1)))
    assert_close(denoiser(adj, TIMESTEP), denoiser(PAIRS, TIMESTEP))


@pytest.mark.parametrize("name", FORMATS)
def test_weights_follow_the_order_of_their_format(name: str) -> None:
    denoiser = make_denoiser()
    adj, order = FORMATS[name](torch.ones(PAIRS.size(1)))
    out = denoiser(adj, TIMESTEP, edge_weight=WEIGHT[order])
    assert_close(out, denoiser(PAIRS, TIMESTEP, edge_weight=WEIGHT))

    norm_weight = 2 * bipartite_norm(PAIRS, SIZE, "left")
    out = denoiser(adj, TIMESTEP, norm_weight=norm_weight[order])
    assert_close(out, denoiser(PAIRS, TIMESTEP, norm_weight=norm_weight))


@pytest.mark.parametrize("name", VALUED)
def test_stored_values_weigh_both_towers(name: str) -> None:
    denoiser = make_denoiser()
    adj, _ = VALUED[name](WEIGHT)
    norm_weight = bipartite_norm(PAIRS, SIZE, "symmetric", WEIGHT)
    expected = denoiser(PAIRS, TIMESTEP, edge_weight=WEIGHT, norm_weight=norm_weight)
    assert_close(denoiser(adj, TIMESTEP), expected)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("normalization", ["symmetric", "none"])
def test_gradients_follow_the_equations(name: str, normalization: str) -> None:
    denoiser = make_denoiser(normalization=normalization)
    adj, order = FORMATS[name](torch.ones(PAIRS.size(1)))
    target = torch.rand(SIZE, generator=torch.manual_seed(2), dtype=torch.float64)
    parameters = [denoiser.item_embedding.weight, denoiser.user_embedding.weight]
    x_t = torch.zeros(SIZE, dtype=torch.float64)
    x_t[PAIRS[0], PAIRS[1]] = WEIGHT.double()

    factors = denoiser(adj, TIMESTEP, edge_weight=WEIGHT[order])
    loss = (denoiser.decode(*factors) - target).square().sum()
    gradient = torch.autograd.grad(loss, parameters)
    scores = user_tower(denoiser, x_t, TIMESTEP) @ item_tower(denoiser, MATRIX).t()
    expected = torch.autograd.grad((scores - target).square().sum(), parameters)
    assert_close(gradient, expected)


def test_projected_noise_is_added_before_squashing() -> None:
    denoiser = make_denoiser()
    x_t = torch.randn(SIZE, generator=torch.manual_seed(3))
    noise = (x_t - MATRIX.float()) @ denoiser.item_embedding.weight
    user_factor, _ = denoiser(PAIRS, TIMESTEP, noise=noise)
    expected = user_tower(denoiser, x_t.double(), TIMESTEP).float()
    torch.testing.assert_close(user_factor, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["edge_index", "EdgeIndex by col, sized", "CSR"])
def test_dropout_drops_whole_interactions(name: str) -> None:
    denoiser = make_denoiser(dropout=0.75).train()
    pairs = torch.tensor([[0, 1, 2, 3, 4], [4, 3, 2, 1, 0]])
    adj = {
        "edge_index": pairs.flip(0),
        "EdgeIndex by col, sized": EdgeIndex(
            pairs.flip(0), sparse_size=SIZE[::-1], sort_order="col"
        ),
        "CSR": CSR.from_edge_index(pairs, SIZE),
    }[name]
    torch.manual_seed(0)
    ratio = torch.stack([denoiser.project(adj) for _ in range(40)])
    ratio = ratio / denoiser.item_embedding.weight[pairs[1]]
    dropped, kept = ratio.eq(0).all(dim=2), ratio.sub(4).abs().lt(1e-4).all(dim=2)
    assert (dropped | kept).all()
    assert 0 < kept.sum() < dropped.sum()


def test_dropout_is_unbiased_and_only_in_training() -> None:
    denoiser = make_denoiser(dropout=0.5)
    expected = denoiser.project(PAIRS.flip(0)).detach()
    assert torch.equal(expected, denoiser.project(PAIRS.flip(0)))

    torch.manual_seed(0)
    denoiser.train()
    with torch.no_grad():
        draws = torch.stack([denoiser.project(PAIRS.flip(0)) for _ in range(500)])
    assert not torch.equal(draws[0], draws[1])
    assert_mean(draws, expected)


def test_dropout_spares_the_item_tower() -> None:
    denoiser = make_denoiser(dropout=0.9)
    expected = denoiser.item_factor(PAIRS)
    assert torch.equal(denoiser.train().item_factor(PAIRS), expected)


def test_reset_parameters_is_seeded_and_changes_every_weight() -> None:
    denoiser = make_denoiser()
    denoiser.time_lin.bias.data.fill_(1)
    drawn = []
    for seed in (1, 2, 1):
        torch.manual_seed(seed)
        denoiser.reset_parameters()
        drawn.append([value.clone() for value in denoiser.parameters()])
        assert not denoiser.time_lin.bias.any()
    for first, other, again in zip(*drawn, strict=True):
        assert torch.equal(first, again)
        assert not first.any() or not torch.equal(first, other)


def test_weights_are_xavier_uniform() -> None:
    denoiser = AnisotropicDenoiser(300, 200, hidden_channels=100)
    bound = (6 / (200 + 100)) ** 0.5
    assert bound * 0.99 < denoiser.item_embedding.weight.abs().max() <= bound
    assert denoiser.item_embedding.weight.std().item() == pytest.approx(
        bound / 3**0.5, rel=0.02
    )
    assert not denoiser.time_lin.bias.any()


def test_repr() -> None:
    assert str(AnisotropicDenoiser(3, 4)) == (
        "AnisotropicDenoiser(3, 4, hidden_channels=64, normalization='symmetric')"
    )


class Side(torch.nn.Module):
    """One side's factors, called as PyG's own layers are: ``(x, edge_index)``."""

    def __init__(self, denoiser: AnisotropicDenoiser, side: int) -> None:
        super().__init__()
        self.denoiser, self.side = denoiser, side

    def forward(self, x: tuple[Tensor, Tensor], edge_index: object) -> Tensor:
        return self.denoiser(edge_index, x[0])[self.side]


@pytest.mark.parametrize("side", [0, 1])
def test_as_a_pyg_module(side: int) -> None:
    module = Side(make_denoiser(), side)
    x, size = (TIMESTEP, torch.arange(SIZE[1])), (SIZE[side], 6)
    assert_module(module, x, PAIRS, expected_size=size, atol=1e-6)


@pytest.mark.parametrize("kind", ["edge_index", "EdgeIndex", "torch csr", "CSR"])
def test_no_edge_at_all_in_every_format(kind: str) -> None:
    denoiser = make_denoiser()
    empty = torch.empty(2, 0, dtype=torch.long)
    adj = {
        "edge_index": empty,
        "EdgeIndex": EdgeIndex(empty, sparse_size=SIZE, sort_order="row"),
        "torch csr": torch.zeros(SIZE[::-1]).to_sparse_csr(),
        "CSR": CSR.from_edge_index(empty, SIZE[::-1]),
    }[kind]
    user_factor, item_factor = denoiser(adj, TIMESTEP)
    zeros = torch.zeros(SIZE, dtype=torch.float64)
    expected = user_tower(denoiser, zeros, TIMESTEP).float()
    torch.testing.assert_close(user_factor, expected, rtol=1e-5, atol=1e-6)
    assert item_factor.shape == (SIZE[1], 6)
    assert not item_factor.any()


def test_decode_pairs_are_entries_of_the_block() -> None:
    user_factor, item_factor = torch.rand(5, 3), torch.rand(7, 3)
    block = AnisotropicDenoiser(5, 7, 3).decode(user_factor, item_factor)
    torch.testing.assert_close(block, user_factor @ item_factor.t())
    scores = AnisotropicDenoiser(5, 7, 3).decode(user_factor, item_factor, PAIRS)
    torch.testing.assert_close(scores, block[PAIRS[0], PAIRS[1]])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_users": 0}, r"'num_users' needs to be at least 1 \(got 0\)"),
        ({"num_items": -1}, r"'num_items' needs to be at least 1 \(got -1\)"),
        ({"hidden_channels": 0}, r"'hidden_channels' needs to be at least 1 \(got 0\)"),
        ({"time_channels": 1}, r"'time_channels' needs to be at least 2 \(got 1\)"),
        ({"dropout": 1.0}, r"'dropout' needs to be in \[0, 1\) \(got 1.0\)"),
        ({"dropout": -0.1}, r"'dropout' needs to be in \[0, 1\) \(got -0.1\)"),
        (
            {"normalization": "right"},
            r"'normalization' needs to be one of \['symmetric', 'left', 'linkprop', "
            r"'none'\] \(got 'right'\)",
        ),
    ],
)
def test_errors(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AnisotropicDenoiser(**{"num_users": 3, "num_items": 4, **arguments})


@pytest.mark.parametrize(
    "adj",
    [
        torch.zeros(SIZE).to_sparse_csr(),
        CSR.from_edge_index(PAIRS, SIZE),
        EdgeIndex(PAIRS[:, BY_USER], sparse_size=SIZE[::-1], sort_order="row"),
    ],
    ids=["torch csr", "CSR", "EdgeIndex"],
)
def test_an_adjacency_that_is_not_transposed_is_refused(adj: object) -> None:
    with pytest.raises(ValueError, match="needs the transposed shape"):
        make_denoiser()(adj, TIMESTEP)
