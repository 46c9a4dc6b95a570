"""Ranking the users of a run by several processes, which share them."""

from tvdiff_pyg.recommend.processes.evaluating import evaluate_run
from tvdiff_pyg.recommend.processes.writing import recommend_run

__all__ = ["evaluate_run", "recommend_run"]
