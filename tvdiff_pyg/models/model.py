"""What evaluation and recommending need of a model: factors whose product scores."""

from typing import NamedTuple

import torch
from torch import Tensor

from tvdiff_pyg.ranking import ExactRanker, Ranker
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency, Normalization


class ItemSide(NamedTuple):
    r"""What scoring needs of the items, computed once for all users.

    Attributes:
        factor: Item factors :math:`V`, of shape ``[num_items, channels]``.
        mixing: What else the users' side reads of the items, of shape
            ``[channels, channels]``; for TV-Diff :math:`V^{\top} W_I`, which turns a
            user factor into the projection of the scores that it predicts. ``None``
            where it reads nothing else.
        embedding: What the projection of a history sums, :math:`W_I`, of shape
            ``[num_items, channels]``; ``None`` where none is projected.
        user_factor: Factors of the training graph's users, of shape
            ``[num_users, channels]``, where one pass yields both sides; else ``None``.
        linear: Weights between items whose scores a blend adds, sparse or dense, of
            shape ``[num_items, num_items]``; ``None`` where nothing is added.
    """

    factor: Tensor
    mixing: Tensor | None = None
    embedding: Tensor | None = None
    user_factor: Tensor | None = None
    linear: Tensor | None = None


class FactorModel(torch.nn.Module):
    """A recommender whose scores are inner products of user and item factors.

    Subclass it to evaluate and compare a model of your own.
    """

    #: How the training graph's edges are weighed; ``"none"`` leaves them alone.
    normalization: Normalization = "none"

    def encode_items(self, adjacency: BipartiteAdjacency) -> ItemSide:
        """Compute the item side, once for all users.

        Args:
            adjacency: The training graph.
        """
        raise NotImplementedError

    def encode_users(self, history: CSR, items: ItemSide) -> Tensor:
        """Compute the factors of histories, of shape ``[batch_size, channels]``.

        Args:
            history: Each user's items, of shape ``[batch_size, num_items]``.
            items: The item side.

        Raises:
            ValueError: If the model knows users by their id only, as it does unless
                it overrides this method.
        """
        raise ValueError(
            f"{self.__class__.__name__} knows users by their id, so a new history "
            f"needs a model that reads histories, such as TVDiff"
        )

    def user_factors(
        self, adjacency: BipartiteAdjacency, user: Tensor, items: ItemSide
    ) -> Tensor:
        """Look up the factors of users of the graph, or compute them from histories.

        Args:
            adjacency: The training graph.
            user: Users, long, of shape ``[batch_size]``.
            items: The item side.

        Returns:
            User factors, of shape ``[batch_size, channels]``.
        """
        if items.user_factor is not None:
            return items.user_factor[user]
        return self.encode_users(adjacency.user_rows.select(user), items)

    def ranker(self, items: ItemSide) -> Ranker:
        """Prepare the search for the best items, by default by dense inner products.

        Override it where factors are so wide that a model knows better.

        Args:
            items: The item side.
        """
        return ExactRanker(items.factor)
