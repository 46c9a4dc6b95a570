"""TV-Diff for PyTorch Geometric: a tri-view diffusion recommender on graphs.

Names are imported when they are first read, so that a part of the package takes no
longer to import than that part.
"""

from typing import TYPE_CHECKING

from tvdiff_pyg.lazy import names_of

if TYPE_CHECKING:
    from tvdiff_pyg.data import BipartiteGraph
    from tvdiff_pyg.diffusion import GaussianDiffusion
    from tvdiff_pyg.evaluation import evaluate
    from tvdiff_pyg.loss import HelmholtzFreeEnergyLoss
    from tvdiff_pyg.models import TVDiff
    from tvdiff_pyg.negatives import ARGumbelSampler, UniformNegativeSampler
    from tvdiff_pyg.nn import AnisotropicDenoiser, BipartiteConv
    from tvdiff_pyg.ranking import ItemIndex, top_k
    from tvdiff_pyg.recommend import Recommender
    from tvdiff_pyg.training import FitOptions, Settings, fit

__version__ = "0.1.0"

__all__ = [
    "ARGumbelSampler",
    "AnisotropicDenoiser",
    "BipartiteConv",
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

# Where the names above are; those of modules stand for themselves.
_HOMES = {
    "ARGumbelSampler": "negatives",
    "AnisotropicDenoiser": "nn",
    "BipartiteConv": "nn",
    "BipartiteGraph": "data",
    "FitOptions": "training",
    "GaussianDiffusion": "diffusion",
    "HelmholtzFreeEnergyLoss": "loss",
    "ItemIndex": "ranking",
    "Recommender": "recommend",
    "Settings": "training",
    "TVDiff": "models",
    "UniformNegativeSampler": "negatives",
    "evaluate": "evaluation",
    "fit": "training",
    "top_k": "ranking",
}


__getattr__ = names_of(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
