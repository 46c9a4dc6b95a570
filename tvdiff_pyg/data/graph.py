"""The validated user-item graph that every other part of the library works on."""

import copy
import os
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from typing_extensions import Self

from tvdiff_pyg.data.id_map import IdMap
from tvdiff_pyg.data.interaction_data import InteractionData
from tvdiff_pyg.data.pairs import is_in, key_pairs, pair_keys
from tvdiff_pyg.files import replacing


class BipartiteGraph(InteractionData):
    """A :class:`~torch_geometric.data.HeteroData` of users, items and their
    interactions.

    Node types are ``"user"`` and ``"item"``. Training pairs are the edges, distinct and
    sorted by user, then item; held-out pairs are none: see
    :class:`~tvdiff_pyg.data.interaction_data.InteractionData`. Id maps and titles
    stand at graph level, where neighbour loaders leave them alone.

    Build one with :meth:`from_edge_index`, or from files, frames and arrays with the
    functions of :mod:`tvdiff_pyg.data`.

    Example:
        >>> pairs = torch.tensor([[0, 0, 1], [0, 1, 1]])
        >>> graph = BipartiteGraph.from_edge_index(pairs, num_users=2, num_items=2)
        >>> graph.counts()["train"]
        3
    """

    @classmethod
    def from_edge_index(
        cls,
        edge_index: Tensor,
        num_users: int,
        num_items: int,
        *,
        validation_index: Tensor | None = None,
        test_index: Tensor | None = None,
        user_ids: IdMap | None = None,
        item_ids: IdMap | None = None,
        item_titles: Sequence[str] | None = None,
        dropped: int | None = None,
    ) -> Self:
        """Builds a graph from user-item index pairs.

        Duplicates collapse. A held-out pair that is also in training, a validation pair
        that is also in test, and a repeated held-out pair are removed and counted.

        Args:
            edge_index (Tensor): Training pairs (user, item), ``int64``, shape
                ``[2, num_train]``, at least one.
            num_users (int): The number of users.
            num_items (int): The number of items.
            validation_index (Tensor, optional): Validation pairs, shape
                ``[2, num_validation]``. (default: none)
            test_index (Tensor, optional): Test pairs, shape ``[2, num_test]``.
                (default: none)
            user_ids (IdMap, optional): Original user ids. (default: the indices)
            item_ids (IdMap, optional): Original item ids. (default: the indices)
            item_titles (list, optional): One title an item, shape ``[num_items]``.
                (default: none)
            dropped (int, optional): Held-out pairs the caller already left out.
                (default: 0)

        Returns:
            The graph.

        Raises:
            ValueError: If a shape, a dtype, an index or a length is wrong, or if there
                is no training pair.
        """
        size = (num_users, num_items)
        train = pair_keys(edge_index, "edge_index", *size)
        if train.numel() == 0:
            raise ValueError("'edge_index' needs at least one interaction (got none)")
        test = pair_keys(test_index, "test_index", *size)
        test = test[~is_in(test, train)]
        validation = pair_keys(validation_index, "validation_index", *size)
        validation = validation[~(is_in(validation, train) | is_in(validation, test))]
        num_given = sum(
            i.size(1) for i in (validation_index, test_index) if i is not None
        )

        graph = cls()
        graph["user"].num_nodes, graph["item"].num_nodes = size
        graph._set_pairs(*(key_pairs(k, num_items) for k in (train, validation, test)))
        graph._set_global(
            user_ids=_checked_ids(user_ids, "user", num_users),
            item_ids=_checked_ids(item_ids, "item", num_items),
            item_titles=_checked_titles(item_titles, num_items),
            dropped=(dropped or 0) + num_given - validation.numel() - test.numel(),
        )
        return graph

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
            >>> graph = BipartiteGraph.from_edge_index(torch.tensor([[0], [1]]), 1, 2)
            >>> graph.counts()
            {'users': 1, 'items': 2, 'train': 1, 'validation': 0, 'test': 0,
             'dropped': 0}
        """
        return {
            "users": self.num_users,
            "items": self.num_items,
            "train": self.train_index.size(1),
            "validation": self.validation_index.size(1),
            "test": self.test_index.size(1),
            "dropped": int(self._global_store["dropped"]),
        }

    def without_validation(self) -> Self:
        """Returns a copy whose validation pairs are training pairs again.

        Example:
            >>> train, validation = torch.tensor([[0], [0]]), torch.tensor([[0], [1]])
            >>> graph = BipartiteGraph.from_edge_index(
            ...     train, 1, 2, validation_index=validation
            ... )
            >>> graph.without_validation().train_index
            tensor([[0, 0],
                    [0, 1]])
        """
        seen = self.seen_index("test")
        keys = pair_keys(seen, "edge_index", self.num_users, self.num_items)
        graph = copy.copy(self)
        train = key_pairs(keys, self.num_items)
        graph._set_pairs(train, self.validation_index[:, :0], self.test_index)
        return graph

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the graph to one file that holds tensors, numbers and strings only.

        The file appears whole or not at all. ``torch.load(weights_only=True)`` reads
        it without this library.

        Args:
            path: The file; an existing one is replaced.

        Example:
            >>> graph = BipartiteGraph.from_edge_index(torch.tensor([[0], [1]]), 1, 2)
            >>> import tempfile
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     graph.save(folder + "/graph.pt")
            ...     BipartiteGraph.load(folder + "/graph.pt").num_items
            2
        """
        state = self.to_dict()
        maps = {"user_ids": self.user_ids, "item_ids": self.item_ids}
        plain = {name: ids.state_dict() for name, ids in maps.items()}
        state["_global_store"] = state["_global_store"] | plain
        with replacing(path) as partial:
            torch.save(state, partial)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Reads a graph that :meth:`save` wrote.

        Args:
            path: The file.

        Returns:
            The graph.

        Raises:
            ValueError: If the file holds something else.
        """
        state = torch.load(path, weights_only=True)
        if not isinstance(state, dict) or "_global_store" not in state:
            raise ValueError(f"'path' needs to be a saved BipartiteGraph (got {path})")
        graph = cls.from_dict(state)
        for key in ("user_ids", "item_ids"):
            ids = IdMap.from_state_dict(graph._global_store[key])
            graph._set_global(**{key: ids})
        return graph

    def _set_global(self, **values: Any) -> None:
        # Past HeteroData's own __setattr__, which knows nothing of the properties.
        for name, value in values.items():
            self._global_store[name] = value


def _checked_ids(ids: IdMap | None, side: str, size: int) -> IdMap:
    ids = IdMap(torch.arange(size), side) if ids is None else ids
    if len(ids) != size:
        raise ValueError(f"'{side}_ids' needs {size} ids (got {len(ids)})")
    return ids


def _checked_titles(titles: Sequence[str] | None, size: int) -> list[str] | None:
    if titles is not None and len(titles) != size:
        raise ValueError(f"'item_titles' needs {size} titles (got {len(titles)})")
    return None if titles is None else list(titles)


torch.serialization.add_safe_globals([BipartiteGraph])
