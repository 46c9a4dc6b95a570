"""GF-CF: a linear and an ideal low-pass filter of the items' graph."""

import logging
from dataclasses import dataclass

import torch
from torch import Tensor
from typing_extensions import Self

from tvdiff_pyg.data.graph_like import GraphLike
from tvdiff_pyg.data.graph_size import GraphSize
from tvdiff_pyg.models.baselines.graph_filter import (
    FilterRanker,
    GraphFilter,
    filter_memory,
    weighed,
)
from tvdiff_pyg.models.baselines.item_item import ItemItemConfig
from tvdiff_pyg.models.closed_form import ClosedFormModel
from tvdiff_pyg.models.history_scorer import HistoryScorer
from tvdiff_pyg.models.memory import FLOAT, Step
from tvdiff_pyg.models.model import register_model
from tvdiff_pyg.nn.spectral import OVERSAMPLING, singular_vectors
from tvdiff_pyg.search_space import Range, Space, log
from tvdiff_pyg.sparse import CSR, spmm

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class GFCFConfig(ItemItemConfig):
    """Settings of :class:`GFCF`.

    Args:
        rank: Singular vectors that the ideal filter lets pass, at least 1.
        alpha: Weight of the ideal filter, at least 0.

    Raises:
        ValueError: If a setting is outside its range.
    """

    rank: int = 256
    alpha: float = 0.3

    def __post_init__(self) -> None:
        """Check the ranges."""
        super().__post_init__()
        self.check_at_least(1, "rank")
        self.check("alpha", self.alpha >= 0, "at least 0")

    @property
    def search_space(self) -> Space:
        """Both."""
        return {"rank": log(16, 512), "alpha": Range(0.0, 1.0)}

    def memory(self, size: GraphSize, step: Step) -> dict[str, int]:
        """Plan the filters, and the vectors in all that a decomposition needs."""
        rank = min(self.rank + OVERSAMPLING, size.num_users, size.num_items)
        vectors = 3 * FLOAT * (size.num_users + size.num_items) * rank
        return {"parameters": vectors, **filter_memory(size)}


@register_model("gf-cf", GFCFConfig)
class GFCF(ClosedFormModel):
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
        >>> edge_index = torch.tensor([[0, 0, 1], [0, 1, 1]])
        >>> model = GFCF(rank=1).fit(edge_index)
        >>> model.scorer(edge_index).rank(torch.tensor([1]), k=1)[1]
        tensor([[1]])
    """

    config: GFCFConfig
    fitted = ("item_vector",)
    item_vector: Tensor | None

    def __init__(self, rank: int = 256, alpha: float = 0.3) -> None:
        super().__init__(GFCFConfig(rank, alpha))

    @torch.no_grad()
    def fit(self, graph: GraphLike, seed: int = 0) -> Self:
        """Find the singular vectors."""
        rows = self.adjacency_of(graph).user_rows.with_value(None)
        whole = min(rows.num_rows, rows.num_cols)
        rank = min(self.config.rank, whole)
        if rank == whole:
            logger.warning(
                "'rank' needs to be below %d, or the ideal filter lets the whole graph "
                "pass and changes nobody's ranking, whatever 'alpha' is (got %d)",
                whole,
                self.config.rank,
            )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.item_vector = singular_vectors(rows, rank)[1].contiguous()
        return self

    def scorer(self, graph: GraphLike) -> "HistoryScorer[GFCFRanker]":
        """Rank by filtered histories.

        See :meth:`~tvdiff_pyg.models.Model.scorer`.
        """
        self.check_fitted()
        assert self.item_vector is not None
        rows = self.adjacency_of(graph).user_rows
        self.check_size("items", self.item_vector.size(0), rows.num_cols)
        ranker = GFCFRanker(rows, self.item_vector, self.config.alpha)
        return HistoryScorer(rows, ranker)


class GFCFRanker(FilterRanker):
    """Ranks by histories that went through both filters.

    Args:
        rows: Each user's training items, of shape ``[num_users, num_items]``.
        item_vector: Singular vectors, of shape ``[num_items, rank]``.
        alpha: Weight of the ideal filter.
    """

    def __init__(self, rows: CSR, item_vector: Tensor, alpha: float) -> None:
        super().__init__(rows)
        self._filter = GraphFilter(weighed(rows, 0.5, 0.5))
        root = rows.col_degree().clamp(min=1).sqrt()[:, None]
        self._into, self._out = alpha * item_vector / root, (item_vector * root).t()

    def scores(self, history: CSR) -> Tensor:
        """Filter one block of histories; see
        :meth:`~tvdiff_pyg.ranking.ScoreRanker.scores`.
        """
        band = spmm(history.with_value(None), self._into)
        return self._filter.of(history).addmm_(band, self._out)
