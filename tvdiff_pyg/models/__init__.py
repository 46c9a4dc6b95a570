"""Models: TV-Diff, composed from the parts, and the baselines to compare it with."""

from tvdiff_pyg.models.closed_form import ClosedFormModel
from tvdiff_pyg.models.history_scorer import HistoryScorer
from tvdiff_pyg.models.learner import Learner
from tvdiff_pyg.models.model import MODELS, Model, ModelConfig, register_model
from tvdiff_pyg.models.scorer import FactorScorer, Scorer, Search
from tvdiff_pyg.models.table_scorer import TableScorer
from tvdiff_pyg.models.trainable import TrainableModel
from tvdiff_pyg.models.tvdiff import TVDiff
from tvdiff_pyg.models.tvdiff_config import TVDiffConfig
from tvdiff_pyg.models.tvdiff_scorer import TVDiffScorer

# isort: split
# Models are listed in the order of registration: TV-Diff first.
from tvdiff_pyg.models.baselines import (
    BPRMF,
    BSPM,
    EASE,
    GFCF,
    IALS,
    SANSA,
    SLIM,
    VAECF,
    DiffRec,
    DirectAU,
    GiffCF,
    ImplicitBPR,
    ItemItemModel,
    ItemKNN,
    LDiffRec,
    LightGCN,
    LocalEASE,
    MultiVAE,
    Popularity,
    RecVAE,
    RP3beta,
    ScaledIALS,
    SimGCL,
    SimpleX,
    TurboCF,
    UltraGCN,
    UserKNN,
    XSimGCL,
)
from tvdiff_pyg.models.blend import Blend, BlendConfig

__all__ = [
    "BPRMF",
    "BSPM",
    "EASE",
    "GFCF",
    "IALS",
    "MODELS",
    "SANSA",
    "SLIM",
    "VAECF",
    "Blend",
    "BlendConfig",
    "ClosedFormModel",
    "DiffRec",
    "DirectAU",
    "FactorScorer",
    "GiffCF",
    "HistoryScorer",
    "ImplicitBPR",
    "ItemItemModel",
    "ItemKNN",
    "LDiffRec",
    "Learner",
    "LightGCN",
    "LocalEASE",
    "Model",
    "ModelConfig",
    "MultiVAE",
    "Popularity",
    "RP3beta",
    "RecVAE",
    "ScaledIALS",
    "Scorer",
    "Search",
    "SimGCL",
    "SimpleX",
    "TVDiff",
    "TVDiffConfig",
    "TVDiffScorer",
    "TableScorer",
    "TrainableModel",
    "TurboCF",
    "UltraGCN",
    "UserKNN",
    "XSimGCL",
    "register_model",
]
