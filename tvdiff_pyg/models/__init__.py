"""Models: TV-Diff, composed from the parts, and the baselines to compare it with."""

from tvdiff_pyg.models.closed_form import ClosedFormModel
from tvdiff_pyg.models.model import MODELS, Model, ModelConfig, register_model
from tvdiff_pyg.models.scorer import (
    FactorScorer,
    HistoryScorer,
    Scorer,
    Search,
    TableScorer,
)
from tvdiff_pyg.models.trainable import TrainableModel
from tvdiff_pyg.models.tvdiff import TVDiff
from tvdiff_pyg.models.tvdiff_config import TVDiffConfig
from tvdiff_pyg.models.tvdiff_scorer import TVDiffScorer

# isort: split
# Models are listed in the order of registration: TV-Diff first.
from tvdiff_pyg.models.baselines import (
    BPRMF,
    EASE,
    IALS,
    DiffRec,
    ImplicitBPR,
    ItemItemModel,
    ItemKNN,
    LightGCN,
    LocalEASE,
    MultiVAE,
    Popularity,
)
from tvdiff_pyg.models.blend import Blend, BlendConfig

__all__ = [
    "BPRMF",
    "EASE",
    "IALS",
    "MODELS",
    "Blend",
    "BlendConfig",
    "ClosedFormModel",
    "DiffRec",
    "FactorScorer",
    "HistoryScorer",
    "ImplicitBPR",
    "ItemItemModel",
    "ItemKNN",
    "LightGCN",
    "LocalEASE",
    "Model",
    "ModelConfig",
    "MultiVAE",
    "Popularity",
    "Scorer",
    "Search",
    "TVDiff",
    "TVDiffConfig",
    "TVDiffScorer",
    "TableScorer",
    "TrainableModel",
    "register_model",
]
