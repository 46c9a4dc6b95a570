"""The diffusion process: schedules, forward and reverse, dense or projected."""

from tvdiff_pyg.diffusion.gaussian import GaussianDiffusion
from tvdiff_pyg.diffusion.projected import ProjectedNoise
from tvdiff_pyg.diffusion.schedules import Schedule, make_betas

__all__ = ["GaussianDiffusion", "ProjectedNoise", "Schedule", "make_betas"]
