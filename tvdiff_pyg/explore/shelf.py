"""The items that a page knows, by the places that they have on it."""

import math
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from tvdiff_pyg.data import BipartiteGraph

MOST_ITEMS = 20_000


class Shelf:
    """Items of a graph, the most popular first.

    Args:
        graph: The interactions.
        item: The items, long, of shape ``[num_known]``.

    Attributes:
        popularity: How many users have each in training, of the same shape.
    """

    def __init__(self, graph: BipartiteGraph, item: Tensor) -> None:
        popularity = popularity_of(graph)[item]
        order = popularity.argsort(descending=True, stable=True)
        self.graph = graph
        self.item, self.popularity = item[order], popularity[order]

    @staticmethod
    def of(graph: BipartiteGraph, users: Tensor, mentioned: Iterable[int]) -> "Shelf":
        """Take all items; of a large catalogue, the most popular, and those that the
        page mentions.

        Args:
            graph: The interactions.
            users: The users whose histories are shown, long, of shape ``[num_shown]``.
            mentioned: Further items.
        """
        known = graph.known_index
        shown = torch.zeros(graph.num_users, dtype=torch.bool)
        shown[users] = True
        is_kept = torch.zeros(graph.num_items, dtype=torch.bool)
        is_kept[popularity_of(graph).argsort(descending=True)[:MOST_ITEMS]] = True
        is_kept[known[1, shown[known[0]]]] = True
        is_kept[torch.tensor([*mentioned], dtype=torch.long)] = True
        return Shelf(graph, is_kept.nonzero().flatten())

    @cached_property
    def _place(self) -> Tensor:
        place = torch.full((self.graph.num_items,), -1)
        place[self.item] = torch.arange(self.item.numel())
        return place

    def places(self, items: Iterable[int]) -> list[int]:
        """Return where items stand.

        Args:
            items: Items on the shelf, by their indices.
        """
        return self._place[torch.tensor([*items], dtype=torch.long)].tolist()

    def rows(self) -> list[list[Any]]:
        """Return id, title and popularity of each item; the title of one without is
        its id.
        """
        ids = [*map(str, self.graph.item_ids.ids(self.item))]
        titles = self.graph.item_titles
        named = ids if titles is None else [titles[one] for one in self.item.tolist()]
        rows = zip(ids, named, self.popularity.tolist(), strict=True)
        return [[*row] for row in rows]

    def mean_popularity(self, places: Sequence[int]) -> float | None:
        """Return how many users have an item of a list in training, on average.

        Args:
            places: The list; ``None`` is returned if it is empty.
        """
        if not places:
            return None
        return round(self.popularity[places].double().mean().item(), 2)

    def novelty(self, places: Sequence[int]) -> float | None:
        r"""Return the mean of :math:`-\log_2 (n_i / n)` over a list, in bits, where
        :math:`n_i` of :math:`n` users have item :math:`i` in training; an item that
        nobody has counts as one of a single user.

        Args:
            places: The list; ``None`` is returned if it is empty.
        """
        if not places:
            return None
        bits = self.popularity[places].clamp(min=1).double().log2().mean().item()
        return round(math.log2(self.graph.num_users) - bits, 3)


def popularity_of(graph: BipartiteGraph) -> Tensor:
    """Return how many users have each item in training, of shape ``[num_items]``.

    Args:
        graph: The interactions.
    """
    return graph.train_index[1].bincount(minlength=graph.num_items)
