"""Users and items that are alike: cosines of factors."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import normalize

from tvdiff_pyg.models import Scorer
from tvdiff_pyg.ranges import check_integer
from tvdiff_pyg.ranking import top_k
from tvdiff_pyg.recommend.factors import factors_of, known_factors
from tvdiff_pyg.recommend.recommendations import Id
from tvdiff_pyg.sparse import CSR


@dataclass(frozen=True)
class Similar:
    """The users, or the items, that are most like each asked one, most alike first.

    Attributes:
        ids: Original ids, a list for each one that was asked about; itself is left out.
        scores: Cosines of their factors, in [-1, 1], aligned with ``ids``.
        titles: Titles of items, aligned with ``ids``, if the data has any.
    """

    ids: list[list[Id]]
    scores: list[list[float]]
    titles: list[list[str]] | None = None


class Likeness:
    """Compares users, and items, by where their factors point.

    Args:
        scorer: A model, prepared on a graph.
        model: The model's name, for messages.
    """

    def __init__(self, scorer: Scorer[Any], model: str) -> None:
        self._scorer, self._model = scorer, model

    @cached_property
    def _items(self) -> Tensor:
        return normalize(factors_of(self._scorer, self._model).item_factor, dim=1)

    @cached_property
    def _users(self) -> Tensor:
        factors = factors_of(self._scorer, self._model)
        return normalize(known_factors(factors), dim=1)

    @torch.no_grad()
    def items(self, item: Tensor, k: int) -> tuple[Tensor, Tensor]:
        """Find the items most like some items.

        Args:
            item: Items, long, of shape ``[num_asked]``.
            k: How many of each, at least 1.

        Returns:
            Cosines and items, as :func:`~tvdiff_pyg.ranking.top_k`.

        Raises:
            ValueError: If ``k`` is below 1, or the model has no dense factors.
        """
        return _most_alike(self._items, item, k)

    @torch.no_grad()
    def users(self, user: Tensor, k: int) -> tuple[Tensor, Tensor]:
        """Find the users most like some users, as :meth:`items` does.

        Args:
            user: Users, long, of shape ``[num_asked]``.
            k: How many of each, at least 1.
        """
        return _most_alike(self._users, user, k)


def _most_alike(direction: Tensor, asked: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Rank by cosine, each but itself."""
    check_integer("k", k, low=1)
    asked = asked.to(direction.device)
    row = torch.arange(asked.numel(), device=asked.device)
    itself = CSR.from_sorted_rows(row, asked, (asked.numel(), direction.size(0)))
    k = min(k, direction.size(0))
    cosine, node = top_k(direction[asked], direction, k, itself)
    # Rounding may carry a product beyond 1.
    return cosine.clamp(-1, 1), node
