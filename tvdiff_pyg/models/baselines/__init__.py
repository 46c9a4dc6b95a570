"""The models that TV-Diff is compared with."""

from tvdiff_pyg.models.baselines.bpr_mf import BPRMF
from tvdiff_pyg.models.baselines.diffrec import DiffRec
from tvdiff_pyg.models.baselines.ease import EASE
from tvdiff_pyg.models.baselines.implicit_factors import IALS, ImplicitBPR
from tvdiff_pyg.models.baselines.item_item import ItemItemModel
from tvdiff_pyg.models.baselines.item_knn import ItemKNN
from tvdiff_pyg.models.baselines.lightgcn import LightGCN
from tvdiff_pyg.models.baselines.local_ease import LocalEASE
from tvdiff_pyg.models.baselines.multi_vae import MultiVAE
from tvdiff_pyg.models.baselines.popularity import Popularity

__all__ = [
    "BPRMF",
    "EASE",
    "IALS",
    "DiffRec",
    "ImplicitBPR",
    "ItemItemModel",
    "ItemKNN",
    "LightGCN",
    "LocalEASE",
    "MultiVAE",
    "Popularity",
]
