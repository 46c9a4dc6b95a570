"""SANSA: the closed form of EASE, by sparse factors of the inverse."""

from dataclasses import dataclass

import torch
from torch import Tensor
from typing_extensions import Self

from tvdiff_pyg.data.graph_like import GraphLike
from tvdiff_pyg.data.graph_size import GraphSize
from tvdiff_pyg.models.baselines.graph_filter import sparse_filter
from tvdiff_pyg.models.baselines.local_ease import LocalEASEConfig
from tvdiff_pyg.models.baselines.sparse_inverse import sparse_inverse
from tvdiff_pyg.models.closed_form import ClosedFormModel
from tvdiff_pyg.models.history_scorer import HistoryScorer
from tvdiff_pyg.models.memory import Step, sparse_weights
from tvdiff_pyg.models.model import register_model
from tvdiff_pyg.ranking import LinearRanker
from tvdiff_pyg.sparse import CSR, csr_rows, to_sparse


@dataclass(frozen=True)
class SANSAConfig(LocalEASEConfig):
    """Settings of :class:`SANSA`.

    Args:
        num_neighbors: Entries that are kept for each item in either factor, at least 1.
        l2: Penalty of the weights, above 0.

    Raises:
        ValueError: If a setting is outside its range.
    """

    num_neighbors: int = 100

    def memory(self, size: GraphSize, step: Step) -> dict[str, int]:
        """Plan both factors, each with a diagonal."""
        return {"weights": sparse_weights(size, 2 * self.num_neighbors + 2)}


@register_model("sansa", SANSAConfig)
class SANSA(ClosedFormModel):
    r"""The sparse autoencoder of `"Scalable Approximate NonSymmetric Autoencoder for
    Collaborative Filtering" <https://doi.org/10.1145/3604915.3608827>`_: :class:`EASE`
    by a factorisation in which small entries are dropped.

    .. math::
        B = I - P \, \mathrm{diag}(1 / \mathrm{diag} \, P), \qquad
        P = M^{\top} D^{-1} M \approx (R^{\top} R + \lambda I)^{-1}

    with :math:`M \approx L^{-1}` and :math:`L D L^{\top} \approx R^{\top} R + \lambda
    I`. Columns of the unit triangular :math:`L` are found one after another, those of
    rare items first, and columns of :math:`M` from the last to the first. Of each, the
    ``num_neighbors`` largest entries are kept beside the diagonal (of :math:`L`, by the
    root of the items' frequencies), so that memory grows with ``num_items`` and not
    with its square. With all of them, this is EASE.

    Where dropping leaves a pivot of 0 or less, as it may on dense data, the penalty is
    doubled, and that is said; then more entries help.

    The published implementation orders items by COLAMD, shares the entries out among
    all columns, and finds :math:`M` by steps that reduce a residual.

    Args:
        num_neighbors: Entries that are kept for each item in either factor, at least 1.
            (default: ``100``)
        l2: The penalty :math:`\lambda`, above 0. (default: ``50.0``)

    Raises:
        ValueError: If an argument is outside its range.

    Example:
        >>> edge_index = torch.tensor([[0, 0, 1], [0, 1, 1]])
        >>> scorer = SANSA(l2=1.0).fit(edge_index).scorer(edge_index)
        >>> scorer.ranker.weights(torch.tensor([0, 1]), torch.tensor([0, 1]))
        tensor([[0.0000, 0.5000],
                [0.3333, 0.0000]])
    """

    config: SANSAConfig
    fitted = ("inverse_factor", "pivot")
    inverse_factor: Tensor | None
    pivot: Tensor | None

    def __init__(self, num_neighbors: int = 100, l2: float = 50.0) -> None:
        super().__init__(SANSAConfig(num_neighbors, l2))

    @torch.no_grad()
    def fit(self, graph: GraphLike, seed: int = 0) -> Self:
        """Compute the factors; nothing is random."""
        rows = self.adjacency_of(graph).user_rows
        config = self.config
        factor, self.pivot = sparse_inverse(rows, config.l2, config.num_neighbors)
        self.inverse_factor = to_sparse(factor)
        return self

    def scorer(self, graph: GraphLike) -> "HistoryScorer[SANSARanker]":
        """Rank by sums over a history's items.

        See :meth:`~tvdiff_pyg.models.Model.scorer`.
        """
        self.check_fitted()
        assert self.inverse_factor is not None and self.pivot is not None
        rows = self.adjacency_of(graph).user_rows
        self.check_size("items", self.pivot.numel(), rows.num_cols)
        ranker = SANSARanker(csr_rows(self.inverse_factor), self.pivot)
        return HistoryScorer(rows, ranker)


class SANSARanker(LinearRanker):
    r"""Ranks by products of histories with two sparse factors.

    Args:
        factor: :math:`M^{\top}`, of shape ``[num_items, num_items]``.
        pivot: The diagonal of :math:`D`, of shape ``[num_items]``.
    """

    def __init__(self, factor: CSR, pivot: Tensor) -> None:
        super().__init__(factor.num_rows)
        item, weighed = factor.row(), factor.values() / pivot[factor.col]
        diagonal = torch.zeros_like(pivot)
        diagonal.index_add_(0, item, factor.values() * weighed)
        self._into = factor
        self._out = factor.with_value(-weighed / diagonal[item]).transpose()

    def scores(self, history: CSR) -> Tensor:
        """Multiply one block of histories; see
        :meth:`~tvdiff_pyg.ranking.ScoreRanker.scores`.
        """
        score = sparse_filter(history, self._into, self._out)
        score[history.row(), history.col] += 1  # no item predicts itself
        return score
