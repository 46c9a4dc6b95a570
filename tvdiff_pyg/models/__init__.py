"""Models: TV-Diff, composed from the parts, and the baselines to compare it with."""

from tvdiff_pyg.models.base import FactorModel, ItemSide
from tvdiff_pyg.models.bpr_mf import BPRMF
from tvdiff_pyg.models.build import ModelName, build_model
from tvdiff_pyg.models.ease import EASE
from tvdiff_pyg.models.implicit_factors import ImplicitFactors
from tvdiff_pyg.models.item_item import ItemItemModel
from tvdiff_pyg.models.item_knn import ItemKNN
from tvdiff_pyg.models.lightgcn import LightGCN
from tvdiff_pyg.models.linear_blend import LinearBlend
from tvdiff_pyg.models.local_ease import LocalEASE
from tvdiff_pyg.models.multi_vae import MultiVAE
from tvdiff_pyg.models.popularity import Popularity
from tvdiff_pyg.models.trainable import TrainableModel
from tvdiff_pyg.models.tvdiff import TVDiff

__all__ = [
    "BPRMF",
    "EASE",
    "FactorModel",
    "ImplicitFactors",
    "ItemItemModel",
    "ItemKNN",
    "ItemSide",
    "LightGCN",
    "LinearBlend",
    "LocalEASE",
    "ModelName",
    "MultiVAE",
    "Popularity",
    "TVDiff",
    "TrainableModel",
    "build_model",
]
