"""What evaluation and recommending need of a model: factors whose product scores."""

from typing import NamedTuple

import torch
from torch import Tensor

from tvdiff_pyg.nn import BipartiteAdjacency
from tvdiff_pyg.nn.csr import CSR


class ItemSide(NamedTuple):
    r"""What scoring needs of the items, computed once for all users.

    Attributes:
        factor: Item factors :math:`V`, of shape ``[num_items, channels]``.
        mixing: What else the users' side reads of the items, of shape
            ``[channels, channels]``; for TV-Diff :math:`V^{\top} W_I`, which turns a
            user factor into the projection of the scores that it predicts.
        embedding: What the projection of a history sums, :math:`W_I`, of shape
            ``[num_items, channels]``; ``None`` where none is projected.
    """

    factor: Tensor
    mixing: Tensor
    embedding: Tensor | None = None


class FactorModel(torch.nn.Module):
    """A recommender whose scores are inner products of user and item factors.

    Subclass it to evaluate and compare a model of your own.
    """

    def encode_items(self, adjacency: BipartiteAdjacency) -> ItemSide:
        """Compute the item side, once for all users.

        Args:
            adjacency: The training graph.
        """
        raise NotImplementedError

    def encode_users(self, history: CSR, items: ItemSide) -> Tensor:
        """Compute user factors, of shape ``[batch_size, channels]``.

        Args:
            history: Each user's items, of shape ``[batch_size, num_items]``.
            items: The item side.
        """
        raise NotImplementedError
