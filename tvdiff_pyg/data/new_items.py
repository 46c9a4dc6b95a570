"""Items that came after a model was fitted, and the users that met them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import torch
from torch import Tensor

from tvdiff_pyg.data.id_map import IdMap
from tvdiff_pyg.sparse import CSR
from tvdiff_pyg.sparse.node_features import Features, check_features


@dataclass(frozen=True, eq=False)
class NewItems:
    """Items that a model was not fitted to.

    Args:
        rows: The users that met each of them, of shape ``[num_new, num_users]``.
        x: Their features, dense or in the layout CSR, of shape ``[num_new,
            num_features]``. (default: ``None``)
    """

    rows: CSR
    x: Tensor | None = None

    @staticmethod
    def read(
        items: Mapping[Any, Iterable[Any]],
        user_ids: IdMap,
        x: Features | None = None,
    ) -> "NewItems":
        """Reads who met which item, by original ids.

        Args:
            items (dict): Original user ids by item id, at least one item and, without
                features, at least one user for each; duplicates count once.
            user_ids (IdMap): The users that there are.
            x (Tensor, optional): Features of the items, in their order, dense or
                sparse, shape ``[num_new, num_features]``. (default: none)

        Raises:
            ValueError: If there is no item, an item has no users, a user is unknown, or
                there is not a row of finite features for each item.

        Example:
            >>> met = {"x": ["bo"], "y": ["al", "bo"]}
            >>> NewItems.read(met, IdMap(["al", "bo"])).rows.degree().tolist()
            [1, 2]
        """
        if not isinstance(items, Mapping) or not items:
            raise ValueError(
                "'items' needs to be a dict of users by item, of at least one item "
                f"(got {items if isinstance(items, Mapping) else type(items).__name__})"
            )
        least = 1 if x is None else 0
        users = [
            user_ids.index(_listed(item, users, least)) for item, users in items.items()
        ]
        counts = torch.tensor([user.numel() for user in users])
        item = torch.arange(len(users)).repeat_interleave(counts)
        pairs = torch.stack([item, torch.cat(users)]).unique(dim=1)
        rows = CSR.from_edge_index(pairs, (len(users), len(user_ids)))
        return NewItems(rows, None if x is None else check_features("x", x, len(users)))

    def __len__(self) -> int:
        return self.rows.num_rows


def _listed(item: Any, users: Any, least: int) -> list[Any]:
    if isinstance(users, Integral | str) or not isinstance(users, Iterable):
        raise ValueError(
            f"'items' needs a list of users for each item (got {users!r} for {item!r})"
        )
    found = list(users)
    if len(found) < least:
        raise ValueError(
            f"'items' needs at least one user for each item (got none for {item!r})"
        )
    return found
