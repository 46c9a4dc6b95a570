"""Weights beside the pairs of a graph: for each training pair, and for each other."""

import torch
from torch import Tensor
from torch_geometric.data.storage import EdgeStorage

WEIGHT, LABEL_WEIGHT = "edge_weight", "edge_label_weight"

Stores = tuple[EdgeStorage, EdgeStorage]


def is_weighed(rates: EdgeStorage) -> bool:
    """Whether pairs, held out or not, have weights."""
    return WEIGHT in rates or LABEL_WEIGHT in rates


def set_weights(
    rates: EdgeStorage, back: EdgeStorage, train: Tensor, held_out: Tensor
) -> None:
    """Keep what pairs weigh, in the order of the pairs.

    Args:
        rates: Where training pairs and held-out pairs are.
        back: Where training pairs are flipped, in the same order.
        train: What each training pair weighs, of shape ``[num_train]``.
        held_out: What each held-out pair weighs, of shape ``[num_held_out]``.
    """
    rates[WEIGHT] = back[WEIGHT] = train
    rates[LABEL_WEIGHT] = held_out


def carry_weights(own: Stores, new: Stores, num_items: int) -> None:
    """Give the pairs of a graph, if they have weights, theirs in other parts of it.

    Args:
        own: Where training pairs and held-out pairs are, and where the former are
            flipped.
        new: Likewise of other parts.
        num_items: Number of items.

    Raises:
        ValueError: As :func:`check_weights`.
    """
    rates, new_rates = own[0], new[0]
    if not is_weighed(rates):
        return
    check_weights(*own)
    keys, order = _keys(rates, num_items).sort()
    weight = torch.cat([rates[WEIGHT], rates[LABEL_WEIGHT]])[order]
    place = torch.searchsorted(keys, _keys(new_rates, num_items))
    num_train = new_rates.edge_index.size(1)
    train, held_out = weight[place[:num_train]], weight[place[num_train:]]
    set_weights(*new, train, held_out)


def _keys(rates: EdgeStorage, num_items: int) -> Tensor:
    user, item = torch.cat([rates.edge_index, rates.edge_label_index], dim=1)
    return user * num_items + item


def check_weights(rates: EdgeStorage, back: EdgeStorage) -> None:
    """Raise unless all pairs have a weight, or none has one.

    Args:
        rates: Where training pairs and held-out pairs are.
        back: Where training pairs are flipped.

    Raises:
        ValueError: If a weight is missing, not finite or not positive, or training
            pairs weigh something else one way than the other.
    """
    if not is_weighed(rates) and WEIGHT not in back:
        return
    for store, name, index in (
        (rates, WEIGHT, "edge_index"),
        (back, WEIGHT, "edge_index"),
        (rates, LABEL_WEIGHT, "edge_label_index"),
    ):
        check_weight(store.get(name), name, store[index].size(1))
    if not torch.equal(rates[WEIGHT], back[WEIGHT]):
        raise ValueError(
            f"'{WEIGHT}' needs to be the same both ways (got others in {back._key})"
        )


def check_weight(weight: Tensor | None, name: str, num_pairs: int) -> None:
    """Raise unless there is a finite and positive weight for each pair.

    Args:
        weight: The weights.
        name: What they are called, for the error.
        num_pairs: How many pairs there are.

    Raises:
        ValueError: If there is not.

    Example:
        >>> check_weight(torch.tensor([2.0, 0.0]), "edge_weight", 2)
        Traceback (most recent call last):
            ...
        ValueError: 'edge_weight' needs to be finite and positive, in single precision
        (got 0.0 at position 1)
    """
    if not isinstance(weight, Tensor):
        raise ValueError(
            f"'{name}' needs to be a tensor, a weight for each pair "
            f"(got {type(weight).__name__})"
        )
    if tuple(weight.shape) != (num_pairs,) or not weight.is_floating_point():
        raise ValueError(
            f"'{name}' needs {num_pairs} floating-point numbers, one for each pair "
            f"(got shape {list(weight.shape)} of {weight.dtype})"
        )
    is_wrong = ~(weight.isfinite() & (weight > 0))
    if bool(is_wrong.any()):
        place = int(is_wrong.nonzero()[0])
        raise ValueError(
            f"'{name}' needs to be finite and positive, in single precision "
            f"(got {weight[place].item()!r} at position {place})"
        )
