"""Models: TV-Diff, composed from the parts, and the baselines to compare it with."""

from tvdiff_pyg.models.baselines.bpr_mf import BPRMF
from tvdiff_pyg.models.baselines.ease import EASE
from tvdiff_pyg.models.baselines.implicit_factors import ImplicitFactors
from tvdiff_pyg.models.baselines.item_item import ItemItemModel
from tvdiff_pyg.models.baselines.item_knn import ItemKNN
from tvdiff_pyg.models.baselines.lightgcn import LightGCN
from tvdiff_pyg.models.baselines.local_ease import LocalEASE
from tvdiff_pyg.models.baselines.multi_vae import MultiVAE
from tvdiff_pyg.models.baselines.popularity import Popularity
from tvdiff_pyg.models.blend import LinearBlend
from tvdiff_pyg.models.build import ModelName, build_model
from tvdiff_pyg.models.model import FactorModel, ItemSide
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
