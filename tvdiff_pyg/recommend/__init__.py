"""Recommendations for known users and for new histories, by original ids."""

from tvdiff_pyg.recommend.recommendations import Id, Recommendations
from tvdiff_pyg.recommend.recommender import Recommender
from tvdiff_pyg.recommend.similar import Similar
from tvdiff_pyg.recommend.to_file import recommend_to_file

__all__ = ["Id", "Recommendations", "Recommender", "Similar", "recommend_to_file"]
