"""TV-Diff for PyTorch Geometric: a tri-view diffusion recommender on graphs."""

__version__ = "0.1.0"

import os

# Factors are large arrays, made and freed in each step: in huge pages their memory
# comes back several times sooner. PyTorch reads this before its first large array.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")

from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.diffusion import GaussianDiffusion
from tvdiff_pyg.evaluation import evaluate
from tvdiff_pyg.loss import HelmholtzFreeEnergyLoss
from tvdiff_pyg.models import TVDiff
from tvdiff_pyg.negatives import ARGumbelSampler, UniformNegativeSampler
from tvdiff_pyg.nn import AnisotropicDenoiser
from tvdiff_pyg.ranking import ItemIndex, top_k
from tvdiff_pyg.recommend import Recommender
from tvdiff_pyg.training import FitOptions, Settings, fit

__all__ = [
    "ARGumbelSampler",
    "AnisotropicDenoiser",
    "BipartiteGraph",
    "FitOptions",
    "GaussianDiffusion",
    "HelmholtzFreeEnergyLoss",
    "ItemIndex",
    "Recommender",
    "Settings",
    "TVDiff",
    "UniformNegativeSampler",
    "evaluate",
    "fit",
    "top_k",
]
