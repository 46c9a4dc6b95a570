"""Negative samplers: uniform, and View III's hard negatives."""

from tvdiff_pyg.sampling.ar_gumbel import ARGumbelSampler
from tvdiff_pyg.sampling.base import NegativeSampler
from tvdiff_pyg.sampling.uniform import UniformNegativeSampler

__all__ = ["ARGumbelSampler", "NegativeSampler", "UniformNegativeSampler"]
