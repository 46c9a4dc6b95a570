"""Interactions between users and items that have ids and titles."""

from collections.abc import Sequence
from typing import Any

import torch

from tvdiff_pyg.data.id_map import IdMap
from tvdiff_pyg.data.interaction_data import InteractionData


class NamedGraph(InteractionData):
    """Interactions whose users and items have original ids, and items titles.

    Id maps and titles stand at graph level, where neighbour loaders leave them alone.
    """

    @property
    def num_users(self) -> int:
        """The number of users."""
        return int(self["user"].num_nodes)

    @property
    def num_items(self) -> int:
        """The number of items."""
        return int(self["item"].num_nodes)

    @property
    def user_ids(self) -> IdMap:
        """The map between original user ids and indices."""
        return self._global_store["user_ids"]

    @property
    def item_ids(self) -> IdMap:
        """The map between original item ids and indices."""
        return self._global_store["item_ids"]

    @property
    def item_titles(self) -> list[str] | None:
        """The title of every item, where there are any."""
        return self._global_store.get("item_titles")

    def counts(self) -> dict[str, int]:
        """Returns the numbers of users, items, pairs in each part and dropped pairs.

        Example:
            >>> from tvdiff_pyg.data import BipartiteGraph
            >>> graph = BipartiteGraph.from_edge_index(torch.tensor([[0], [1]]), 1, 2)
            >>> graph.counts()
            {'users': 1, 'items': 2, 'train': 1, 'validation': 0, 'test': 0,
             'dropped': 0}
        """
        train = self.train_index  # is refused where nodes are missing
        return {
            "users": self.num_users,
            "items": self.num_items,
            "train": train.size(1),
            "validation": self.validation_index.size(1),
            "test": self.test_index.size(1),
            "dropped": int(self._global_store["dropped"]),
        }

    def _set_global(self, **values: Any) -> None:
        # Past HeteroData's own __setattr__, which knows nothing of the properties.
        for name, value in values.items():
            self._global_store[name] = value


def checked_ids(ids: IdMap | None, side: str, size: int) -> IdMap:
    """Returns an id map, that of the indices if there is none, or raises if too short.

    Example:
        >>> checked_ids(None, "user", 2).ids()
        [0, 1]
    """
    ids = IdMap(torch.arange(size), side) if ids is None else ids
    if len(ids) != size:
        raise ValueError(f"'{side}_ids' needs {size} ids (got {len(ids)})")
    return ids


def checked_titles(titles: Sequence[str] | None, size: int) -> list[str] | None:
    """Returns titles as a list, or raises if there is not one for each item."""
    if titles is not None and len(titles) != size:
        raise ValueError(f"'item_titles' needs {size} titles (got {len(titles)})")
    return None if titles is None else list(titles)
