"""Where two collections of plain values part."""

from typing import Any

from torch import Tensor, equal, sparse_csr


def first_difference(one: Any, other: Any, name: str = "value") -> str | None:
    """Return the name of the first value that two collections do not share.

    Args:
        one: A dictionary of tensors and plain values, or of such dictionaries.
        other: Another.
        name: What they are called. (default: ``"value"``)

    Example:
        >>> first_difference({"a": 1, "b": {"c": [2]}}, {"a": 1, "b": {"c": [3]}})
        'c'
    """
    if isinstance(one, dict) and isinstance(other, dict):
        inner = (
            first_difference(one.get(key), other.get(key), str(key))
            for key in dict.fromkeys((*one, *other))
        )
        return next((found for found in inner if found is not None), None)
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        same = (one.dtype, one.layout, one.shape) == (
            other.dtype,
            other.layout,
            other.shape,
        ) and all(map(equal, _parts(one), _parts(other)))
    else:
        same = type(one) is type(other) and one == other
    return None if same else name


def _parts(tensor: Tensor) -> list[Tensor]:
    """Return a dense tensor, or what a sparse one of the layout CSR is made of."""
    if tensor.layout != sparse_csr:
        return [tensor]
    return [tensor.crow_indices(), tensor.col_indices(), tensor.values()]
