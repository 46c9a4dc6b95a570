"""The Gaussian diffusion process, on any linear image of the interactions."""

from collections.abc import Callable

import torch
from torch import Tensor

from tvdiff_pyg.diffusion.schedules import LinearVarianceSchedule, Schedule

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

    Raises:
        ValueError: If ``num_timesteps`` is below 1.

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
    ) -> None:
        super().__init__()
        if num_timesteps < 1:
            raise ValueError(
                f"'num_timesteps' needs to be at least 1 (got {num_timesteps})"
            )
        self.num_timesteps = num_timesteps
        self.schedule = schedule
        betas = schedule.betas(num_timesteps)
        if fix_first_beta:
            betas[0] = FIRST_BETA
        self._register(betas)

    def _register(self, betas: Tensor) -> None:
        """Compute every coefficient in double, keep it in single precision."""
        alphas_cumprod = (1 - betas).cumprod(dim=0)
        previous = torch.cat([alphas_cumprod.new_ones(1), alphas_cumprod[:-1]])
        remaining = 1 - alphas_cumprod
        buffers = {
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
        for name, value in buffers.items():
            self.register_buffer(name, value.float(), persistent=False)

    def sample_timestep(
        self, batch_size: int, generator: torch.Generator | None = None
    ) -> Tensor:
        """Draw timesteps uniformly.

        Args:
            batch_size: How many.
            generator: Source of randomness. (default: ``None``)

        Returns:
            Timesteps in [0, num_timesteps), long, of shape ``[batch_size]``.
        """
        return torch.randint(
            self.num_timesteps,
            (batch_size,),
            generator=generator,
            device=self.betas.device,
        )

    def q_sample(self, x_0: Tensor, timestep: Tensor, noise: Tensor) -> Tensor:
        r"""Corrupt: draw :math:`x_t` from :math:`q(x_t \mid x_0)`.

        Args:
            x_0: Clean states, of shape ``[batch_size, channels]``.
            timestep: Timesteps, of shape ``[batch_size]``.
            noise: Unit noise of the state's space, of the shape of ``x_0``.

        Returns:
            Noisy states, of the shape of ``x_0``.
        """
        signal = self.sqrt_alphas_cumprod[timestep].unsqueeze(-1).to(x_0.dtype)
        scale = self.sqrt_one_minus_alphas_cumprod[timestep].unsqueeze(-1)
        return signal * x_0 + scale.to(x_0.dtype) * noise

    def posterior_mean(self, pred_x_0: Tensor, x_t: Tensor, timestep: int) -> Tensor:
        r"""Compute :math:`c^{(1)}_t \hat{x}_0 + c^{(2)}_t x_t` for one timestep.

        Args:
            pred_x_0: Predicted clean states, of shape ``[batch_size, channels]``.
            x_t: States at ``timestep``, of the same shape.
            timestep: A single timestep in [0, num_timesteps).

        Returns:
            The mean of :math:`q(x_{t-1} \mid x_t, \hat{x}_0)`, of the same shape.
        """
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
                ``x_0`` as the state at the last timestep. (default: ``None``)
            draw_noise: Draws unit noise of the state's space; needed with
                ``start_step`` or ``ancestral``. (default: ``None``)
            ancestral: Add noise of the posterior variance at each step.
                (default: ``False``)

        Returns:
            The state at timestep 0, of the shape of ``x_0``.

        Raises:
            ValueError: If ``start_step`` is outside [0, num_timesteps) or noise is
                needed and ``draw_noise`` is missing.
        """
        draw = draw_noise or _no_noise
        x_t, last = x_0, self.num_timesteps - 1
        if start_step is not None:
            self._check_start(start_step)
            last = start_step
            x_t = self.q_sample(x_0, self._one(last), draw())
        for step in range(last, 0, -1):
            x_t = self.posterior_mean(predict(x_t, self._one(step)), x_t, step)
            if ancestral:
                x_t = x_t + self.posterior_variance[step].sqrt() * draw()
        return x_t

    def _check_start(self, start_step: int) -> None:
        if not 0 <= start_step < self.num_timesteps:
            raise ValueError(
                f"'start_step' needs to be in [0, {self.num_timesteps}) "
                f"(got {start_step})"
            )

    def _one(self, step: int) -> Tensor:
        """One timestep for all rows; it broadcasts."""
        return torch.tensor([step], device=self.betas.device)

    def __repr__(self) -> str:
        return (
            f"{self.__class__.__name__}(num_timesteps={self.num_timesteps}, "
            f"schedule={self.schedule!r})"
        )


def _no_noise() -> Tensor:
    raise ValueError("'draw_noise' needs to be given to add noise (got None)")
