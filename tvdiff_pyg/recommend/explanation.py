"""Why something is recommended: what each item of a history contributes to a score."""

from typing import Any

import torch
from torch import Tensor

from tvdiff_pyg.data import IdMap
from tvdiff_pyg.models import Scorer
from tvdiff_pyg.recommend.recommendations import Id
from tvdiff_pyg.sparse import CSR


def explained(
    scorer: Scorer[Any], history: CSR, item: Tensor, ids: IdMap
) -> list[list[dict[Id, float]]]:
    """Say what each item of some histories contributes to scores.

    Args:
        scorer: The model, prepared on a graph.
        history: Each user's items, of shape ``[num_users, num_items]``.
        item: What was recommended, of shape ``[num_users, k]``; -1 where there is no
            more.
        ids: The original ids of items.

    Returns:
        The contributions to each score, for each user.
    """
    users = torch.arange(history.num_rows, device=history.col.device)
    rows = zip(users.split(1), item, strict=True)
    return [
        _row(scorer, history.select(user), found[found >= 0], ids)
        for user, found in rows
    ]


def _row(
    scorer: Scorer[Any], history: CSR, item: Tensor, ids: IdMap
) -> list[dict[Id, float]]:
    share, order = scorer.contributions(history, item).sort(dim=0, descending=True)
    met = ids.ids(history.col)
    return [
        {met[place]: value for place, value in zip(places, values, strict=True)}
        for places, values in zip(order.t().tolist(), share.t().tolist(), strict=True)
    ]
