"""Rankers: the best items by factors, by histories, by both, or through an index."""

from tvdiff_pyg.ranking.blend import BlendQuery, BlendRanker
from tvdiff_pyg.ranking.exact import ExactRanker, rank_scores, top_k
from tvdiff_pyg.ranking.faiss_index import IndexKind
from tvdiff_pyg.ranking.history import HistoryRanker
from tvdiff_pyg.ranking.item_index import ItemIndex
from tvdiff_pyg.ranking.linear import LinearRanker
from tvdiff_pyg.ranking.ranker import Ranker
from tvdiff_pyg.ranking.scores import ScoreRanker

__all__ = [
    "BlendQuery",
    "BlendRanker",
    "ExactRanker",
    "HistoryRanker",
    "IndexKind",
    "ItemIndex",
    "LinearRanker",
    "Ranker",
    "ScoreRanker",
    "rank_scores",
    "top_k",
]
