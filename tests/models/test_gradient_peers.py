"""Losses of the peers that learn by gradients, against dense lines in float64."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from tests.builders import build
from tests.oracle import normalise, pairs_of, random_matrix
from tvdiff_pyg.models import DirectAU, SimGCL, SimpleX, UltraGCN, XSimGCL
from tvdiff_pyg.models.baselines.contrastive import ContrastiveModel
from tvdiff_pyg.models.baselines.embedding import TableModel
from tvdiff_pyg.negatives import NegativeSampler
from tvdiff_pyg.sparse import CSR

SIZE = (12, 15)
MATRIX = random_matrix(*SIZE, density=0.3)
USER = torch.tensor([0, 5, 5, 11])
POSITIVE = torch.stack([MATRIX[user].nonzero()[0, 0] for user in USER])
UNSEEN = [(MATRIX[user] == 0).nonzero().flatten() for user in USER]
FEW = {"num_negatives": 3, "negative_weight": 2.5}


class Fixed(NegativeSampler):
    """Always returns the same negatives of each row, as many as asked for."""

    def forward(self, observed: CSR, num_samples: Any, **_: object) -> CSR:
        drawn = [
            one[:count] for one, count in zip(UNSEEN, num_samples.tolist(), strict=True)
        ]
        rowptr = F.pad(num_samples.cumsum(0), (1, 0))
        return CSR(rowptr, torch.cat(drawn), observed.num_cols)


def make(name: str, **options: Any) -> Any:
    torch.manual_seed(0)
    model = build(name, *SIZE, hidden_channels=6, **options).double()
    model.sampler = Fixed()
    return model


def check(model: Any, expected: Tensor) -> None:
    """Compare loss and gradients, where noise comes from seed 7."""
    generator = torch.Generator().manual_seed(7)
    adjacency = model.adjacency(pairs_of(MATRIX))
    loss = model.training_loss(adjacency, USER, POSITIVE, generator)
    torch.testing.assert_close(loss.free_energy, expected)
    assert loss.energy == 0 and loss.entropy == -loss.free_energy
    parameters = list(model.parameters())
    torch.testing.assert_close(
        torch.autograd.grad(loss.free_energy, parameters),
        torch.autograd.grad(expected, parameters),
        atol=1e-6,
        rtol=1e-5,
    )


def tables(model: TableModel) -> tuple[Tensor, Tensor]:
    return model.user_embedding.weight, model.item_embedding.weight


def propagate(
    model: ContrastiveModel, noise: float, generator: torch.Generator | None = None
) -> list[Tensor]:
    """All layers but the first, by the dense adjacency."""
    square = torch.zeros(sum(SIZE), sum(SIZE)).double()
    square[: SIZE[0], SIZE[0] :] = normalise(MATRIX, "symmetric")
    square += square.t().clone()
    layers = [model.embedding.weight]
    for _ in range(model.config.num_layers):
        x = square @ layers[-1]
        if noise > 0:
            draw = torch.rand(x.shape, generator=generator, dtype=x.dtype)
            x = x + x.detach().sign() * noise * draw / draw.norm(dim=1, keepdim=True)
        layers.append(x)
    return layers[1:]


def mean(layers: list[Tensor]) -> Tensor:
    return torch.stack(layers).mean(dim=0)


def bpr(x: Tensor) -> Tensor:
    user, item = x[: SIZE[0]][USER], x[SIZE[0] :]
    negative = torch.stack([one[0] for one in UNSEEN])
    return -F.logsigmoid((user * (item[POSITIVE] - item[negative])).sum(1)).mean()


def contrast(one: Tensor, other: Tensor, temperature: float) -> Tensor:
    """The mean cross-entropy of distinct users, plus that of distinct items."""
    total = torch.zeros((), dtype=torch.double)
    for nodes in (USER.unique(), POSITIVE.unique() + SIZE[0]):
        left, right = (x / x.norm(dim=1, keepdim=True) for x in (one, other))
        weight = (left[nodes] @ right[nodes].t() / temperature).exp()
        total = total - (weight.diagonal() / weight.sum(dim=1)).log().mean()
    return total


OPTIONS = {"num_layers": 3, "noise": 0.3, "contrast": 0.7, "contrast_temperature": 0.4}


def test_simgcl_contrasts_two_passes() -> None:
    model, generator = make("simgcl", **OPTIONS), torch.Generator().manual_seed(7)
    views = [mean(propagate(model, 0.3, generator)) for _ in range(2)]
    expected = bpr(mean(propagate(model, 0.0))) + 0.7 * contrast(*views, 0.4)
    check(model, expected)


@pytest.mark.parametrize("layer", [1, 3])
def test_xsimgcl_contrasts_a_layer_with_the_mean(layer: int) -> None:
    model = make("xsimgcl", **OPTIONS, contrast_layer=layer)
    layers = propagate(model, 0.3, torch.Generator().manual_seed(7))
    expected = bpr(mean(layers)) + 0.7 * contrast(mean(layers), layers[layer - 1], 0.4)
    check(model, expected)


@pytest.mark.parametrize("name", ["simgcl", "xsimgcl"])
def test_ranking_is_without_noise(name: str) -> None:
    model = make(name, **OPTIONS)
    found = torch.cat(model(model.adjacency(pairs_of(MATRIX))))
    torch.testing.assert_close(found, mean(propagate(model, 0.0)), atol=1e-7, rtol=1e-6)


def spread(z: Tensor) -> Tensor:
    rows = range(len(z))
    apart = [
        (-2 * (z[a] - z[b]).square().sum()).exp() for a in rows for b in rows if a != b
    ]
    return torch.stack(apart).mean().log()


def test_direct_au_aligns_and_spreads() -> None:
    model = make("direct-au", uniformity=0.6)
    z_user, z_item = (
        table[index] / table[index].norm(dim=1, keepdim=True)
        for table, index in zip(tables(model), (USER, POSITIVE), strict=True)
    )
    align = (z_user - z_item).square().sum(dim=1).mean()
    check(model, align + 0.6 * (spread(z_user) + spread(z_item)) / 2)


def test_simplex_pools_histories_and_ranks_by_cosine() -> None:
    model = make("simplex", **FEW, own_share=0.3, cosine_margin=0.1)
    user, item = tables(model)
    pooled = MATRIX @ item / MATRIX.sum(dim=1, keepdim=True) @ model.lin.weight.t()
    user = 0.3 * user + 0.7 * pooled
    user, item = (one / one.norm(dim=1, keepdim=True) for one in (user, item))
    adjacency = model.adjacency(pairs_of(MATRIX))
    torch.testing.assert_close(model(adjacency), (user, item), atol=1e-7, rtol=1e-6)
    score = (user @ item.t())[USER]
    loss = [
        1 - row[positive] + 2.5 * (row[unseen[:3]] - 0.1).clamp(min=0).mean()
        for row, positive, unseen in zip(score, POSITIVE, UNSEEN, strict=True)
    ]
    check(model, torch.stack(loss).mean())


def test_ultragcn_constrains_pairs_and_neighbours() -> None:
    options = {**FEW, "constraint": 0.4, "item_constraint": 0.8, "num_neighbors": 4}
    model = make("ultragcn", **options)
    user, item = tables(model)
    degree, raters = MATRIX.sum(dim=1), MATRIX.sum(dim=0)
    beta = ((degree[:, None] + 1) / (raters + 1)).sqrt() / degree[:, None]
    count = MATRIX.t() @ MATRIX
    total = count.sum(dim=1)
    omega = count / (total - raters)[:, None] * (total[:, None] / total).sqrt()
    best = omega.fill_diagonal_(0.0).topk(4, dim=1)
    score, loss = user @ item.t(), []
    for u, i, unseen in zip(USER, POSITIVE, UNSEEN, strict=True):
        weight = 1 + 0.4 * beta[u]
        positive = weight[i] * F.logsigmoid(score[u, i])
        negative = (weight * F.logsigmoid(-score[u]))[unseen[:3]].mean()
        alike = (best.values[i] * F.logsigmoid(score[u, best.indices[i]])).sum()
        loss.append(-(positive + 2.5 * negative + 0.8 * alike))
    check(model, torch.stack(loss).mean())


def test_neighbours_of_another_graph_are_found_anew() -> None:
    model = make("ultragcn")
    first, second = (model.adjacency(pairs_of(one)) for one in (MATRIX, MATRIX.flip(1)))
    found = model.neighbors(first)
    assert model.neighbors(first) is found
    assert not torch.equal(model.neighbors(second).col, found.col)


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (SimGCL, {"noise": -1.0}, r"'noise' needs to be in \[0, 100\] \(got -1.0\)"),
        (XSimGCL, {"noise": 1e30}, r"'noise' needs to be in \[0, 100\] \(got 1e\+30"),
        (
            SimGCL,
            {"contrast": -1.0},
            r"'contrast' needs to be in \[0, 1000\] \(got -1.0",
        ),
        (SimGCL, {"contrast_temperature": 0.0}, r"in \[0\.001, 1000\] \(got 0"),
        (XSimGCL, {"contrast_layer": 3}, r"'contrast_layer' .* \(got 3\)"),
        (DirectAU, {"uniformity": -1.0}, r"'uniformity' needs to be at least 0"),
        (SimpleX, {"own_share": 1.5}, r"'own_share' .* in \[0, 1\] \(got 1.5\)"),
        (
            SimpleX,
            {"cosine_margin": 2.0},
            r"'cosine_margin' needs to be in \[-1, 1\] \(got 2.0\)",
        ),
        (SimpleX, {"num_negatives": 0}, r"'num_negatives' .* at least 1 \(got 0\)"),
        (UltraGCN, {"negative_weight": 0.0}, r"'negative_weight' .* positive"),
        (UltraGCN, {"num_neighbors": 0}, r"'num_neighbors' .* at least 1 \(got 0\)"),
        (UltraGCN, {"constraint": -1.0}, r"'constraint' needs to be at least 0"),
        (UltraGCN, {"item_constraint": -1.0}, r"'item_constraint' .* at least 0"),
    ],
)
def test_arguments_are_checked(kind: Any, options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind(3, 4, **options)
