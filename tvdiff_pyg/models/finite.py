"""Weights that are numbers: a model with others ranks nothing in earnest."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor


def first_not_finite(state: Mapping[str, Any]) -> str | None:
    """Return the name of the first tensor that holds no finite weights, if one does.

    Finite are those that can be multiplied: not NaN, nor infinite when squared.

    Args:
        state: Tensors by name, as of ``state_dict()``; what a module keeps beside its
            tensors may be a mapping of the same kind.

    Example:
        >>> first_not_finite({"a": torch.ones(2), "b": torch.tensor([0.0, torch.nan])})
        'b'
        >>> first_not_finite({"a": torch.tensor([1e30])})
        'a'
    """
    for name, value in state.items():
        if isinstance(value, Mapping):
            inner = first_not_finite(value)
            if inner is not None:
                return f"{name}.{inner}"
        elif isinstance(value, Tensor) and not _is_finite(value):
            return name
    return None


def check_finite(name: str, state: Mapping[str, Any], place: object) -> None:
    """Raise a ``ValueError`` if a tensor holds no finite weights.

    Args:
        name: Name of the argument, for the error.
        state: Tensors by name; see :func:`first_not_finite`.
        place: Where they are kept.
    """
    wrong = first_not_finite(state)
    if wrong is not None:
        raise ValueError(
            f"'{name}' needs finite weights (got others in {wrong!r} of {place})"
        )


def _is_finite(value: Tensor) -> bool:
    if value.layout is torch.sparse_coo:
        value = value.coalesce()
    if value.layout is not torch.strided:
        value = value.values()
    if not value.is_floating_point() or value.numel() == 0:
        return True
    # No array of booleans, which would be a quarter of the weights.
    bounds = torch.stack(value.detach().aminmax()).float()
    return bool(bounds.square().isfinite().all())
