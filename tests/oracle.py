"""The paper's equations on dense float64 matrices, and graphs to try them on.

Nothing here calls the library: parameters are read, all else is computed anew.
"""

import math

import torch
from torch import Tensor
from torch.nn import Module

# A rare false alarm: about one in two million checks of a normal variable.
NUM_SIGMAS = 5.0

NORM_POWERS = {
    "symmetric": (-0.5, -0.5),
    "left": (-1.0, 0.0),
    "linkprop": (-0.25, -0.5),
}
NORMALIZATIONS = [*NORM_POWERS, "none"]

# x_0 of graphs that are hard on one side or the other.
CORNERS = {
    "plain": [[1, 0, 1, 1], [0, 1, 1, 0], [1, 1, 0, 0]],
    "user without item": [[0, 0, 0, 0], [0, 1, 1, 0], [1, 1, 0, 1]],
    "user with all items": [[1, 1, 1, 1], [0, 0, 1, 0], [1, 1, 0, 0]],
    "item without user": [[1, 0, 0, 1], [0, 0, 1, 1], [1, 0, 0, 0]],
    "one user": [[0, 1, 1, 0]],
    "no edge": [[0, 0, 0, 0], [0, 0, 0, 0]],
}


def pairs_of(matrix: object) -> Tensor:
    """The (row, column) pairs of a 0/1 matrix, by row."""
    return torch.as_tensor(matrix).nonzero().t().contiguous()


def random_matrix(
    num_users: int, num_items: int, density: float = 0.4, seed: int = 0
) -> Tensor:
    """A 0/1 interaction matrix."""
    generator = torch.Generator().manual_seed(seed)
    draw = torch.rand(num_users, num_items, generator=generator)
    return (draw < density).double()


def normalise(matrix: Tensor, normalization: str) -> Tensor:
    """``D_u^a R D_i^b``; rows and columns without an entry stay empty."""
    user_power, item_power = NORM_POWERS[normalization]
    binary = (matrix != 0).double()
    user, item = binary.sum(dim=1), binary.sum(dim=0)
    user = torch.where(user > 0, user.clamp(min=1) ** user_power, 0)
    item = torch.where(item > 0, item.clamp(min=1) ** item_power, 0)
    return user[:, None] * matrix * item


def sinusoid(timestep: Tensor, channels: int) -> Tensor:
    """``[cos(t w_k), sin(t w_k)]`` with ``w_k = 10000^(-k / (channels / 2))``."""
    half = channels // 2
    angle = torch.tensor(
        [[t * 10_000 ** (-k / half) for k in range(half)] for t in timestep.tolist()],
        dtype=torch.float64,
    )
    zero = torch.zeros(timestep.numel(), channels % 2, dtype=torch.float64)
    return torch.cat([angle.cos(), angle.sin(), zero], dim=1)


def user_tower(denoiser: Module, x_t: Tensor, timestep: Tensor) -> Tensor:
    """``tanh(x_t W_I + Linear(sinusoid(t)) W_T)``."""
    time = sinusoid(timestep, denoiser.time_channels)
    lin = denoiser.time_lin
    time = time @ lin.weight.double().t() + lin.bias.double()
    shift = time @ denoiser.time_projection.weight.double().t()
    return torch.tanh(x_t @ denoiser.item_embedding.weight.double() + shift)


def item_tower(denoiser: Module, matrix: Tensor) -> Tensor:
    """``tanh(R_norm^T W_U)``, or ``tanh(W_V)`` without a graph."""
    table = denoiser.user_embedding.weight.double()
    if denoiser.normalization == "none":
        return torch.tanh(table)
    return torch.tanh(normalise(matrix, denoiser.normalization).t() @ table)


def free_energy(
    user_factor: Tensor,
    item_factor: Tensor,
    x_0: Tensor,
    entropy_type: str,
    temperature: float,
    positive: Tensor,
    negative: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """``E - temperature * S`` with its parts, from all scores; pairs are ``[2, n]``."""
    score = user_factor @ item_factor.t()
    energy = ((x_0 - score) ** 2).mean()
    pos, neg = score[positive[0], positive[1]], score[negative[0], negative[1]]
    log_pos, log_neg = torch.log(1 / (1 + (-pos).exp())), torch.log(1 / (1 + neg.exp()))
    if entropy_type == "bpr":
        entropy = torch.log(1 / (1 + (neg - pos).exp())).mean()
    elif entropy_type == "bce":
        entropy = (log_pos.sum() + log_neg.sum()) / x_0.numel()
    else:
        entropy = log_pos.sum() / x_0.numel()
    return energy - temperature * entropy, energy, entropy


def assert_mean(sample: Tensor, expected: Tensor | float) -> None:
    """The mean over the first dimension is as expected, up to chance."""
    error = sample.std(dim=0) / math.sqrt(sample.size(0))
    gap = (sample.mean(dim=0) - expected).abs()
    assert (gap <= NUM_SIGMAS * error + 1e-7).all(), (gap / error).max()


def assert_covariance(sample: Tensor, expected: Tensor) -> None:
    """The covariance of normal draws ``[n, d]`` of mean 0 is as expected."""
    product = sample[:, :, None] * sample[:, None, :]
    assert_mean(product, expected)


def assert_same_moments(left: Tensor, right: Tensor) -> None:
    """Two samples ``[n, d]`` share their mean and covariance, up to chance."""
    centre = right.mean(dim=0)
    for power in (1, 2):
        moments = []
        for sample in (left, right):
            centred = sample - centre
            if power == 2:
                centred = (centred[:, :, None] * centred[:, None, :]).flatten(1)
            moments.append((centred.mean(0), centred.var(0) / centred.size(0)))
        (mean_l, var_l), (mean_r, var_r) = moments
        gap, error = (mean_l - mean_r).abs(), (var_l + var_r).sqrt()
        assert (gap <= NUM_SIGMAS * error).all(), (power, (gap / error).max())


def assert_frequencies(counts: Tensor, probability: Tensor) -> None:
    """Chi-square: counts follow the probabilities; impossible cells stay empty."""
    possible = probability > 0
    assert counts[~possible].sum() == 0
    expected = probability[possible] * counts.sum()
    chi_square = ((counts[possible] - expected) ** 2 / expected).sum()
    dof = max(int(possible.sum()) - 1, 0)
    assert chi_square <= dof + NUM_SIGMAS * math.sqrt(2 * dof), chi_square
