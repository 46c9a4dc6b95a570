"""What models have in common that score items by a history's items."""

import torch
from torch import Tensor
from typing_extensions import Self

from tvdiff_pyg.models.model import FactorModel, ItemSide
from tvdiff_pyg.ranking import HistoryRanker, Ranker
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency, to_sparse


class ItemItemModel(FactorModel):
    r"""Scores by a matrix :math:`B` between items, without training by gradients.

    .. math::
        \hat r_u = r_u B

    As factors, a user's is the history :math:`r_u` and an item's is its column of
    :math:`B`: new histories need no fitting. Subclasses compute the matrix in
    :meth:`item_weight`.
    """

    #: :math:`B^{\top}`, dense or sparse, of shape ``[num_items, num_items]``.
    weight: Tensor | None

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("weight", None)

    @torch.no_grad()
    def fit(self, adjacency: BipartiteAdjacency) -> Self:
        """Compute the matrix from the training graph.

        Args:
            adjacency: The training graph; its weights are not read.

        Returns:
            The model itself.
        """
        self.weight = None  # Two of them may not fit.
        self.weight = self.item_weight(adjacency)
        return self

    def item_weight(self, adjacency: BipartiteAdjacency) -> Tensor:
        r"""Compute :math:`B^{\top}`, of shape ``[num_items, num_items]``.

        Args:
            adjacency: The training graph.
        """
        raise NotImplementedError

    def encode_items(self, adjacency: BipartiteAdjacency) -> ItemSide:
        """Return each item's weights.

        Args:
            adjacency: A graph of the items that the model was fitted to.

        Raises:
            ValueError: If the model is not fitted, or to other items.
        """
        name, num_items = self.__class__.__name__, adjacency.user_rows.num_cols
        if self.weight is None:
            raise ValueError(f"{name} needs to be fitted before it scores")
        if self.weight.size(0) != num_items:
            raise ValueError(
                f"'adjacency' needs {self.weight.size(0)} items, as {name} was fitted "
                f"to (got {num_items})"
            )
        return ItemSide(self.weight)

    def encode_users(self, history: CSR, items: ItemSide) -> Tensor:
        """Return the histories, as a sparse matrix ``[batch_size, num_items]``."""
        one = torch.ones((), dtype=items.factor.dtype, device=history.col.device)
        return to_sparse(history.with_value(one.expand(history.nnz)))

    def ranker(self, items: ItemSide) -> Ranker:
        """Rank by sums over a history's items: most of a user factor is zero."""
        return HistoryRanker(items.factor)
