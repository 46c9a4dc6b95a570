"""The Gaussian diffusion process, on any linear image of the interactions."""

from collections.abc import Callable

import torch
from torch import Tensor
from typing_extensions import Self

from tvdiff_pyg.diffusion.schedules import (
    LinearVarianceSchedule,
    Schedule,
    checked_betas,
)
from tvdiff_pyg.ranges import check_integer
from tvdiff_pyg.sparse.checks import check_same_shape
from tvdiff_pyg.sparse.matrices import check_matrix
from tvdiff_pyg.sparse.timesteps import MAX_TIMESTEPS, as_timesteps

FIRST_BETA = 1e-5

Predict = Callable[[Tensor, Tensor], Tensor]
DrawNoise = Callable[[], Tensor]


class GaussianDiffusion(torch.nn.Module):
    r"""Forward and reverse diffusion with a fixed schedule.

    .. math::
        x_t = \sqrt{\bar\alpha_t} x_0 + \sqrt{1-\bar\alpha_t} \epsilon, \qquad
        x_{t-1} = c^{(1)}_t \hat{x}_0 + c^{(2)}_t x_t

    Both maps are linear in the state, so they act alike on interaction vectors
    ``[batch_size, num_items]`` and on their projections
    ``[batch_size, hidden_channels]``; only the noise differs.

    Args:
        num_timesteps: Number of steps :math:`T`, at least 1. (default: ``50``)
        schedule: How much noise each step adds.
            (default: ``LinearVarianceSchedule()``)
        fix_first_beta: Set :math:`\beta_0 = 10^{-5}`, as DiffRec and TV-Diff do.
            (default: ``True``)
        reverse_steps: How many of the steps :meth:`reverse` takes, the last ones, at
            least 1; all if ``None``. (default: ``None``)

    Raises:
        ValueError: If a number of steps is out of range.

    Example:
        >>> diffusion = GaussianDiffusion(num_timesteps=10)
        >>> x_0 = torch.ones(2, 3)
        >>> diffusion.q_sample(x_0, torch.tensor([0, 9]), torch.zeros(2, 3)).shape
        torch.Size([2, 3])
    """

    betas: Tensor
    alphas_cumprod: Tensor
    sqrt_alphas_cumprod: Tensor
    sqrt_one_minus_alphas_cumprod: Tensor
    posterior_variance: Tensor
    posterior_mean_coef1: Tensor
    posterior_mean_coef2: Tensor

    def __init__(
        self,
        num_timesteps: int = 50,
        schedule: Schedule = LinearVarianceSchedule(),
        fix_first_beta: bool = True,
        reverse_steps: int | None = None,
    ) -> None:
        super().__init__()
        check_integer("num_timesteps", num_timesteps, low=1)
        check_integer("num_timesteps", num_timesteps, 1, MAX_TIMESTEPS)
        if reverse_steps is not None:
            check_integer("reverse_steps", reverse_steps, 1, num_timesteps)
        self.num_timesteps = num_timesteps
        self.reverse_steps = reverse_steps
        self.schedule = schedule
        self.fix_first_beta = fix_first_beta
        for name, value in self._coefficients().items():
            self.register_buffer(name, value.float(), persistent=False)

    def reset_parameters(self) -> None:
        """Compute all coefficients anew, where they are: after ``to_empty``."""
        for name, value in self._coefficients().items():
            getattr(self, name).copy_(value)

    def _coefficients(self) -> dict[str, Tensor]:
        """Compute every coefficient, in double precision."""
        betas = checked_betas(self.schedule, self.num_timesteps)
        if self.fix_first_beta:
            betas[0] = FIRST_BETA
        alphas_cumprod = (1 - betas).cumprod(dim=0)
        previous = torch.cat([alphas_cumprod.new_ones(1), alphas_cumprod[:-1]])
        remaining = 1 - alphas_cumprod
        return {
            "betas": betas,
            "alphas_cumprod": alphas_cumprod,
            # x_t = sqrt(abar_t) x_0 + sqrt(1 - abar_t) eps (DDPM Eq. 4)
            "sqrt_alphas_cumprod": alphas_cumprod.sqrt(),
            "sqrt_one_minus_alphas_cumprod": remaining.sqrt(),
            # mean and variance of q(x_{t-1} | x_t, x_0) (DDPM Eqs. 6 and 7)
            "posterior_mean_coef1": betas * previous.sqrt() / remaining,
            "posterior_mean_coef2": (1 - previous) * (1 - betas).sqrt() / remaining,
            "posterior_variance": betas * (1 - previous) / remaining,
        }

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Move, but stay in single precision: in half of it, coefficients that are
        next to 1 are 1.
        """

        def move(value: Tensor) -> Tensor:
            moved = fn(value)
            return moved if moved.dtype.itemsize >= 4 else value.to(moved.device)

        return super()._apply(move, recurse)

    def sample_timestep(
        self, batch_size: int, generator: torch.Generator | None = None
    ) -> Tensor:
        """Draw timesteps uniformly.

        Args:
            batch_size: How many, at least 0.
            generator: Source of randomness. (default: ``None``)

        Returns:
            Timesteps in [0, num_timesteps), long, of shape ``[batch_size]``.

        Raises:
            ValueError: If ``batch_size`` is negative or no integer.
        """
        check_integer("batch_size", batch_size, low=0)
        return torch.randint(
            self.num_timesteps,
            (batch_size,),
            generator=generator,
            device=self.betas.device,
        )

    def q_sample(self, x_0: Tensor, timestep: Tensor | int, noise: Tensor) -> Tensor:
        r"""Corrupt: draw :math:`x_t` from :math:`q(x_t \mid x_0)`.

        Args:
            x_0: Clean states, of shape ``[batch_size, channels]``.
            timestep: Timesteps in [0, num_timesteps), integers, of shape
                ``[batch_size]``, or one for all.
            noise: Unit noise of the state's space, of the shape of ``x_0``.

        Returns:
            Noisy states, of the shape of ``x_0``.

        Raises:
            ValueError: If ``x_0`` is no matrix of real numbers, there is not a timestep
                in range for each state, or the noise is of another shape.
        """
        check_matrix("x_0", x_0)
        timestep = as_timesteps(timestep, x_0, self.num_timesteps)
        check_same_shape("noise", noise, x_0)
        signal = self.sqrt_alphas_cumprod[timestep].unsqueeze(-1)
        scale = self.sqrt_one_minus_alphas_cumprod[timestep].unsqueeze(-1)
        return (signal * x_0 + scale * noise).to(x_0.dtype)

    def posterior_mean(self, pred_x_0: Tensor, x_t: Tensor, timestep: int) -> Tensor:
        r"""Compute :math:`c^{(1)}_t \hat{x}_0 + c^{(2)}_t x_t` for one timestep.

        Args:
            pred_x_0: Predicted clean states, of shape ``[batch_size, channels]``.
            x_t: States at ``timestep``, of the same shape.
            timestep: A single timestep in [0, num_timesteps).

        Returns:
            The mean of :math:`q(x_{t-1} \mid x_t, \hat{x}_0)`, of the same shape.

        Raises:
            ValueError: If ``timestep`` is no integer or out of range, or the states
                differ in shape.
        """
        check_matrix("x_t", x_t)
        check_same_shape("pred_x_0", pred_x_0, x_t)
        check_integer("timestep", timestep, 0, self.num_timesteps - 1)
        coef1 = self.posterior_mean_coef1[timestep].to(x_t.dtype)
        coef2 = self.posterior_mean_coef2[timestep].to(x_t.dtype)
        return (coef1 * pred_x_0).addcmul_(x_t, coef2)

    @torch.no_grad()
    def reverse(
        self,
        predict: Predict,
        x_0: Tensor,
        start_step: int | None = None,
        draw_noise: DrawNoise | None = None,
        ancestral: bool = False,
    ) -> Tensor:
        r"""Denoise from :math:`x_0` itself, or from :math:`q(x_s \mid x_0)`, down to
        the input of the last prediction.

        The last step is a prediction alone (:math:`c^{(1)}_0 = 1`,
        :math:`c^{(2)}_0 = 0`) and is left to the caller, who may want it in another
        form, as factors for instance.

        Args:
            predict: Maps states and the timestep of all of them, ``[1]``, to
                predicted clean states.
            x_0: Clean states, of shape ``[batch_size, channels]``.
            start_step: Corrupt ``x_0`` to this timestep first; if omitted, take
                ``x_0`` as the state at the last timestep, or that of
                ``reverse_steps``. (default: ``None``)
            draw_noise: Draws unit noise of the state's space; needed with
                ``start_step`` or ``ancestral``. (default: ``None``)
            ancestral: Add noise of the posterior variance at each step.
                (default: ``False``)

        Returns:
            The state at timestep 0, of the shape of ``x_0``.

        Raises:
            ValueError: If ``start_step`` is outside [0, num_timesteps), noise is needed
                and ``draw_noise`` is missing, or a shape does not fit.
        """
        draw = draw_noise or _no_noise
        x_t, last = x_0, (self.reverse_steps or self.num_timesteps) - 1
        if start_step is not None:
            check_integer("start_step", start_step, 0, self.num_timesteps - 1)
            last = start_step
            x_t = self.q_sample(x_0, self._one(last), draw())
        for step in range(last, 0, -1):
            x_t = self.posterior_mean(predict(x_t, self._one(step)), x_t, step)
            if ancestral:
                noise = draw()
                check_same_shape("draw_noise()", noise, x_t)
                x_t = x_t + self.posterior_variance[step].sqrt() * noise
        return x_t

    def _one(self, step: int) -> Tensor:
        """One timestep for all rows; it broadcasts."""
        return torch.tensor([step], device=self.betas.device)

    def __repr__(self) -> str:
        steps = self.reverse_steps
        fewer = "" if steps is None else f", reverse_steps={steps}"
        return (
            f"{self.__class__.__name__}(num_timesteps={self.num_timesteps}, "
            f"schedule={self.schedule!r}{fewer})"
        )


def _no_noise() -> Tensor:
    raise ValueError("'draw_noise' needs to be given to add noise (got None)")
