"""The diffusion process: schedules, forward and reverse, dense or projected."""

from tvdiff_pyg.diffusion.gaussian import GaussianDiffusion
from tvdiff_pyg.diffusion.projected import ProjectedNoise
from tvdiff_pyg.diffusion.schedules import (
    SCHEDULES,
    BinomialSchedule,
    CosineSchedule,
    LinearSchedule,
    LinearVarianceSchedule,
    NoiseRange,
    Schedule,
    binomial_betas,
    cosine_betas,
    linear_betas,
    linear_variance_betas,
    register_schedule,
)

__all__ = [
    "SCHEDULES",
    "BinomialSchedule",
    "CosineSchedule",
    "GaussianDiffusion",
    "LinearSchedule",
    "LinearVarianceSchedule",
    "NoiseRange",
    "ProjectedNoise",
    "Schedule",
    "binomial_betas",
    "cosine_betas",
    "linear_betas",
    "linear_variance_betas",
    "register_schedule",
]
