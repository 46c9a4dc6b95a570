"""Distinct user-item pairs and what each of them weighs, in one order."""

from typing import NamedTuple

import torch
from torch import Tensor

from tvdiff_pyg.data.edge_weights import check_weight
from tvdiff_pyg.data.pairs import is_in, key_pairs, pair_keys


class WeightedPairs(NamedTuple):
    """Distinct pairs, ascending, and their weights, if they have any.

    Args:
        keys: The pairs as :func:`~tvdiff_pyg.data.pairs.pair_keys` numbers them, of
            shape ``[num_pairs]``.
        weight: Single precision, of the same shape; ``None`` if all count alike.
    """

    keys: Tensor
    weight: Tensor | None = None

    @staticmethod
    def read(
        index: Tensor | None,
        weight: Tensor | None,
        name: str,
        size: tuple[int, int],
    ) -> "WeightedPairs":
        """Validate pairs and weights; those of duplicates are summed.

        Args:
            index: Pairs (user, item), ``int64``, of shape ``[2, num_given]``; none if
                ``None``.
            weight: What each weighs, of shape ``[num_given]``.
            name: What their names begin with, in errors: ``"edge"`` for
                ``"edge_index"`` and ``"edge_weight"``.
            size: ``(num_users, num_items)``.

        Raises:
            ValueError: If a shape, a dtype or an index is wrong, or a weight is not
                finite and positive.

        Example:
            >>> index = torch.tensor([[1, 0, 1], [2, 1, 2]])
            >>> weight = torch.tensor([1.0, 2.0, 4.0])
            >>> WeightedPairs.read(index, weight, "edge", (2, 3)).weight
            tensor([2., 5.])
        """
        keys = pair_keys(index, f"{name}_index", *size)
        if weight is None:
            return WeightedPairs(keys)
        given = keys[:0] if index is None else index[0].long() * size[1] + index[1]
        check_weight(weight, f"{name}_weight", given.numel())
        summed = torch.zeros(keys.numel(), dtype=torch.double, device=keys.device)
        summed.index_add_(0, torch.searchsorted(keys, given), weight.double())
        check_weight(single := summed.float(), f"{name}_weight", keys.numel())
        return WeightedPairs(keys, single)

    @staticmethod
    def join(one: "WeightedPairs", other: "WeightedPairs") -> "WeightedPairs":
        """Put pairs after others, in no common order; both have weights or neither."""
        keys, weight = torch.cat([one.keys, other.keys]), None
        if one.weight is not None and other.weight is not None:
            weight = torch.cat([one.weight, other.weight])
        return WeightedPairs(keys, weight)

    def only(self, kept: Tensor) -> "WeightedPairs":
        """Return some of them.

        Args:
            kept: Which, boolean, of shape ``[num_pairs]``.
        """
        weight = None if self.weight is None else self.weight[kept]
        return WeightedPairs(self.keys[kept], weight)

    def pairs(self, num_items: int) -> Tensor:
        """Return the pairs (user, item), of shape ``[2, num_pairs]``."""
        return key_pairs(self.keys, num_items)


def read_held_out(
    index: Tensor | None,
    weight: Tensor | None,
    part: str,
    train: WeightedPairs,
    size: tuple[int, int],
) -> WeightedPairs:
    """Validate held-out pairs, and leave out those that are trained on.

    Args:
        index: As for :meth:`WeightedPairs.read`.
        weight: Likewise; given where training pairs have weights.
        part: Which pairs they are, ``"validation"`` or ``"test"``.
        train: The training pairs.
        size: ``(num_users, num_items)``.

    Raises:
        ValueError: As :meth:`WeightedPairs.read`, and if only one of training and
            held-out pairs has weights.
    """
    if weight is not None and train.weight is None:
        raise ValueError(f"'{part}_weight' needs 'edge_weight' beside it (got None)")
    if weight is None and train.weight is not None:
        if index is not None and index.numel() > 0:
            raise ValueError(
                f"'{part}_weight' needs to be given where 'edge_weight' is (got None)"
            )
        weight = train.weight[:0]
    pairs = WeightedPairs.read(index, weight, part, size)
    return pairs.only(~is_in(pairs.keys, train.keys))
