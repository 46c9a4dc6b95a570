"""What a page can say of a history that is typed into it."""

from typing import Any

import torch
from torch.nn.functional import normalize

from tvdiff_pyg.explore.shelf import Shelf
from tvdiff_pyg.ranking import top_k
from tvdiff_pyg.recommend import Recommender
from tvdiff_pyg.sparse import CSR

NEAREST = 12


def typed(recommender: Recommender, shelf: Shelf) -> dict[str, Any]:
    """Return what the page computes lists for histories from.

    Args:
        recommender: The run.
        shelf: The items of the page.

    Returns:
        ``kind`` ``"alike"``: for each item those that are nearest by the cosine of
        their factors, ``near``, with the cosines, ``cosine``. The page adds them up
        over a history, and says that this is no ranking of the run's. ``"none"``:
        nothing, as the model has no dense factors.
    """
    factors = recommender.scorer.factors
    if factors is None:
        return {"kind": "none"}
    item = shelf.item.to(factors.item_factor.device)
    direction = normalize(factors.item_factor[item], dim=1)
    place = torch.arange(item.numel(), device=item.device)
    itself = CSR.from_sorted_rows(place, place, (item.numel(), item.numel()))
    cosine, near = top_k(direction, direction, min(NEAREST, item.numel()), itself)
    kept = (near >= 0) & (cosine > 0)
    lengths = kept.sum(dim=1).tolist()
    return {
        "kind": "alike",
        "near": [one.tolist() for one in near[kept].split(lengths)],
        "cosine": [
            [round(value, 3) for value in one.tolist()]
            for one in cosine[kept].split(lengths)
        ],
    }
