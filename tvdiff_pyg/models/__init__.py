"""Models: TV-Diff, composed from the parts, and the popularity baseline."""

from tvdiff_pyg.models.base import FactorModel, ItemSide
from tvdiff_pyg.models.popularity import Popularity
from tvdiff_pyg.models.tvdiff import TVDiff

__all__ = ["FactorModel", "ItemSide", "Popularity", "TVDiff"]
