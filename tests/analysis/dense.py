"""Dense float64 matrices that the instruments are held against."""

import math

import torch
from torch import Tensor

from tests.oracle import CORNERS, normalise, pairs_of, random_matrix
from tvdiff_pyg.sparse import CSR

GRAPHS = {name: torch.tensor(rows).double() for name, rows in CORNERS.items()}
GRAPHS["random"] = random_matrix(7, 9, density=0.3, seed=1)
# User 0 has nothing, user 1 everything; item 0 nothing but user 1.
GRAPHS["random with corners"] = random_matrix(6, 5, density=0.5, seed=2)
GRAPHS["random with corners"][:, 0] = 0
GRAPHS["random with corners"][0], GRAPHS["random with corners"][1] = 0, 1

# Relative and absolute tolerance of each precision.
TOLERANCE = {torch.float64: 1e-10, torch.float32: 2e-5}


def as_csr(matrix: Tensor) -> CSR:
    return CSR.from_edge_index(pairs_of(matrix), tuple(matrix.shape))


def draw(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def sides(matrix: Tensor, channels: int = 3) -> tuple[Tensor, Tensor]:
    """Random embeddings of users and of items."""
    num_users, num_items = matrix.shape
    return draw(num_users, channels), draw(num_items, channels, seed=1)


def adjacency(matrix: Tensor) -> Tensor:
    """The normalised adjacency of users and items together."""
    weight = normalise(matrix, "symmetric")
    num_users, num_items = matrix.shape
    top = torch.cat([torch.zeros(num_users, num_users).double(), weight], dim=1)
    bottom = torch.cat([weight.t(), torch.zeros(num_items, num_items).double()], dim=1)
    return torch.cat([top, bottom])


def with_edge(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """1 for each user with an item, and for each item with a user."""
    user, item = matrix.sum(dim=1) > 0, matrix.sum(dim=0) > 0
    return user.double()[:, None], item.double()[:, None]


def smooth(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """The smoothest signal: square roots of degrees."""
    return matrix.sum(dim=1).sqrt()[:, None], matrix.sum(dim=0).sqrt()[:, None]


def dense_probability(
    row: Tensor,
    normalization: str = "softmax",
    temperature: float = 1.0,
    floor: float = 0.0,
    base: float = 2.0,
) -> list[float]:
    """One row of scores; ``base`` is not read."""
    if normalization == "softmax":
        mass = [math.exp(float(score) / temperature) for score in row]
    else:
        mass = [max(float(score), floor) for score in row]
    if sum(mass) == 0:
        return [1 / len(mass)] * len(mass)
    return [value / sum(mass) for value in mass]


def assert_equal(found: Tensor, expected: Tensor | float, dtype: torch.dtype) -> None:
    expected = torch.as_tensor(expected, dtype=torch.float64)
    assert found.dtype == dtype
    tolerance = TOLERANCE[dtype]
    torch.testing.assert_close(
        found.double(), expected, rtol=tolerance, atol=tolerance, equal_nan=True
    )
