"""Negative samplers: uniform, and View III's hard negatives."""

from tvdiff_pyg.negatives.sampler import SAMPLERS, NegativeSampler, register_sampler
from tvdiff_pyg.negatives.uniform import UniformConfig, UniformNegativeSampler

# isort: split
# Names are listed in the order of registration: the plain one first.
from tvdiff_pyg.negatives.ar_gumbel import ARGumbelConfig, ARGumbelSampler

__all__ = [
    "SAMPLERS",
    "ARGumbelConfig",
    "ARGumbelSampler",
    "NegativeSampler",
    "UniformConfig",
    "UniformNegativeSampler",
    "register_sampler",
]
