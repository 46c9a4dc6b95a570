"""Forward and reverse diffusion against Bayes' rule and a literal loop."""

import pytest
import torch
from torch import Tensor

from tests.oracle import assert_covariance, assert_mean
from tvdiff_pyg.config import from_flat
from tvdiff_pyg.diffusion import (
    SCHEDULES,
    CosineSchedule,
    GaussianDiffusion,
    LinearVarianceSchedule,
    Schedule,
)

NOISY = {"noise_scale": 1.0, "noise_min": 0.05, "noise_max": 0.8}
NAMES = SCHEDULES.names()
NOISY_SCHEDULE = LinearVarianceSchedule(**NOISY)


def make_schedule(name: str, noise: dict[str, float]) -> Schedule:
    return from_flat(SCHEDULES[name].config, noise)


@pytest.mark.parametrize("fix_first_beta", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_forward_buffers(name: str, fix_first_beta: bool) -> None:
    schedule = make_schedule(name, NOISY)
    diffusion = GaussianDiffusion(6, schedule, fix_first_beta)
    betas = schedule.betas(6)
    if fix_first_beta:
        betas[0] = 1e-5
    level = 1.0
    for t, beta in enumerate(betas.tolist()):
        level *= 1 - beta
        assert diffusion.betas[t].item() == pytest.approx(beta)
        assert diffusion.alphas_cumprod[t].item() == pytest.approx(level)
        assert diffusion.sqrt_alphas_cumprod[t].item() == pytest.approx(level**0.5)
        remaining = diffusion.sqrt_one_minus_alphas_cumprod[t].item()
        assert remaining == pytest.approx((1 - level) ** 0.5)


@pytest.mark.parametrize("fix_first_beta", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_posterior_follows_bayes_rule(name: str, fix_first_beta: bool) -> None:
    schedule = make_schedule(name, NOISY)
    diffusion = GaussianDiffusion(6, schedule, fix_first_beta)
    betas = schedule.betas(6)
    if fix_first_beta:
        betas[0] = 1e-5
    level = (1 - betas).cumprod(0)
    for t in range(1, 6):
        beta, before = betas[t].item(), level[t - 1].item()
        # Two witnesses of x_{t-1}: x_0, through N(sqrt(before) x_0, 1 - before), and
        # x_t, through N(sqrt(1 - beta) x_{t-1}, beta). Their precisions add up.
        variance = 1 / (1 / (1 - before) + (1 - beta) / beta)
        assert diffusion.posterior_variance[t].item() == pytest.approx(variance)
        coef1 = variance * before**0.5 / (1 - before)
        assert diffusion.posterior_mean_coef1[t].item() == pytest.approx(coef1)
        coef2 = variance * (1 - beta) ** 0.5 / beta
        assert diffusion.posterior_mean_coef2[t].item() == pytest.approx(coef2)


@pytest.mark.parametrize("noise", [NOISY, {}], ids=["noisy", "defaults"])
@pytest.mark.parametrize("fix_first_beta", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_the_last_step_is_the_prediction(
    name: str, fix_first_beta: bool, noise: dict[str, float]
) -> None:
    diffusion = GaussianDiffusion(5, make_schedule(name, noise), fix_first_beta)
    assert diffusion.posterior_mean_coef1[0] == 1
    assert diffusion.posterior_mean_coef2[0] == 0
    assert diffusion.posterior_variance[0] == 0
    pred, x_t = torch.rand(2, 3), torch.rand(2, 3)
    assert torch.equal(diffusion.posterior_mean(pred, x_t, 0), pred)


@pytest.mark.parametrize("timestep", [0, 2, 5])
def test_q_sample_has_the_stated_mean_and_variance(timestep: int) -> None:
    diffusion = GaussianDiffusion(6, NOISY_SCHEDULE)
    level = diffusion.alphas_cumprod[timestep].double()
    x_0 = torch.tensor([1.0, 0.0, 1.0], dtype=torch.float64).expand(20_000, 3)
    noise = torch.randn(x_0.shape, generator=torch.manual_seed(0), dtype=x_0.dtype)
    x_t = diffusion.q_sample(x_0, torch.full((20_000,), timestep), noise)
    assert_mean(x_t, level.sqrt() * x_0[0])
    assert_covariance(x_t - level.sqrt() * x_0, (1 - level) * torch.eye(3))


def test_q_sample_reads_one_timestep_a_row() -> None:
    diffusion = GaussianDiffusion(6, NOISY_SCHEDULE)
    x_0, noise = torch.rand(3, 4), torch.randn(3, 4)
    timestep = torch.tensor([5, 0, 2])
    together = diffusion.q_sample(x_0, timestep, noise)
    for row in range(3):
        one = slice(row, row + 1)
        alone = diffusion.q_sample(x_0[one], timestep[one], noise[one])
        torch.testing.assert_close(together[one], alone)


def predict(x_t: Tensor, timestep: Tensor) -> Tensor:
    mixing = torch.linspace(-1, 1, 9, dtype=x_t.dtype).view(3, 3)
    return torch.tanh(x_t @ mixing + 0.1 * timestep[:, None])


@pytest.mark.parametrize("ancestral", [False, True])
@pytest.mark.parametrize("start_step", [None, 0, 2, 5])
def test_reverse_is_the_literal_loop(start_step: int | None, ancestral: bool) -> None:
    diffusion = GaussianDiffusion(6, NOISY_SCHEDULE)
    betas = diffusion.betas.double()
    level = (1 - betas).cumprod(0)
    generator = torch.manual_seed(0)
    noises = torch.randn(7, 4, 3, generator=generator, dtype=torch.float64)
    x_0 = torch.rand(4, 3, generator=generator, dtype=torch.float64)

    noise, x, last = iter(noises), x_0, 5
    if start_step is not None:
        last = start_step
        x = level[last].sqrt() * x_0 + (1 - level[last]).sqrt() * next(noise)
    for t in range(last, 0, -1):
        pred = predict(x, torch.full((4,), t))
        coef1 = betas[t] * level[t - 1].sqrt() / (1 - level[t])
        coef2 = (1 - level[t - 1]) * (1 - betas[t]).sqrt() / (1 - level[t])
        x = coef1 * pred + coef2 * x
        if ancestral:
            variance = betas[t] * (1 - level[t - 1]) / (1 - level[t])
            x = x + variance.sqrt() * next(noise)

    drawn = iter(noises)
    out = diffusion.reverse(predict, x_0, start_step, lambda: next(drawn), ancestral)
    torch.testing.assert_close(out, x, rtol=1e-5, atol=1e-6)
    assert len(list(drawn)) == len(list(noise))


def test_without_noise_no_noise_is_drawn() -> None:
    diffusion = GaussianDiffusion(6, NOISY_SCHEDULE)
    x_0 = torch.rand(2, 3)
    out = diffusion.reverse(predict, x_0)
    assert torch.equal(out, diffusion.reverse(predict, x_0))


def test_a_single_step_leaves_the_state() -> None:
    x_0 = torch.rand(2, 3)
    assert torch.equal(GaussianDiffusion(1).reverse(predict, x_0), x_0)


@pytest.mark.parametrize("steps", [1, 2, 4])
def test_the_last_steps_of_the_reverse_process_alone(steps: int) -> None:
    fewer = GaussianDiffusion(6, NOISY_SCHEDULE, reverse_steps=steps)
    whole = GaussianDiffusion(6, NOISY_SCHEDULE)
    x_0 = x_t = torch.rand(2, 3)
    for step in range(steps - 1, 0, -1):
        x_t = whole.posterior_mean(predict(x_t, torch.tensor([step])), x_t, step)
    assert torch.equal(fewer.reverse(predict, x_0), x_t)
    assert torch.equal(
        fewer.reverse(predict, x_0, 5, lambda: x_0),
        whole.reverse(predict, x_0, 5, lambda: x_0),
    )
    assert str(fewer).endswith(f", reverse_steps={steps})")


@pytest.mark.parametrize("steps", [0, 7, 1.5])
def test_there_are_as_many_steps_to_take(steps: int) -> None:
    message = rf"'reverse_steps' needs to be .* \(got {steps}\)"
    with pytest.raises(ValueError, match=message):
        GaussianDiffusion(6, reverse_steps=steps)


def test_timesteps_are_uniform_and_seeded() -> None:
    diffusion = GaussianDiffusion(4)
    timestep = diffusion.sample_timestep(8000, torch.Generator().manual_seed(0))
    again = diffusion.sample_timestep(8000, torch.Generator().manual_seed(0))
    assert torch.equal(timestep, again)
    assert timestep.dtype == torch.long
    assert timestep.bincount().tolist() == pytest.approx([2000] * 4, abs=200)


def test_buffers_are_not_saved() -> None:
    assert not GaussianDiffusion(4).state_dict()


def test_repr() -> None:
    expected = "GaussianDiffusion(num_timesteps=4, schedule=CosineSchedule(offset=0.1))"
    assert str(GaussianDiffusion(4, CosineSchedule(0.1))) == expected


def test_noise_needs_a_source() -> None:
    diffusion = GaussianDiffusion(6)
    for arguments in ({"start_step": 2}, {"ancestral": True}):
        with pytest.raises(ValueError, match=r"'draw_noise' needs to be given"):
            diffusion.reverse(predict, torch.zeros(1, 3), **arguments)


@pytest.mark.parametrize("start_step", [-1, 6])
def test_start_step_is_a_timestep(start_step: int) -> None:
    message = rf"'start_step' needs to be in \[0, 5\] \(got {start_step}\)"
    with pytest.raises(ValueError, match=message):
        GaussianDiffusion(6).reverse(
            predict, torch.zeros(1, 3), start_step, lambda: torch.zeros(1, 3)
        )


def test_there_is_a_step() -> None:
    message = r"'num_timesteps' needs to be at least 1 \(got 0\)"
    with pytest.raises(ValueError, match=message):
        GaussianDiffusion(0)


@pytest.mark.parametrize(
    ("timestep", "message"),
    [
        (torch.zeros(3, 1).long(), r"'timestep' .* shape \[3\] \(got \[3, 1\]\)"),
        (torch.zeros(2).long(), r"'timestep' .* shape \[3\] \(got \[2\]\)"),
        (torch.zeros(3), r"'timestep' needs to hold integers \(got torch.float32\)"),
        (torch.tensor([0, 1, -1]), r"'timestep' .* in \[0, 5\) \(got -1\)"),
        (5, r"'timestep' needs to be in \[0, 4\] \(got 5\)"),
    ],
)
def test_timesteps_to_corrupt_to_are_checked(timestep: object, message: str) -> None:
    x_0 = torch.ones(3, 2)
    with pytest.raises(ValueError, match=message):
        GaussianDiffusion(5).q_sample(x_0, timestep, x_0)


@pytest.mark.parametrize("timestep", [-1, 5, 1.5, float("nan"), True, torch.arange(3)])
def test_a_step_back_is_from_one_timestep(timestep: object) -> None:
    x_t = torch.ones(3, 3)
    message = r"'timestep' needs to be (an integer|in \[0, 4\])"
    with pytest.raises(ValueError, match=message):
        GaussianDiffusion(5).posterior_mean(x_t, x_t, timestep)


def test_nothing_is_broadcast() -> None:
    diffusion, x_0 = GaussianDiffusion(5), torch.ones(3, 2)
    for other in (torch.ones(3, 1), torch.ones(1, 2), torch.ones(2)):
        with pytest.raises(ValueError, match=r"'noise' needs to be of shape \[3, 2\]"):
            diffusion.q_sample(x_0, 0, other)
        with pytest.raises(ValueError, match=r"'pred_x_0' needs .* shape \[3, 2\]"):
            diffusion.posterior_mean(other, x_0, 0)


def test_noise_on_the_way_back_is_never_broadcast() -> None:
    x_0 = torch.zeros(3, 2)
    with pytest.raises(ValueError, match=r"'draw_noise\(\)' needs .* shape \[3, 2\]"):
        GaussianDiffusion(5).reverse(
            lambda x_t, _: x_t, x_0, None, lambda: torch.ones(1, 2), ancestral=True
        )


@pytest.mark.parametrize("x", [torch.ones(3), torch.ones(3, 2, dtype=torch.long)])
def test_states_are_matrices_of_real_numbers(x: Tensor) -> None:
    diffusion = GaussianDiffusion(5)
    message = r"'x_[0t]' needs to (be of shape \[\*, channels\]|hold floating-point)"
    with pytest.raises(ValueError, match=message):
        diffusion.q_sample(x, 0, x)
    with pytest.raises(ValueError, match=message):
        diffusion.posterior_mean(x, x, 0)


@pytest.mark.parametrize("batch_size", [-1, 2.5, True])
def test_a_batch_has_a_size(batch_size: object) -> None:
    with pytest.raises(ValueError, match=r"'batch_size' needs to be (at|an integer)"):
        GaussianDiffusion(5).sample_timestep(batch_size)


def test_one_timestep_corrupts_all_rows() -> None:
    diffusion, x_0 = GaussianDiffusion(5), torch.ones(3, 2)
    expected = diffusion.q_sample(x_0, torch.tensor([2, 2, 2]), x_0)
    assert torch.equal(diffusion.q_sample(x_0, 2, x_0), expected)
