"""Distinct user-item pairs as sorted integer keys, ``user * num_items + item``."""

import torch
from torch import Tensor

from tvdiff_pyg.sparse.checks import check_integers

#: Edges are kept as users, items and users again: the first two rows are the pairs, the
#: last two the pairs flipped.
EDGE_ROWS = 3
_CHUNK = 2**20


def pair_keys(
    index: Tensor | None, argument: str, num_users: int, num_items: int
) -> Tensor:
    """Validates pairs and returns their distinct keys in ascending order.

    Args:
        index (Tensor, optional): Pairs (user, item), integers, shape
            ``[2, num_pairs]``; ``None`` stands for no pair.
        argument (str): The argument's name, for error messages.
        num_users (int): The number of users.
        num_items (int): The number of items.

    Returns:
        The keys, ``int64``, shape ``[num_distinct]``: by user, then item.

    Raises:
        ValueError: If the shape, the dtype or an index is wrong.

    Example:
        >>> pair_keys(torch.tensor([[1, 0, 1], [2, 1, 2]]), "edge_index", 2, 3)
        tensor([1, 5])
    """
    if index is None:
        return torch.empty(0, dtype=torch.long)
    if index.dim() != 2 or index.size(0) != 2:
        raise ValueError(
            f"'{argument}' needs shape [2, num_pairs] (got {list(index.shape)})"
        )
    index = check_integers(argument, index)
    _check_range(index[0], argument, "user", num_users)
    _check_range(index[1], argument, "item", num_items)
    keys = index[0] * num_items + index[1]
    # Sorting is the slow part and input from this package is already sorted.
    return keys if bool((keys[1:] > keys[:-1]).all()) else keys.unique()


def key_pairs(keys: Tensor, num_items: int) -> Tensor:
    """Turns keys back into pairs, shape ``[2, num_keys]``.

    Example:
        >>> key_pairs(torch.tensor([1, 5]), num_items=3)
        tensor([[0, 1],
                [1, 2]])
    """
    return write_edges(keys.new_empty(2, keys.numel()), keys, num_items)


def key_edges(keys: Tensor, num_items: int) -> Tensor:
    """Turns keys into edges both ways, shape ``[EDGE_ROWS, num_keys]``.

    Example:
        >>> edges = key_edges(torch.tensor([1, 5]), num_items=3)
        >>> edges[:2].tolist(), edges[1:].tolist()
        ([[0, 1], [1, 2]], [[1, 2], [0, 1]])
    """
    return write_edges(keys.new_empty(EDGE_ROWS, keys.numel()), keys, num_items)


def write_edges(out: Tensor, keys: Tensor, num_items: int) -> Tensor:
    """Writes keys as pairs, or as edges both ways, without further memory.

    Args:
        out (Tensor): What is written to, shape ``[2, num_keys]`` or
            ``[EDGE_ROWS, num_keys]``.
        keys (Tensor): The keys, shape ``[num_keys]``.
        num_items (int): The number of items.

    Returns:
        ``out``.
    """
    for part, key in zip(out.split(_CHUNK, 1), keys.split(_CHUNK), strict=True):
        torch.div(key, num_items, rounding_mode="floor", out=part[0])
        torch.remainder(key, num_items, out=part[1])
        part[2:] = part[0]
    return out


def is_in(keys: Tensor, sorted_keys: Tensor) -> Tensor:
    """Returns a boolean per key, true where it stands among ``sorted_keys``.

    Example:
        >>> is_in(torch.tensor([1, 4]), torch.tensor([1, 5]))
        tensor([ True, False])
    """
    if sorted_keys.numel() == 0:
        return torch.zeros_like(keys, dtype=torch.bool)
    place = torch.searchsorted(sorted_keys, keys).clamp_(max=sorted_keys.numel() - 1)
    return sorted_keys[place] == keys


def _check_range(index: Tensor, argument: str, side: str, size: int) -> None:
    if index.numel() == 0:
        return
    lowest, highest = index.aminmax()
    if bool((lowest < 0) | (highest >= size)):
        outside = index[(index < 0) | (index >= size)]
        raise ValueError(
            f"'{argument}' needs {side} indices in [0, {size}) (got {int(outside[0])})"
        )
