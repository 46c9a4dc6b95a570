"""Models: TV-Diff, composed from the parts, and the baselines to compare it with."""

from tvdiff_pyg.models.base import FactorModel, ItemSide
from tvdiff_pyg.models.bpr_mf import BPRMF
from tvdiff_pyg.models.build import ModelName, build_model
from tvdiff_pyg.models.lightgcn import LightGCN
from tvdiff_pyg.models.popularity import Popularity
from tvdiff_pyg.models.trainable import TrainableModel
from tvdiff_pyg.models.tvdiff import TVDiff

__all__ = [
    "BPRMF",
    "FactorModel",
    "ItemSide",
    "LightGCN",
    "ModelName",
    "Popularity",
    "TVDiff",
    "TrainableModel",
    "build_model",
]
