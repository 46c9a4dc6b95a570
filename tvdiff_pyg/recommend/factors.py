"""Factors of a model, for what compares or indexes them."""

from typing import Any

import torch
from torch import Tensor

from tvdiff_pyg.models import FactorScorer, Scorer
from tvdiff_pyg.models.scorer import USERS_AT_ONCE
from tvdiff_pyg.ranking import ItemIndex


def factors_of(scorer: Scorer[Any], model: str) -> FactorScorer:
    """Return the scorer by dense factors that a scorer is or holds.

    Args:
        scorer: A model, prepared on a graph.
        model: The model's name, for messages.

    Raises:
        ValueError: If there is none.
    """
    if scorer.factors is None:
        raise ValueError(f"'model' needs dense factors to be compared (got {model})")
    return scorer.factors


@torch.no_grad()
def known_factors(factors: FactorScorer) -> Tensor:
    """Compute the factors of all users of a graph, block by block.

    Args:
        factors: A model, prepared on the graph.

    Returns:
        User factors, of shape ``[num_users, channels]``.
    """
    users = torch.arange(factors.rows.num_rows, device=factors.item_factor.device)
    return torch.cat([factors.known(block) for block in users.split(USERS_AT_ONCE)])


def indexed_factor(scorer: Scorer[Any], model: str) -> Tensor:
    """Return the item factors whose inner products are all of a model's scores.

    Args:
        scorer: A model, prepared on a graph.
        model: The model's name, for messages.

    Returns:
        Item factors, of shape ``[num_items, channels]``.

    Raises:
        ValueError: If its scores are of another form.
    """
    if scorer.factors is None or scorer.factors is not scorer:
        raise ValueError(f"'model' needs dense factors to be indexed (got {model})")
    return scorer.factors.item_factor


def check_index(index: ItemIndex, item_factor: Tensor) -> None:
    """Raise unless an index is of as many items and channels as there are.

    Args:
        index: The index.
        item_factor: Item factors, of shape ``[num_items, channels]``.

    Raises:
        ValueError: If it is not.
    """
    num_items, channels = item_factor.shape
    if (index.num_items, index.channels) != (num_items, channels):
        raise ValueError(
            f"'index' needs {num_items} items of {channels} channels, as the model "
            f"has (got {index.num_items} of {index.channels})"
        )
