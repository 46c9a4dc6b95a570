"""What models have in common that score items by a history's items."""

import torch
from torch import Tensor
from typing_extensions import Self

from tvdiff_pyg.data.graph_like import GraphLike
from tvdiff_pyg.models.closed_form import ClosedFormModel
from tvdiff_pyg.models.history_scorer import HistoryScorer
from tvdiff_pyg.models.model import ModelConfig
from tvdiff_pyg.ranking import HistoryRanker
from tvdiff_pyg.sparse import BipartiteAdjacency


class ItemItemConfig(ModelConfig):
    """Base of the configs of such models."""

    @property
    def dense_factors(self) -> bool:
        """Never, for they would be of the length of the catalogue."""
        return False


class ItemItemModel(ClosedFormModel):
    r"""Scores by a matrix :math:`B` between items, without training by gradients.

    .. math::
        \hat r_u = r_u B

    New histories need no fitting. Subclasses compute the matrix in :meth:`item_weight`.

    Attributes:
        weight: :math:`B^{\top}`, dense or sparse, of shape ``[num_items, num_items]``;
            ``None`` before :meth:`fit`.
    """

    fitted = ("weight",)
    weight: Tensor | None

    @torch.no_grad()
    def fit(self, graph: GraphLike, seed: int = 0) -> Self:
        """Compute the matrix; nothing is random."""
        self.weight = None  # Two of them may not fit.
        self.weight = self.item_weight(self.adjacency_of(graph))
        return self

    def item_weight(self, adjacency: BipartiteAdjacency) -> Tensor:
        r"""Compute :math:`B^{\top}`, of shape ``[num_items, num_items]``.

        Args:
            adjacency: The training graph.
        """
        raise NotImplementedError

    def scorer(self, graph: GraphLike) -> HistoryScorer[HistoryRanker]:
        """Rank by sums over a history's items.

        See :meth:`~tvdiff_pyg.models.Model.scorer`.
        """
        self.check_fitted()
        assert self.weight is not None
        rows = self.adjacency_of(graph).user_rows
        self.check_size("items", self.weight.size(0), rows.num_cols)
        return HistoryScorer(rows, HistoryRanker(self.weight))
