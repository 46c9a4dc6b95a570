"""TV-Diff for PyTorch Geometric: a tri-view diffusion recommender on graphs.

Names are imported when they are first read, so that a part of the package takes no
longer to import than that part.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

__version__ = "0.1.0"

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

# Where the names above are; those of modules stand for themselves.
_HOMES = {
    "ARGumbelSampler": "negatives",
    "AnisotropicDenoiser": "nn",
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


def __getattr__(name: str) -> Any:
    """Import a public name, or a module of the package."""
    if name in _HOMES:
        value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        globals()[name] = value
        return value
    missing = AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name.startswith("_"):
        raise missing
    try:
        return import_module(f"{__name__}.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"{__name__}.{name}":
            raise
        raise missing from None


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
