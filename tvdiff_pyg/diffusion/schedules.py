r"""Noise schedules: pure functions that give the variances :math:`\beta_t`, and the
schedules that name them and hold their settings.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from tvdiff_pyg.config import Config
from tvdiff_pyg.contract import Contract
from tvdiff_pyg.registry import Registry

#: Every schedule by its name.
SCHEDULES: "Registry[type[Schedule]]" = Registry(
    "schedule", lambda: Contract(Schedule, Config)
)
register_schedule = SCHEDULES.register

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


def _betas_from(alphas_cumprod: Tensor) -> Tensor:
    r"""Invert :math:`\bar\alpha_t = \prod_s (1 - \beta_s)`."""
    previous = torch.cat([alphas_cumprod.new_ones(1), alphas_cumprod[:-1]])
    return (1 - alphas_cumprod / previous).clamp(max=MAX_BETA)


@dataclass(frozen=True)
class Schedule(Config, ABC):
    """How much noise each step adds: a part that is its own config.

    A schedule of your own is a frozen dataclass that defines :meth:`betas`, registered
    by ``@register_schedule(name)``.
    """

    @abstractmethod
    def betas(self, num_timesteps: int) -> Tensor:
        r"""Compute the variances :math:`\beta_t`.

        Args:
            num_timesteps: Number of steps :math:`T`, at least 1.

        Returns:
            Variances of shape ``[num_timesteps]``, double, in [0, 0.999].
        """


def checked_betas(schedule: Schedule, num_timesteps: int) -> Tensor:
    """Return the variances of a schedule, which may be anybody's, as a new tensor.

    Args:
        schedule: The schedule.
        num_timesteps: Number of steps, at least 1.

    Raises:
        ValueError: If they are not as :meth:`Schedule.betas` says.
    """
    betas: object = schedule.betas(num_timesteps)
    wanted = f"'schedule' needs 'betas' of shape [{num_timesteps}], in [0, {MAX_BETA}]"
    if not isinstance(betas, Tensor) or betas.shape != (num_timesteps,):
        got = list(betas.shape) if isinstance(betas, Tensor) else type(betas).__name__
        raise ValueError(f"{wanted} (got {got} from {schedule})")
    # Differences may be rounded to just below 0; what is no number is in no range.
    fits = (betas > -1e-9) & (betas <= MAX_BETA)
    if not betas.is_meta and not bool(fits.all()):
        wrong = float(betas[~fits][0])
        raise ValueError(f"{wanted} (got {wrong:g} from {schedule})")
    return betas.double().clone()


@dataclass(frozen=True)
class NoiseRange(Schedule):
    """What the two linear schedules share: the ends, from ``noise_scale * noise_min``
    to ``noise_scale * noise_max``.
    """

    noise_scale: float = 1e-4
    noise_min: float = 1e-3
    noise_max: float = 5e-3

    def __post_init__(self) -> None:
        """Check the range."""
        super().__post_init__()
        start, end = self.ends()
        if not 0 < start <= end < 1:
            raise ValueError(
                "'noise_scale' needs to satisfy 0 < noise_scale * noise_min <= "
                f"noise_scale * noise_max < 1 (got {start:g} and {end:g})"
            )

    def ends(self) -> tuple[float, float]:
        """Return the scaled ends."""
        return self.noise_scale * self.noise_min, self.noise_scale * self.noise_max


@register_schedule("linear")
@dataclass(frozen=True)
class LinearSchedule(NoiseRange):
    """The variance of each step rises linearly. See :func:`linear_betas`.

    Args:
        noise_scale: Factor on the noise range, positive.
        noise_min: Lower end of the noise range, positive.
        noise_max: Upper end of the noise range, at least the lower one; scaled, it is
            below 1.

    Raises:
        ValueError: If an end is outside its range.

    Example:
        >>> LinearSchedule(1.0, noise_min=0.1, noise_max=0.3).betas(3).tolist()
        [0.1, 0.2, 0.3]
    """

    def betas(self, num_timesteps: int) -> Tensor:
        """Compute the variances; see :meth:`Schedule.betas`."""
        return linear_betas(num_timesteps, *self.ends()).clamp(max=MAX_BETA)


@register_schedule("linear-var")
@dataclass(frozen=True)
class LinearVarianceSchedule(NoiseRange):
    """The total variance rises linearly, as published. See
    :func:`linear_variance_betas`.

    Args:
        noise_scale: Factor on the noise range, positive.
        noise_min: Lower end of the noise range, positive.
        noise_max: Upper end of the noise range, at least the lower one; scaled, it is
            below 1.

    Raises:
        ValueError: If an end is outside its range.

    Example:
        >>> LinearVarianceSchedule(1.0, noise_min=0.5, noise_max=0.75).betas(2).tolist()
        [0.5, 0.5]
    """

    def betas(self, num_timesteps: int) -> Tensor:
        """Compute the variances; see :meth:`Schedule.betas`."""
        return linear_variance_betas(num_timesteps, *self.ends())


@register_schedule("cosine")
@dataclass(frozen=True)
class CosineSchedule(Schedule):
    """The signal falls as a squared cosine. See :func:`cosine_betas`.

    Args:
        offset: Keeps the first steps from adding next to no noise, at least 0.

    Raises:
        ValueError: If the offset is negative or infinite.

    Example:
        >>> CosineSchedule().betas(10).argmax().item()
        9
    """

    offset: float = 0.008

    def __post_init__(self) -> None:
        """Check the range."""
        super().__post_init__()
        self.check("offset", 0 <= self.offset < math.inf, "at least 0, and finite")

    def betas(self, num_timesteps: int) -> Tensor:
        """Compute the variances; see :meth:`Schedule.betas`."""
        return cosine_betas(num_timesteps, self.offset)


@register_schedule("binomial")
@dataclass(frozen=True)
class BinomialSchedule(Schedule):
    """Each step erases an equal share of the signal. See :func:`binomial_betas`.

    Example:
        >>> BinomialSchedule().betas(2).tolist()
        [0.3333333333333333, 0.5]
    """

    def betas(self, num_timesteps: int) -> Tensor:
        """Compute the variances; see :meth:`Schedule.betas`."""
        return binomial_betas(num_timesteps)
