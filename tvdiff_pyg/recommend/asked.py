"""What a recommender is asked about: ids, or histories of ids."""

from collections.abc import Iterable
from numbers import Integral
from typing import Any

from torch import Tensor

from tvdiff_pyg.data import IdMap

# What is one id, rather than a history of some.
ONE_ID = Integral | str | bytes


def listed(name: str, asked: Any, one: str, many: str = "ids") -> list[Any]:
    """Return what was asked about as a list; one id alone is no list.

    Args:
        name: The argument, for messages.
        asked: A list, a tensor or the like, of ids or of histories.
        one: What one of them stands for, for messages.
        many: What they are, for messages. (default: ``"ids"``)

    Raises:
        ValueError: If it is no list, or an empty one.

    Example:
        >>> import torch
        >>> listed("users", torch.tensor([3, 5]), "user")
        [3, 5]
    """
    if isinstance(asked, Tensor):
        asked = asked.tolist()
    if isinstance(asked, ONE_ID) or not isinstance(asked, Iterable):
        raise ValueError(f"'{name}' needs a list of {many} (got {asked!r})")
    found = [each.tolist() if isinstance(each, Tensor) else each for each in asked]
    if not found:
        raise ValueError(f"'{name}' needs at least one {one} (got none)")
    return found


def listed_ids(name: str, asked: Any, ids: IdMap) -> Tensor:
    """Return the indices of the ids that were asked about.

    Args:
        name: The argument, for messages.
        asked: What was given.
        ids: The known ids.

    Raises:
        ValueError: If it is no list of known ids, or an empty one.
    """
    found = listed(name, asked, ids.name)
    wrong = [one for one in found if not isinstance(one, ONE_ID)]
    if wrong:
        raise ValueError(f"'{name}' needs a list of ids (got {wrong[0]!r} among them)")
    return ids.index(found)
