"""GF-CF: a linear and an ideal low-pass filter of the items' graph."""

from dataclasses import dataclass

from torch import Tensor

from tvdiff_pyg.data.graph_like import GraphLike
from tvdiff_pyg.models.baselines.graph_filter import FilterRanker, GraphFilter, weighed
from tvdiff_pyg.models.baselines.ideal_filter import (
    IdealFilter,
    IdealFilterConfig,
    IdealFilterModel,
)
from tvdiff_pyg.models.history_scorer import HistoryScorer
from tvdiff_pyg.models.model import register_model
from tvdiff_pyg.sparse import CSR


@dataclass(frozen=True)
class GFCFConfig(IdealFilterConfig):
    """Settings of :class:`GFCF`.

    Args:
        rank: Singular vectors that the ideal filter lets pass, at least 1.
        alpha: Weight of the ideal filter, at least 0.

    Raises:
        ValueError: If a setting is outside its range.
    """


@register_model("gf-cf", GFCFConfig)
class GFCF(IdealFilterModel):
    r"""The filters of `"How Powerful is Graph Convolution for Recommendation?"
    <https://arxiv.org/abs/2108.07567>`_, without training.

    .. math::
        \hat r_u = r_u \big( \tilde R^{\top} \tilde R
        + \alpha \, D_i^{-1/2} V V^{\top} D_i^{1/2} \big), \qquad
        \tilde R = D_u^{-1/2} R D_i^{-1/2}

    with :math:`V` the ``rank`` leading right singular vectors of :math:`\tilde R`, from
    a randomised decomposition (`Halko et al., 2011
    <https://arxiv.org/abs/0909.4061>`_). No matrix between items is formed.

    Args:
        rank: Singular vectors that the ideal filter lets pass, at least 1.
            (default: ``256``)
        alpha: Weight :math:`\alpha` of the ideal filter, at least 0.
            (default: ``0.3``)

    Raises:
        ValueError: If an argument is outside its range.

    Example:
        >>> import torch
        >>> edge_index = torch.tensor([[0, 0, 1], [0, 1, 1]])
        >>> model = GFCF(rank=1).fit(edge_index)
        >>> model.scorer(edge_index).rank(torch.tensor([1]), k=1)[1]
        tensor([[1]])
    """

    config: GFCFConfig

    def __init__(self, rank: int = 256, alpha: float = 0.3) -> None:
        super().__init__(GFCFConfig(rank, alpha))

    def scorer(self, graph: GraphLike) -> "HistoryScorer[GFCFRanker]":
        """Rank by filtered histories.

        See :meth:`~tvdiff_pyg.models.Model.scorer`.
        """
        rows = self.adjacency_of(graph).user_rows
        return HistoryScorer(rows, GFCFRanker(rows, self.ideal_filter(rows)))


class GFCFRanker(FilterRanker):
    """Ranks by histories that went through both filters.

    Args:
        rows: Each user's training items, of shape ``[num_users, num_items]``.
        ideal: The ideal filter.
    """

    def __init__(self, rows: CSR, ideal: IdealFilter) -> None:
        super().__init__(rows)
        self._filter, self._ideal = GraphFilter(weighed(rows, 0.5, 0.5)), ideal

    def scores(self, history: CSR) -> Tensor:
        """Filter one block of histories; see
        :meth:`~tvdiff_pyg.ranking.ScoreRanker.scores`.
        """
        return self._ideal.add_to(self._filter.of(history), history)
