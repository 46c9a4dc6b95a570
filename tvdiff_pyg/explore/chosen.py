"""The users on a page."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.explore.shelf import Shelf
from tvdiff_pyg.recommend import Id
from tvdiff_pyg.recommend.asked import listed_ids

# Of the interactions, in the order in which the page reads them.
PARTS = ("train_index", "validation_index", "test_index")


def chosen_users(
    graph: BipartiteGraph, users: Iterable[Id] | None, num_users: int, most: int
) -> Tensor:
    """Choose the users on a page, each once.

    Args:
        graph: The interactions.
        users: Original ids of those that are asked for; if ``None``, some of all
            degrees of activity: of the users by their number of training items, the
            first in each of equally many equal parts.
        num_users: How many, if none are named, at least 1.
        most: How many may be named.

    Returns:
        Users, long, of shape ``[num_chosen]``.

    Raises:
        ValueError: If one is unknown, or too many are named.

    Example:
        >>> pairs = torch.tensor([[0, 1, 1, 2, 2, 2], [0, 0, 1, 0, 1, 2]])
        >>> graph = BipartiteGraph.from_edge_index(pairs, 3, 3)
        >>> chosen_users(graph, None, 2, most=9)
        tensor([2, 1])
    """
    if users is not None:
        named = listed_ids("users", users, graph.user_ids)
        user = torch.tensor([*dict.fromkeys(named.tolist())])
        if user.numel() > most:
            raise ValueError(f"'users' needs at most {most} users (got {user.numel()})")
        return user
    degree = graph.train_index[0].bincount(minlength=graph.num_users)
    count = min(num_users, graph.num_users)
    place = torch.arange(count) * graph.num_users // count
    return degree.argsort(descending=True, stable=True)[place]


def described(
    graph: BipartiteGraph, user: Tensor, shelf: Shelf
) -> list[dict[str, Any]]:
    """Return the ids of users and, part by part, the items that they have met.

    Args:
        graph: The interactions.
        user: The users, of shape ``[num_shown]``.
        shelf: The items of the page.
    """
    parts = [getattr(graph, name) for name in PARTS]
    return [
        {
            "id": str(name),
            "met": [shelf.places(part[1, part[0] == one].tolist()) for part in parts],
        }
        for one, name in zip(user.tolist(), graph.user_ids.ids(user), strict=True)
    ]
