"""Full-ranking evaluation: every item ranked, seen ones left out."""

from tvdiff_pyg.evaluation.full_ranking import evaluate, evaluate_users, rank_batch
from tvdiff_pyg.evaluation.task import EvaluationTask, TaskName, known_users

__all__ = [
    "EvaluationTask",
    "TaskName",
    "evaluate",
    "evaluate_users",
    "known_users",
    "rank_batch",
]
