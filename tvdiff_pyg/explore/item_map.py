"""A map of items: the two directions in which their factors differ most."""

from typing import Any

import torch
from torch import Tensor

from tvdiff_pyg.explore.shelf import Shelf
from tvdiff_pyg.recommend import Recommender

MOST_POINTS = 2000
# Whole numbers up to this are fine enough for any screen.
EDGE = 1000


def item_map(recommender: Recommender, shelf: Shelf) -> dict[str, Any] | None:
    """Lay the most popular items of a page out by their factors.

    Args:
        recommender: The run.
        shelf: The items of the page.

    Returns:
        Positions ``x`` and ``y`` in [0, 1000] of as many of the first items as are
        shown, and ``shares``, which part of the variance each direction has; ``None``
        if the model has no dense factors.
    """
    factors = recommender.scorer.factors
    if factors is None:
        return None
    item = shelf.item[:MOST_POINTS].to(factors.item_factor.device)
    place, shares = principal(factors.item_factor[item].double().cpu())
    low, high = place.amin(dim=0), place.amax(dim=0)
    span = (high - low).clamp(min=torch.finfo(torch.float64).tiny)
    x, y = ((place - low) / span * EDGE).round().long().t().tolist()
    return {"x": x, "y": y, "shares": [round(share, 4) for share in shares.tolist()]}


def principal(factor: Tensor) -> tuple[Tensor, Tensor]:
    """Project onto the first two principal components.

    Each direction points where its largest entry is positive, so that the same factors
    give the same picture.

    Args:
        factor: Double precision, of shape ``[num_items, channels]``.

    Returns:
        Positions, ``[num_items, 2]``, and the share of the variance that each direction
        has, ``[2]``.

    Example:
        >>> line = torch.tensor([[0.0, 0.0], [1.0, 2.0]], dtype=torch.float64)
        >>> principal(line)[1].round(decimals=3).tolist()
        [1.0, 0.0]
    """
    centred = factor - factor.mean(dim=0)
    variance, direction = torch.linalg.eigh(centred.t() @ centred)
    first = direction.flip(1)[:, :2]
    largest = first.gather(0, first.abs().argmax(dim=0, keepdim=True))
    place = centred @ (first * largest.sign())
    share = variance.flip(0)[:2].clamp(min=0) / variance.sum().clamp(min=1e-300)
    if place.size(1) < 2:  # a single channel is a line
        place = torch.cat([place, place.new_zeros(place.size(0), 1)], dim=1)
        share = torch.cat([share, share.new_zeros(1)])
    return place, share
