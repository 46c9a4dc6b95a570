"""Negative samplers: uniform, and View III's hard negatives."""

from tvdiff_pyg.negatives.ar_gumbel import ARGumbelSampler
from tvdiff_pyg.negatives.sampler import NegativeSampler
from tvdiff_pyg.negatives.uniform import UniformNegativeSampler

__all__ = ["ARGumbelSampler", "NegativeSampler", "UniformNegativeSampler"]
