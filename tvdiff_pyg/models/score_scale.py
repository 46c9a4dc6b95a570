"""The scale of a model's scores: their standard deviation over users and items."""

import torch
from torch import Tensor

from tvdiff_pyg.ranking import HistoryRanker
from tvdiff_pyg.sparse import CSR, gram

# The users, at least, that a scale is measured on.
SAMPLED_USERS = 512


def spread_users(rows: CSR) -> Tensor:
    """Return the users that scales are measured on, at even distances.

    Args:
        rows: Each user's items, of shape ``[num_users, num_items]``.
    """
    step = max(rows.num_rows // SAMPLED_USERS, 1)
    return torch.arange(0, rows.num_rows, step, device=rows.col.device)


def deviation_of_products(left: Tensor, right: Tensor) -> Tensor:
    """Compute the standard deviation of ``left @ right.t()``, from sums and Grams.

    Args:
        left: Factors, of shape ``[num_users, channels]``.
        right: Factors, of shape ``[num_items, channels]``.
    """
    count = left.size(0) * right.size(0)
    mean = (left.sum(dim=0) @ right.sum(dim=0)) / count
    square = (gram(left) * gram(right)).sum() / count
    return _deviation(mean, square)


def deviation_of_scores(ranker: HistoryRanker, history: CSR) -> Tensor:
    """Compute the standard deviation of a linear model's scores, block by block.

    Args:
        ranker: The linear model.
        history: Histories, of shape ``[num_users, num_items]``.
    """
    users = torch.arange(history.num_rows, device=history.col.device)
    moments = []
    for block in users.split(ranker.user_block):
        score = ranker.scores(history.select(block))
        moments.append(torch.stack([score.sum(), score.square().sum()]))
        count = users.numel() * score.size(1)
    mean, square = torch.stack(moments).sum(dim=0) / count
    return _deviation(mean, square)


def _deviation(mean: Tensor, square: Tensor) -> Tensor:
    # Scores that are all equal have no scale, and do not change a ranking.
    tiny = torch.finfo(mean.dtype).tiny
    return (square - mean.square()).clamp(min=tiny).sqrt()
