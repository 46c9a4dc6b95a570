"""Held-out pairs of a ``HeteroData``, as PyG keeps them: in ``edge_label_index``."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data.storage import EdgeStorage

from tvdiff_pyg.sparse.checks import check_integers

# PyG's names, without and with ``split_labels``.
_INDEX, _POSITIVE = "edge_label_index", "pos_edge_label_index"


def has_labels(store: EdgeStorage) -> bool:
    """Whether pairs are kept beside the edges."""
    return _INDEX in store or _POSITIVE in store


def is_split_anew(store: EdgeStorage) -> bool:
    """Whether our own held-out pairs gave way to labels of ``RandomLinkSplit``."""
    split, pairs = store.get("edge_label_split"), store.get(_INDEX)
    if "edge_label" in store or _POSITIVE in store:
        return True
    return split is None or pairs is None or split.shape != (pairs.size(1),)


def is_zero_negative(stores: Sequence[EdgeStorage]) -> bool:
    """Whether the label 0 marks a pair that is no interaction.

    It does among labels 0 and 1. Beside others it may be a class as well: ratings,
    from 0 on, that no negatives were drawn for.

    Args:
        stores (list): The edges of one type in all parts of a split.

    Raises:
        ValueError: If it can be either.
    """
    labels = [
        torch.as_tensor(store["edge_label"]).cpu().flatten().double()
        for store in stores
        if _INDEX in store and "edge_label" in store
    ]
    label = torch.cat(labels) if labels else torch.ones(1)
    if not bool((label == 0).any()):
        return False
    if bool((label == 1).any() & (label <= 1).all()):
        return True
    raise ValueError(
        "'zero_is_negative' needs to be given where 'edge_label' has 0 and other "
        "labels than 1: 0 may mark drawn negatives, or be a class of its own "
        "(got None)"
    )


def positive_pairs(store: EdgeStorage, zero_is_negative: bool) -> Tensor:
    """Returns the pairs that are labelled as interactions.

    Args:
        store (EdgeStorage): The edges of one type.
        zero_is_negative (bool): Whether the label 0 in ``edge_label`` marks a pair that
            is none.

    Returns:
        The pairs, long, shape ``[2, num_pairs]``; none if no pair is labelled.

    Raises:
        ValueError: If labels do not fit the pairs.

    Example:
        >>> from torch_geometric.data import HeteroData
        >>> store = HeteroData()["user", "rates", "movie"]
        >>> store.edge_label_index = torch.tensor([[0, 0], [1, 2]])
        >>> store.edge_label = torch.tensor([1, 0])
        >>> positive_pairs(store, is_zero_negative([store])).tolist()
        [[0], [1]]
    """
    if _POSITIVE in store:
        return _read(store[_POSITIVE], _POSITIVE)
    if _INDEX not in store:
        return torch.empty(2, 0, dtype=torch.long)
    pairs = _read(store[_INDEX], _INDEX)
    if "edge_label" not in store:
        return pairs
    label = torch.as_tensor(store["edge_label"]).cpu()
    if label.shape != (pairs.size(1),):
        raise ValueError(
            f"'edge_label' needs to be of shape [{pairs.size(1)}], a label for each "
            f"pair of 'edge_label_index' (got {list(label.shape)})"
        )
    if not bool((label >= 0).all()):
        raise ValueError("'edge_label' needs labels of at least 0 (got others)")
    return pairs[:, label > 0] if zero_is_negative else pairs


def _read(pairs: Any, name: str) -> Tensor:
    if not isinstance(pairs, Tensor) or pairs.dim() != 2 or pairs.size(0) != 2:
        raise ValueError(
            f"'{name}' needs to be a tensor of shape [2, num_pairs] "
            f"(got {list(pairs.shape) if isinstance(pairs, Tensor) else pairs!r})"
        )
    return check_integers(name, pairs.cpu())
