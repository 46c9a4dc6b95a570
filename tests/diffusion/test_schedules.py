"""Noise schedules: values by hand, ranges, errors."""

import math
from dataclasses import dataclass

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from tvdiff_pyg.config import from_flat, to_flat
from tvdiff_pyg.diffusion import (
    SCHEDULES,
    CosineSchedule,
    GaussianDiffusion,
    LinearVarianceSchedule,
    Schedule,
    register_schedule,
)

NAMES = ["linear", "linear-var", "cosine", "binomial"]
NUM_TIMESTEPS = st.integers(1, 200)


def make(name: str, **values: float) -> Schedule:
    return from_flat(SCHEDULES[name].config, values)


def make_betas(name: str, num_timesteps: int, **values: float) -> Tensor:
    return make(name, **values).betas(num_timesteps)


def test_linear_by_hand() -> None:
    betas = make_betas("linear", 3, noise_scale=0.5, noise_min=0.2, noise_max=0.6)
    assert betas.tolist() == pytest.approx([0.1, 0.2, 0.3])


def test_linear_variance_by_hand() -> None:
    # Signal levels 0.9, 0.6, 0.3: each beta is the share lost since the one before.
    betas = make_betas("linear-var", 3, noise_scale=0.1, noise_min=1, noise_max=7)
    assert betas.tolist() == pytest.approx([1 - 0.9, 1 - 0.6 / 0.9, 1 - 0.3 / 0.6])


def test_linear_variance_is_capped() -> None:
    betas = make_betas("linear-var", 2, noise_scale=1, noise_min=0.1, noise_max=0.9999)
    assert betas.tolist() == pytest.approx([0.1, 0.999])


def test_binomial_by_hand() -> None:
    assert make_betas("binomial", 4).tolist() == pytest.approx(
        [1 / 5, 1 / 4, 1 / 3, 1 / 2]
    )


def test_cosine_follows_the_squared_cosine() -> None:
    def level(time: float) -> float:
        return math.cos((time + 0.008) / 1.008 * math.pi / 2) ** 2

    betas = make_betas("cosine", 10)
    expected = [level((t + 1) / 10) / level(0) for t in range(10)]
    # The last step would erase everything; its beta is capped.
    assert (1 - betas).cumprod(0).tolist()[:9] == pytest.approx(expected[:9])
    assert betas[9] == 0.999


@given(NUM_TIMESTEPS, st.floats(1e-4, 0.9), st.floats(1e-4, 0.9), st.floats(1e-3, 1))
def test_linear_variance_is_linear_in_the_variance(
    num_timesteps: int, one: float, other: float, scale: float
) -> None:
    low, high = sorted((one, other))
    betas = LinearVarianceSchedule(scale, low, high).betas(num_timesteps)
    variance = 1 - (1 - betas).cumprod(0)
    step = 0 if num_timesteps == 1 else (high - low) / (num_timesteps - 1)
    expected = [scale * (low + t * step) for t in range(num_timesteps)]
    assert variance.tolist() == pytest.approx(expected, abs=1e-12)


@given(
    st.sampled_from(NAMES),
    NUM_TIMESTEPS,
    st.floats(1e-6, 0.9),
    st.floats(1.01, 100),
)
def test_betas_are_a_share_of_the_signal(
    schedule: str, num_timesteps: int, low: float, ratio: float
) -> None:
    noise = {"noise_min": low, "noise_max": min(low * ratio, 0.999)}
    betas = make_betas(schedule, num_timesteps, noise_scale=1.0, **noise)
    assert betas.shape == (num_timesteps,)
    assert betas.dtype == torch.double
    assert (betas > 0).all()
    assert (betas <= 0.999).all()


@pytest.mark.parametrize("schedule", ["linear", "linear-var"])
@pytest.mark.parametrize(("low", "high"), [(0.5, 0.9999), (0.5, 0.5)])
def test_betas_stay_in_their_documented_range_at_its_ends(
    schedule: str, low: float, high: float
) -> None:
    # Linear-var with equal ends adds all its noise at once, and none after.
    betas = make_betas(schedule, 3, noise_scale=1, noise_min=low, noise_max=high)
    assert betas[0] > 0 and (betas >= 0).all()
    assert (betas <= 0.999).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"noise_scale": "1"}, r"'noise_scale' needs to be a number \(got '1'\)"),
        *[
            (noise, r"'noise_scale' needs to satisfy 0 < noise_scale \* noise_min <= ")
            for noise in (
                {"noise_scale": 0.0},
                {"noise_scale": float("nan")},
                {"noise_min": -0.1},
                {"noise_min": 0.7},
                {"noise_max": 1.0},
            )
        ],
    ],
)
@pytest.mark.parametrize("schedule", ["linear", "linear-var"])
def test_errors(schedule: str, arguments: dict[str, float], message: str) -> None:
    given = {"noise_scale": 1.0, "noise_min": 0.1, "noise_max": 0.5}
    with pytest.raises(ValueError, match=message):
        make(schedule, **{**given, **arguments})


def test_unknown_schedules_are_named() -> None:
    message = (
        r"'schedule' needs to be one of \['linear', 'linear-var', 'cosine', "
        r"'binomial'\] \(got 'quadratic'\)"
    )
    with pytest.raises(ValueError, match=message):
        SCHEDULES["quadratic"]


@pytest.mark.parametrize("offset", [-0.1, math.inf, math.nan])
def test_the_offset_is_checked(offset: float) -> None:
    message = rf"'offset' needs to be at least 0, and finite \(got {offset}\)"
    with pytest.raises(ValueError, match=message):
        CosineSchedule(offset)


def test_the_noise_range_is_named_in_full() -> None:
    message = r"noise_scale \* noise_max < 1 \(got 0.2 and 1.5\)"
    with pytest.raises(ValueError, match=message):
        make_betas("linear", 5, noise_scale=1, noise_min=0.2, noise_max=1.5)


@pytest.mark.parametrize("name", NAMES)
def test_a_schedule_is_its_own_config(name: str) -> None:
    schedule = SCHEDULES[name].config()
    assert from_flat(type(schedule), to_flat(schedule)) == schedule
    assert SCHEDULES.of(schedule).name == name
    diffusion = GaussianDiffusion(7, schedule, fix_first_beta=False)
    expected = schedule.betas(7).float()
    assert torch.equal(diffusion.betas, expected)


def test_settings_are_read_from_flat_names() -> None:
    values = {"noise_scale": 0.5, "offset": 0.1, "num_timesteps": 3}
    assert make("cosine", **values) == CosineSchedule(0.1)
    assert make("linear-var", **values) == LinearVarianceSchedule(noise_scale=0.5)


def test_a_schedule_of_ones_own() -> None:
    @dataclass(frozen=True)
    class Constant(Schedule):
        beta: float = 0.1

        def betas(self, num_timesteps: int) -> Tensor:
            return torch.full((num_timesteps,), self.beta, dtype=torch.double)

    register_schedule("constant")(Constant)
    try:
        schedule = make("constant", beta=0.2)
    finally:
        del SCHEDULES._entries["constant"]
    diffusion = GaussianDiffusion(3, schedule)
    assert diffusion.betas.tolist() == pytest.approx([1e-5, 0.2, 0.2])


@pytest.mark.parametrize("got", [[1], [0.1, 2.0], [0.1, math.nan], [-0.1, 0.1], None])
def test_variances_that_are_none_are_refused(got: list[float] | None) -> None:
    class Odd(Schedule):
        def betas(self, num_timesteps: int) -> Tensor:
            return got if got is None else torch.tensor(got)

    with pytest.raises(
        ValueError, match=r"'schedule' needs 'betas' of shape \[2\], in"
    ):
        GaussianDiffusion(2, Odd())


def test_a_schedule_keeps_its_variances() -> None:
    """The first variance is set in a tensor of ours: this one is a single number."""
    kept = torch.tensor(0.1).expand(3)

    class Constant(Schedule):
        def betas(self, num_timesteps: int) -> Tensor:
            return kept

    assert GaussianDiffusion(3, Constant()).betas[1:].tolist() == [kept[0], kept[0]]
    assert kept[0] == torch.tensor(0.1)
