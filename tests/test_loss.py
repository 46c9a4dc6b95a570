"""The free energy from factors against the free energy from all scores."""

import math
from dataclasses import dataclass

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from tests.oracle import CORNERS, free_energy, pairs_of, random_matrix
from tvdiff_pyg.config import from_flat, to_flat
from tvdiff_pyg.entropies import (
    ENTROPIES,
    BCEEntropy,
    Entropy,
    NLLEntropy,
    register_entropy,
)
from tvdiff_pyg.loss import HelmholtzFreeEnergyLoss
from tvdiff_pyg.sparse import CSR

NAMES = ["bpr", "bce", "nll"]


def make_loss(temperature: float, name: str) -> HelmholtzFreeEnergyLoss:
    return HelmholtzFreeEnergyLoss(temperature, ENTROPIES[name].config())


def make_factors(num_users: int, num_items: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    shapes = (num_users, 3), (num_items, 3)
    user, item = (
        torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes
    )
    return user.requires_grad_(), item.requires_grad_()


def as_csr(pairs: Tensor, size: tuple[int, int]) -> CSR:
    return CSR.from_edge_index(pairs, size)


def draw_negatives(x_0: Tensor, seed: int = 0) -> CSR:
    """As many items as each row has, repeats allowed."""
    generator = torch.Generator().manual_seed(seed)
    col = torch.randint(x_0.size(1), (int(x_0.sum()),), generator=generator)
    return as_csr(torch.stack([pairs_of(x_0)[0], col]), tuple(x_0.shape))


def pairs_in(csr: CSR) -> Tensor:
    return torch.stack([csr.row(), csr.col])


def assert_equals_dense(
    loss_fn: HelmholtzFreeEnergyLoss,
    x_0: Tensor,
    negative: CSR,
    positive: CSR | None = None,
) -> None:
    """Value, both parts, and the gradient with respect to both factors."""
    factors = make_factors(*x_0.shape)
    observed = as_csr(pairs_of(x_0), tuple(x_0.shape))
    out = loss_fn(*factors, observed, positive, negative)
    expected = free_energy(
        *factors,
        x_0,
        ENTROPIES.of(loss_fn.entropy).name,
        loss_fn.temperature,
        pairs_in(observed if positive is None else positive),
        pairs_in(negative),
    )
    torch.testing.assert_close(tuple(out), expected, rtol=1e-10, atol=1e-10)
    gradient = torch.autograd.grad(out.free_energy, factors)
    expected = torch.autograd.grad(expected[0], factors)
    torch.testing.assert_close(gradient, expected, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("temperature", [0.3, 10.0])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("corner", [name for name in CORNERS if name != "no edge"])
def test_equals_the_dense_computation(
    corner: str, name: str, temperature: float
) -> None:
    x_0 = torch.tensor(CORNERS[corner], dtype=torch.float64)
    loss_fn = make_loss(temperature, name)
    assert_equals_dense(loss_fn, x_0, draw_negatives(x_0))


@pytest.mark.parametrize("name", NAMES)
def test_one_positive_for_each_row(name: str) -> None:
    # As in batches over interactions.
    x_0 = random_matrix(4, 6)
    x_0[:, 2] = 1
    rows = torch.arange(4)
    positive = as_csr(torch.stack([rows, torch.full((4,), 2)]), (4, 6))
    negative = as_csr(torch.stack([rows, torch.tensor([5, 0, 1, 5])]), (4, 6))
    assert_equals_dense(make_loss(2.0, name), x_0, negative, positive)


def test_rows_short_of_negatives_compare_as_many_positives() -> None:
    x_0 = torch.tensor(CORNERS["user with all items"], dtype=torch.float64)
    observed = as_csr(pairs_of(x_0), (3, 4))
    negative = as_csr(torch.tensor([[1, 2], [0, 3]]), (3, 4))
    positive = observed.head(negative.degree())
    assert pairs_in(positive).tolist() == [[1, 2], [2, 0]]
    assert_equals_dense(HelmholtzFreeEnergyLoss(2.0), x_0, negative, positive)


@given(st.integers(1, 5), st.integers(1, 6), st.floats(0, 1), st.integers(0, 10**6))
def test_energy_is_the_mean_squared_error(
    num_users: int, num_items: int, density: float, seed: int
) -> None:
    x_0 = random_matrix(num_users, num_items, density, seed)
    user, item = make_factors(num_users, num_items)
    out = HelmholtzFreeEnergyLoss(temperature=0)(
        user, item, as_csr(pairs_of(x_0), (num_users, num_items))
    )
    expected = ((x_0 - user @ item.t()) ** 2).mean()
    torch.testing.assert_close(out.free_energy, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_temperature_zero_is_the_energy_alone(name: str) -> None:
    x_0 = random_matrix(4, 6)
    loss_fn = make_loss(0.0, name)
    assert not loss_fn.needs_negatives
    factors = make_factors(4, 6)
    out = loss_fn(*factors, as_csr(pairs_of(x_0), (4, 6)))
    assert out.entropy == 0
    assert out.free_energy == out.energy
    gradient = torch.autograd.grad(out.free_energy, factors)
    scores = factors[0] @ factors[1].t()
    expected = torch.autograd.grad(((x_0 - scores) ** 2).mean(), factors)
    torch.testing.assert_close(gradient, expected, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("name", NAMES)
def test_no_pair_at_all_is_finite(name: str) -> None:
    empty = as_csr(torch.empty(2, 0, dtype=torch.long), (2, 4))
    factors = make_factors(2, 4)
    out = make_loss(1.0, name)(*factors, empty, negative=empty)
    assert out.entropy == 0
    expected = (factors[0] @ factors[1].t()).square().mean()
    torch.testing.assert_close(out.free_energy, expected)
    out.free_energy.backward()
    assert all(factor.grad.isfinite().all() for factor in factors)


def test_large_scores_stay_finite() -> None:
    x_0 = random_matrix(3, 5)
    user, item = make_factors(3, 5)
    observed = as_csr(pairs_of(x_0), (3, 5))
    for name in NAMES:
        out = make_loss(1.0, name)(
            1e4 * user, item, observed, negative=draw_negatives(x_0)
        )
        assert out.free_energy.isfinite()


@pytest.mark.parametrize("name", NAMES)
def test_by_hand(name: str) -> None:
    # One user with factor 1 and items with factors 2, 0, -1; item 0 is observed and
    # item 2 its negative: E = ((1 - 2)^2 + 0^2 + (-1)^2) / 3 = 2 / 3.
    user = torch.tensor([[1.0]])
    item = torch.tensor([[2.0], [0.0], [-1.0]])
    observed = as_csr(torch.tensor([[0], [0]]), (1, 3))
    negative = as_csr(torch.tensor([[0], [2]]), (1, 3))
    out = make_loss(0.5, name)(user, item, observed, negative=negative)
    log_sigmoid = {x: -math.log(1 + math.exp(-x)) for x in (1, 2, 3)}
    entropy = {
        "bpr": log_sigmoid[3],
        "bce": (log_sigmoid[2] + log_sigmoid[1]) / 3,
        "nll": log_sigmoid[2] / 3,
    }[name]
    assert out.energy.item() == pytest.approx(2 / 3)
    assert out.entropy.item() == pytest.approx(entropy)
    assert out.free_energy.item() == pytest.approx(2 / 3 - 0.5 * entropy)


def test_parts_are_detached() -> None:
    x_0 = random_matrix(3, 5)
    out = HelmholtzFreeEnergyLoss(1.0, NLLEntropy())(
        *make_factors(3, 5), as_csr(pairs_of(x_0), (3, 5))
    )
    assert out.free_energy.requires_grad
    assert not out.energy.requires_grad
    assert not out.entropy.requires_grad


def test_repr() -> None:
    expected = "HelmholtzFreeEnergyLoss(temperature=2.0, entropy=BCEEntropy())"
    assert str(HelmholtzFreeEnergyLoss(2.0, BCEEntropy())) == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"temperature": -1.0}, r"'temperature' needs to be at least 0 \(got -1.0\)"),
        ({"temperature": math.nan}, r"'temperature' needs to be .* \(got nan\)"),
    ],
)
def test_errors(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        HelmholtzFreeEnergyLoss(**arguments)


def test_unknown_entropies_are_named() -> None:
    message = r"'entropy' needs to be one of \['bpr', 'bce', 'nll'\] \(got 'mse'\)"
    with pytest.raises(ValueError, match=message):
        ENTROPIES["mse"]


@pytest.mark.parametrize("name", NAMES)
def test_an_entropy_by_its_name(name: str) -> None:
    assert HelmholtzFreeEnergyLoss(2.0, name).entropy == ENTROPIES[name].config()
    message = r"'entropy' needs to be one of .* \(got 'mse'\)"
    with pytest.raises(ValueError, match=message):
        HelmholtzFreeEnergyLoss(2.0, "mse")
    message = r"'entropy' needs to be an entropy or its name \(got 3\)"
    with pytest.raises(ValueError, match=message):
        HelmholtzFreeEnergyLoss(2.0, 3)


@pytest.mark.parametrize("name", ["bpr", "bce"])
def test_negatives_are_needed(name: str) -> None:
    message = rf"'negative' needs to be given for {name.upper()}Entropy\(\) \(got None"
    observed = as_csr(pairs_of([[1, 0]]), (1, 2))
    with pytest.raises(ValueError, match=message):
        make_loss(1.0, name)(*make_factors(1, 2), observed)


@pytest.mark.parametrize("name", NAMES)
def test_an_entropy_is_its_own_config(name: str) -> None:
    entropy = ENTROPIES[name].config()
    assert from_flat(type(entropy), to_flat(entropy)) == entropy
    assert ENTROPIES.of(entropy).name == name
    assert make_loss(1.0, name).needs_negatives is (name != "nll")
    assert entropy.pairwise is (name == "bpr")


def test_an_entropy_of_ones_own() -> None:
    @dataclass(frozen=True)
    class Hinge(Entropy):
        margin: float = 1.0

        def __call__(
            self,
            positive: Tensor,
            negative: Tensor | None,
            size: int,
            positive_weight: Tensor | None = None,
            negative_weight: Tensor | None = None,
        ) -> Tensor:
            return -(self.margin - positive).relu().sum() / size

    register_entropy("hinge")(Hinge)
    try:
        entropy = from_flat(ENTROPIES["hinge"].config, {"margin": 2.0})
    finally:
        del ENTROPIES._entries["hinge"]
    user, item = torch.tensor([[1.0]]), torch.tensor([[0.5], [0.0]])
    observed = as_csr(torch.tensor([[0], [0]]), (1, 2))
    out = HelmholtzFreeEnergyLoss(3.0, entropy)(user, item, observed, negative=observed)
    assert out.entropy.item() == pytest.approx(-(2 - 0.5) / 2)
    assert out.free_energy.item() == pytest.approx(0.125 + 3 * 0.75)


def test_pairs_need_to_be_of_the_factors() -> None:
    loss_fn = make_loss(1.0, "nll")
    message = r"'observed' needs to be of 2 users and .* 3 items, .* \(got 2 and 5\)"
    wide = as_csr(torch.tensor([[0, 1], [3, 4]]), (2, 5))
    with pytest.raises(ValueError, match=message):
        loss_fn(torch.rand(2, 4), torch.rand(3, 4), wide)
    message = r"'observed' needs to be of 3 users and .* 5 items, .* \(got 2 and 5\)"
    with pytest.raises(ValueError, match=message):
        loss_fn(torch.rand(3, 4), torch.rand(5, 4), wide)
    # One row short in one of two patterns must not shift the other one's pairs.
    loss_fn = make_loss(1.0, "bce")
    tall = as_csr(torch.tensor([[0, 1, 2], [3, 4, 0]]), (3, 5))
    with pytest.raises(ValueError, match=r"\(got 3 and 5\)"):
        loss_fn(torch.rand(2, 4), torch.rand(5, 4), wide, negative=tall)


def test_factors_need_to_be_where_the_pairs_are() -> None:
    observed = as_csr(torch.tensor([[0, 1], [3, 4]]), (2, 5)).to("meta")
    with pytest.raises(ValueError, match=r"'observed' needs to be on cpu"):
        make_loss(1.0, "nll")(torch.rand(2, 4), torch.rand(5, 4), observed)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision(name: str, dtype: torch.dtype) -> None:
    x_0 = random_matrix(4, 6)
    factors = [x.detach().to(dtype).requires_grad_() for x in make_factors(4, 6)]
    observed = as_csr(pairs_of(x_0), (4, 6))
    out = make_loss(1.0, name)(*factors, observed, negative=draw_negatives(x_0))
    out.free_energy.backward()
    expected = make_loss(1.0, name)(
        *make_factors(4, 6), observed, negative=draw_negatives(x_0)
    )
    assert out.free_energy.item() == pytest.approx(expected[0].item(), rel=0.05)
    assert all(factor.grad.isfinite().all() for factor in factors)


@pytest.mark.parametrize("rows", [[0], [0, 0, 0], [1, 1]])
def test_each_positive_pair_has_a_negative_one(rows: list[int]) -> None:
    user_factor, item_factor = make_factors(2, 3)
    observed = as_csr(torch.tensor([[0, 1], [0, 1]]), (2, 3))
    pairs = torch.stack([torch.tensor(rows), torch.full((len(rows),), 2)])
    message = r"'negative' needs to hold as many pairs a row as are positive, 1 in row"
    with pytest.raises(ValueError, match=message):
        make_loss(1.0, "bpr")(
            user_factor, item_factor, observed, negative=as_csr(pairs, (2, 3))
        )


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        *[("num_items", value) for value in (0, -1, True, 6.5, "6", torch.tensor(5))],
        *[("item_weight", torch.full((n,), 1.0)) for n in (1, 4, 6)],
        *[("item_weight", value) for value in (2.0, torch.tensor([1, 1, -1, 1, 1]))],
    ],
)
def test_sizes_of_the_catalogue(argument: str, value: object) -> None:
    observed = as_csr(torch.tensor([[0, 1], [3, 4]]), (2, 5))
    with pytest.raises(ValueError, match=f"'{argument}' needs to"):
        make_loss(1.0, "nll")(
            torch.rand(2, 4), torch.rand(5, 4), observed, **{argument: value}
        )


def test_items_count_in_the_energy_as_they_weigh() -> None:
    """Those of weight 2 as if they were there twice, those of weight 0 not at all."""
    user_factor, item_factor = torch.rand(2, 3), torch.rand(4, 3, requires_grad=True)
    observed = as_csr(torch.tensor([[0, 1], [0, 1]]), (2, 4))
    loss, weight = make_loss(0.0, "nll"), torch.tensor([1, 2, 1, 0])
    ours = loss(
        user_factor, item_factor, observed, num_items=4, item_weight=weight
    ).energy
    as_often = item_factor.repeat_interleave(weight, dim=0)
    score = user_factor @ item_factor.t()
    mass = (user_factor @ as_often.t()).pow(2).sum()
    expected = (2 - 2 * (score[0, 0] + score[1, 1]) + mass) / 8
    torch.testing.assert_close(ours, expected.detach())


@pytest.mark.parametrize(
    ("factors", "message"),
    [
        ((torch.rand(2, 1), torch.rand(5, 4)), r"'item_factor' .* \[\*, 1\]"),
        ((torch.rand(4), torch.rand(5, 4)), r"'user_factor' .* \[\*, channels\]"),
        ((torch.ones(2, 4).long(), torch.rand(5, 4)), r"'user_factor' .* floating"),
        ((torch.rand(2, 4), None), r"'item_factor' .* dense tensor \(got NoneType\)"),
    ],
)
def test_factors_are_two_matrices(factors: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_loss(1.0, "nll")(*factors, torch.tensor([[0, 1], [3, 4]]))


def test_factors_of_two_types() -> None:
    observed = torch.tensor([[0, 1], [3, 4]])
    user, item = torch.rand(2, 4), torch.rand(5, 4)
    mixed = make_loss(1.0, "nll")(user.double(), item, observed).free_energy
    plain = make_loss(1.0, "nll")(user, item, observed).free_energy
    torch.testing.assert_close(mixed, plain.double())
