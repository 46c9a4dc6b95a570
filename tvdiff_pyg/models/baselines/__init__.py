"""The models that TV-Diff is compared with."""

from tvdiff_pyg.models.baselines.bpr_mf import BPRMF
from tvdiff_pyg.models.baselines.bspm import BSPM
from tvdiff_pyg.models.baselines.diffrec import DiffRec
from tvdiff_pyg.models.baselines.direct_au import DirectAU
from tvdiff_pyg.models.baselines.ease import EASE
from tvdiff_pyg.models.baselines.gf_cf import GFCF
from tvdiff_pyg.models.baselines.giff_cf import GiffCF
from tvdiff_pyg.models.baselines.ials import IALS
from tvdiff_pyg.models.baselines.implicit_bpr import ImplicitBPR
from tvdiff_pyg.models.baselines.item_item import ItemItemModel
from tvdiff_pyg.models.baselines.item_knn import ItemKNN
from tvdiff_pyg.models.baselines.l_diff_rec import LDiffRec
from tvdiff_pyg.models.baselines.lightgcn import LightGCN
from tvdiff_pyg.models.baselines.local_ease import LocalEASE
from tvdiff_pyg.models.baselines.multi_vae import MultiVAE
from tvdiff_pyg.models.baselines.popularity import Popularity
from tvdiff_pyg.models.baselines.rec_vae import RecVAE
from tvdiff_pyg.models.baselines.rp3beta import RP3beta
from tvdiff_pyg.models.baselines.sansa import SANSA
from tvdiff_pyg.models.baselines.scaled_ials import ScaledIALS
from tvdiff_pyg.models.baselines.sim_gcl import SimGCL
from tvdiff_pyg.models.baselines.simplex import SimpleX
from tvdiff_pyg.models.baselines.slim import SLIM
from tvdiff_pyg.models.baselines.turbo_cf import TurboCF
from tvdiff_pyg.models.baselines.ultra_gcn import UltraGCN
from tvdiff_pyg.models.baselines.user_knn import UserKNN
from tvdiff_pyg.models.baselines.vaecf import VAECF
from tvdiff_pyg.models.baselines.xsim_gcl import XSimGCL

__all__ = [
    "BPRMF",
    "BSPM",
    "EASE",
    "GFCF",
    "IALS",
    "SANSA",
    "SLIM",
    "VAECF",
    "DiffRec",
    "DirectAU",
    "GiffCF",
    "ImplicitBPR",
    "ItemItemModel",
    "ItemKNN",
    "LDiffRec",
    "LightGCN",
    "LocalEASE",
    "MultiVAE",
    "Popularity",
    "RP3beta",
    "RecVAE",
    "ScaledIALS",
    "SimGCL",
    "SimpleX",
    "TurboCF",
    "UltraGCN",
    "UserKNN",
    "XSimGCL",
]
