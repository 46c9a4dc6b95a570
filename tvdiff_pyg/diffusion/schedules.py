r"""Noise schedules: pure functions from a name to the variances :math:`\beta_t`."""

import math
from typing import Literal, get_args

import torch
from torch import Tensor

Schedule = Literal["linear", "linear-var", "cosine", "binomial"]

MAX_BETA = 0.999


def linear_betas(num_timesteps: int, start: float, end: float) -> Tensor:
    r"""Raise :math:`\beta_t` linearly from ``start`` to ``end`` (`DDPM
    <https://arxiv.org/abs/2006.11239>`_).

    Example:
        >>> linear_betas(3, 0.1, 0.3).tolist()
        [0.1, 0.2, 0.3]
    """
    return torch.linspace(start, end, num_timesteps, dtype=torch.float64)


def linear_variance_betas(num_timesteps: int, start: float, end: float) -> Tensor:
    r"""Raise the total variance :math:`1 - \bar\alpha_t` linearly from ``start`` to
    ``end`` (`DiffRec <https://arxiv.org/abs/2304.04971>`_, "linear-var").

    Example:
        >>> linear_variance_betas(2, 0.5, 0.75).tolist()
        [0.5, 0.5]
    """
    alphas_cumprod = 1 - linear_betas(num_timesteps, start, end)
    return _betas_from(alphas_cumprod)


def cosine_betas(num_timesteps: int, offset: float = 0.008) -> Tensor:
    r"""Let :math:`\bar\alpha_t` fall as a squared cosine (`Improved DDPM
    <https://arxiv.org/abs/2102.09672>`_, Eq. 17).

    Example:
        >>> cosine_betas(10).argmax().item()
        9
    """
    time = torch.arange(num_timesteps + 1, dtype=torch.float64) / num_timesteps
    level = torch.cos((time + offset) / (1 + offset) * math.pi / 2).square()
    return _betas_from(level[1:] / level[0])


def binomial_betas(num_timesteps: int) -> Tensor:
    r"""Erase an equal share of the signal at each step, :math:`1 / (T - t + 1)`
    (`diffusion by nonequilibrium thermodynamics
    <https://arxiv.org/abs/1503.03585>`_).

    Example:
        >>> binomial_betas(2).tolist()
        [0.3333333333333333, 0.5]
    """
    step = torch.arange(num_timesteps, dtype=torch.float64)
    return 1 / (num_timesteps - step + 1)


def make_betas(
    schedule: Schedule,
    num_timesteps: int,
    noise_scale: float = 1e-4,
    noise_min: float = 5e-4,
    noise_max: float = 5e-3,
) -> Tensor:
    r"""Build a schedule by name.

    Args:
        schedule: ``"linear"``, ``"linear-var"``, ``"cosine"`` or ``"binomial"``; the
            last two do not read the noise arguments.
        num_timesteps: Number of steps :math:`T`, at least 1.
        noise_scale: Factor on both ends of the noise range, positive.
            (default: ``1e-4``)
        noise_min: Lower end of the noise range, positive. (default: ``5e-4``)
        noise_max: Upper end, at least ``noise_min``; ``noise_scale * noise_max`` is
            below 1. (default: ``5e-3``)

    Returns:
        :math:`\beta_t` of shape ``[num_timesteps]``, double, in [0, 0.999].

    Raises:
        ValueError: If an argument is outside its range.

    Example:
        >>> make_betas("linear", 3, noise_scale=1.0, noise_min=0.1, noise_max=0.3)
        tensor([0.1000, 0.2000, 0.3000], dtype=torch.float64)
    """
    if num_timesteps < 1:
        raise ValueError(
            f"'num_timesteps' needs to be at least 1 (got {num_timesteps})"
        )
    if schedule == "cosine":
        return cosine_betas(num_timesteps)
    if schedule == "binomial":
        return binomial_betas(num_timesteps)
    if schedule not in get_args(Schedule):
        raise ValueError(
            f"'schedule' needs to be one of {list(get_args(Schedule))} "
            f"(got {schedule!r})"
        )
    start, end = noise_scale * noise_min, noise_scale * noise_max
    if not 0 < start <= end < 1:
        raise ValueError(
            "'noise_scale' needs to satisfy 0 < noise_scale * noise_min <= "
            f"noise_scale * noise_max < 1 (got {start:g} and {end:g})"
        )
    if schedule == "linear":
        return linear_betas(num_timesteps, start, end).clamp(max=MAX_BETA)
    return linear_variance_betas(num_timesteps, start, end)


def _betas_from(alphas_cumprod: Tensor) -> Tensor:
    r"""Invert :math:`\bar\alpha_t = \prod_s (1 - \beta_s)`."""
    previous = torch.cat([alphas_cumprod.new_ones(1), alphas_cumprod[:-1]])
    return (1 - alphas_cumprod / previous).clamp(max=MAX_BETA)
