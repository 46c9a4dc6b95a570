"""Models that tell no item from another: said once they are fitted."""

import logging
from typing import Any

import torch

from tvdiff_pyg.models.scorer import Scorer

logger = logging.getLogger(__name__)

# Enough that not all are users of whom nothing can be said.
_USERS = 64
_ITEMS = 100


def say_if_tied(scorer: Scorer[Any], model: str) -> None:
    """Warn if the best items of all users, of some tried, have one score.

    So do those of a model whose weights are all zero, by a penalty that is too large or
    because no two users share an item.

    Args:
        scorer: The model, prepared to rank.
        model: The name that it is registered by.

    Example:
        >>> import logging
        >>> from tvdiff_pyg.models import SLIM
        >>> edge_index = torch.tensor([[0, 0, 1], [0, 1, 1]])
        >>> model = SLIM(l1=1e6).fit(edge_index)
        >>> say_if_tied(model.scorer(edge_index), "slim")  # is logged
    """
    num_items = min(scorer.rows.num_cols, _ITEMS)
    known = scorer.rows.degree().nonzero().flatten()
    if num_items < 2 or known.numel() == 0:
        return
    user = known[:: max(known.numel() // _USERS, 1)]
    with torch.random.fork_rng(devices=[]):
        score, _ = scorer.rank(user, num_items)
    if (score[:, 0] == score[:, -1]).all():
        logger.warning(
            "model %r scores the best items of all %d users that were tried alike: "
            "its lists are in no order, as where a penalty leaves no weight",
            model,
            user.numel(),
        )
