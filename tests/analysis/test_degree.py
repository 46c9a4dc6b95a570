"""Alignment of embeddings with the degree."""

import math

import pytest
import torch
from torch import Tensor

from tests.analysis.dense import GRAPHS, TOLERANCE, as_csr, assert_equal, draw, sides
from tvdiff_pyg.analysis import degree_alignment, degree_anisotropy

each_dtype = pytest.mark.parametrize("dtype", TOLERANCE)


def pearson(left: list[float], right: list[float]) -> float:
    mean = sum(left) / len(left), sum(right) / len(right)
    left, right = [a - mean[0] for a in left], [b - mean[1] for b in right]
    product = math.fsum(a * b for a, b in zip(left, right, strict=True))
    squares = math.fsum(a * a for a in left) * math.fsum(b * b for b in right)
    return product / math.sqrt(squares) if squares > 1e-20 else math.nan


def ranks(value: list[float]) -> list[float]:
    """Smaller values count whole, equal ones half."""
    return [sum((b < a) + (b == a) / 2 for b in value) for a in value]


def dense_quantiles(x: Tensor, degree: Tensor, num_quantiles: int) -> dict:
    nodes = [n for n in range(x.size(0)) if degree[n] > 0]
    unit = {n: x[n] / x[n].norm() for n in nodes}
    total = sum(unit.values())
    groups = [[] for _ in range(num_quantiles)]
    for node in nodes:
        smaller = sum(bool(degree[other] < degree[node]) for other in nodes)
        groups[smaller * num_quantiles // len(nodes)].append(node)

    def means(value) -> list[float]:
        return [
            sum(map(value, group)) / len(group) if group else math.nan
            for group in groups
        ]

    return {
        "count": [len(group) for group in groups],
        "degree": means(lambda n: float(degree[n])),
        "norm": means(lambda n: float(x[n].norm())),
        "cosine": means(lambda n: float(unit[n] @ total / total.norm())),
    }


@each_dtype
@pytest.mark.parametrize("num_quantiles", [1, 2, 4])
@pytest.mark.parametrize("seed", range(3))
def test_alignment(seed: int, num_quantiles: int, dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(seed)
    degree = torch.randint(0, 6, (12,), generator=generator)
    x = draw(12, 3, seed=seed)
    kept = degree > 0
    norm = x[kept].norm(dim=1).tolist()
    found = degree_alignment(x.to(dtype), degree, num_quantiles)
    log_degree = degree[kept].double().log().tolist()
    assert_equal(found.pearson, pearson(norm, log_degree), dtype)
    assert_equal(found.spearman, pearson(ranks(norm), ranks(log_degree)), dtype)
    expected = dense_quantiles(x, degree, num_quantiles)
    assert found.count.tolist() == expected.pop("count")
    for name, value in expected.items():
        assert_equal(
            getattr(found, name), torch.tensor(value, dtype=torch.float64), dtype
        )


@pytest.mark.parametrize("matrix", GRAPHS.values(), ids=GRAPHS)
def test_both_sides(matrix: Tensor) -> None:
    user_x, item_x = sides(matrix)
    found = degree_anisotropy(user_x, item_x, as_csr(matrix), num_quantiles=3)
    for side, x, degree in (
        (found.user, user_x, matrix.sum(dim=1)),
        (found.item, item_x, matrix.sum(dim=0)),
    ):
        alone = degree_alignment(x, degree.long(), num_quantiles=3)
        for name, value in vars(alone).items():
            torch.testing.assert_close(getattr(side, name), value, equal_nan=True)
        assert side.count.sum() == (degree > 0).sum()


def test_norms_that_follow_the_degree() -> None:
    degree = torch.tensor([1, 2, 4, 8, 16, 20, 32, 64])
    x = draw(8, 3)
    x = x / x.norm(dim=1, keepdim=True)
    # Linear in the log degree for one, only monotone for the other.
    linear = degree_alignment(x * (1 + degree.log2())[:, None], degree)
    assert linear.pearson.item() == pytest.approx(1)
    assert linear.spearman.item() == pytest.approx(1)
    falling = degree_alignment(x * (-degree).double().exp2()[:, None], degree)
    assert -0.99 < falling.pearson < -0.5
    assert falling.spearman.item() == pytest.approx(-1)


@each_dtype
def test_constants_have_no_correlation(dtype: torch.dtype) -> None:
    """Unit vectors differ in length by rounding alone."""
    x = draw(50, 3).to(dtype)
    degree = torch.arange(1, 51)
    unit = degree_alignment(x / x.norm(dim=1, keepdim=True), degree)
    assert unit.pearson.isnan()
    assert unit.spearman.isnan()
    same = degree_alignment(x, torch.full((50,), 3))
    assert same.pearson.isnan()
    assert same.spearman.isnan()
    assert same.count.tolist() == [50, 0, 0, 0]
    assert same.norm.isnan().tolist() == [False, True, True, True]


def test_the_mean_cosine_is_the_length_of_the_mean_unit_vector() -> None:
    x = draw(9, 3)
    unit = x / x.norm(dim=1, keepdim=True)
    found = degree_alignment(x, torch.ones(9).long(), num_quantiles=1)
    assert found.cosine.item() == pytest.approx(unit.mean(dim=0).norm().item())
    pairs = (unit @ unit.t()).mean()
    assert found.cosine.square().item() == pytest.approx(pairs.item())
    cone = degree_alignment(torch.ones(9, 3), torch.arange(9))
    assert cone.cosine.tolist() == pytest.approx([1] * 4)


def test_equal_degrees_stay_together() -> None:
    degree = torch.tensor([1, 1, 1, 1, 1, 1, 2, 9])
    found = degree_alignment(draw(8, 2), degree, num_quantiles=4)
    assert found.count.tolist() == [6, 0, 0, 2]
    assert found.degree[[0, 3]].tolist() == [1, 5.5]


def test_nobody_is_connected() -> None:
    found = degree_alignment(draw(3, 2), torch.zeros(3).long(), num_quantiles=2)
    assert found.count.tolist() == [0, 0]
    assert found.pearson.isnan()
    assert found.norm.isnan().all()


def test_errors() -> None:
    rows = as_csr(torch.ones(2, 3))
    with pytest.raises(ValueError, match=r"'num_quantiles' needs to be .* \(got 0\)"):
        degree_alignment(torch.ones(2, 1), torch.ones(2).long(), 0)
    with pytest.raises(ValueError, match=r"'x' needs to be of shape \[3, channels\]"):
        degree_alignment(torch.ones(2, 1), torch.ones(3).long())
    with pytest.raises(ValueError, match=r"'user_x' needs to be of shape \[2, chan"):
        degree_anisotropy(torch.ones(3, 1), torch.ones(3, 1), rows)
    with pytest.raises(ValueError, match=r"'item_x' needs to be of shape \[3, chan"):
        degree_anisotropy(torch.ones(2, 1), torch.ones(2, 1), rows)
