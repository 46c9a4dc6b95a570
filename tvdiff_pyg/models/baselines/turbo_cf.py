"""Turbo-CF: polynomial filters of the items' graph, without training."""

from dataclasses import dataclass

from torch import Tensor
from typing_extensions import Self

from tvdiff_pyg.data.graph_like import GraphLike
from tvdiff_pyg.data.graph_size import GraphSize
from tvdiff_pyg.models.baselines.graph_filter import (
    FilterRanker,
    GraphFilter,
    PoweredFilter,
    filter_memory,
    weighed,
)
from tvdiff_pyg.models.baselines.item_item import ItemItemConfig
from tvdiff_pyg.models.closed_form import ClosedFormModel
from tvdiff_pyg.models.history_scorer import HistoryScorer
from tvdiff_pyg.models.memory import Step
from tvdiff_pyg.models.model import register_model
from tvdiff_pyg.search_space import Range, Space
from tvdiff_pyg.sparse import CSR

# Of the filters of each order, what the powers of the graph are multiplied with.
COEFFICIENTS = {1: (1.0,), 2: (2.0, -1.0), 3: (0.71, 0.1, -0.01)}


@dataclass(frozen=True)
class TurboCFConfig(ItemItemConfig):
    """Settings of :class:`TurboCF`.

    Args:
        alpha: Power of the users' degrees, in [0, 1].
        power: Power of the entries of the items' graph, above 0.
        order: Order of the filter, 1 to 3.

    Raises:
        ValueError: If a setting is outside its range.
    """

    alpha: float = 0.5
    power: float = 1.0
    order: int = 1

    def __post_init__(self) -> None:
        """Check the ranges."""
        super().__post_init__()
        self.check("alpha", 0 <= self.alpha <= 1, "in [0, 1]")
        self.check("power", self.power > 0, "positive")
        self.check_at_least(1, "order", high=max(COEFFICIENTS))

    @property
    def search_space(self) -> Space:
        """Everything."""
        return {
            "alpha": Range(0.3, 0.8),
            "power": Range(0.5, 1.5),
            "order": Range(1, max(COEFFICIENTS)),
        }

    def memory(self, size: GraphSize, step: Step) -> dict[str, int]:
        """Plan the filter."""
        return filter_memory(size)


@register_model("turbo-cf", TurboCFConfig)
class TurboCF(ClosedFormModel):
    r"""Polynomial low-pass filters of `"Turbo-CF: Matrix Decomposition-Free Graph
    Filtering for Fast Recommendation" <https://arxiv.org/abs/2404.14243>`_.

    .. math::
        \hat r_u = r_u \sum_k a_k \bar P^k, \qquad
        \bar P = \big( \tilde R^{\top} \tilde R \big)^{\circ s}, \qquad
        \tilde R = D_u^{-\alpha} R D_i^{\alpha - 1}

    with :math:`s` the power of each entry. By ``order``, the sum is :math:`\bar P`,
    :math:`2 \bar P - \bar P^2`, or :math:`\bar P + 0.01 (-\bar P^3 + 10 \bar P^2 - 29
    \bar P)`.

    The graph is all that it knows. Histories are filtered as users are ranked, and the
    items' graph is never stored: with ``power=1`` over its two factors, else by rows
    that are computed anew for each block of users, which takes longer.

    Args:
        alpha: Power :math:`\alpha` of the users' degrees, in [0, 1].
            (default: ``0.5``)
        power: Power :math:`s` of the entries, above 0. (default: ``1.0``)
        order: Order of the filter, 1 to 3. (default: ``1``)

    Raises:
        ValueError: If an argument is outside its range.

    Example:
        >>> import torch
        >>> edge_index = torch.tensor([[0, 0, 1], [0, 1, 1]])
        >>> scorer = TurboCF(alpha=1.0).scorer(edge_index)
        >>> scorer.rank(torch.tensor([1]), k=2)
        (tensor([[1.2500, 0.2500]]), tensor([[1, 0]]))
    """

    config: TurboCFConfig

    def __init__(self, alpha: float = 0.5, power: float = 1.0, order: int = 1) -> None:
        super().__init__(TurboCFConfig(alpha, power, order))

    def fit(self, graph: GraphLike, seed: int = 0) -> Self:
        """Return the model: its scorer reads the graph."""
        return self

    def scorer(self, graph: GraphLike) -> "HistoryScorer[TurboCFRanker]":
        """Rank by filtered histories.

        See :meth:`~tvdiff_pyg.models.Model.scorer`.
        """
        rows = self.adjacency_of(graph).user_rows
        return HistoryScorer(rows, TurboCFRanker(rows, self.config))


class TurboCFRanker(FilterRanker):
    """Ranks by filtered histories.

    Args:
        rows: Each user's training items, of shape ``[num_users, num_items]``.
        config: Which filter.
    """

    def __init__(self, rows: CSR, config: TurboCFConfig) -> None:
        super().__init__(rows)
        factor = weighed(rows, config.alpha, 1 - config.alpha)
        self._filter = (
            GraphFilter(factor)
            if config.power == 1
            else PoweredFilter(factor, config.power)
        )
        self._coefficients = COEFFICIENTS[config.order]

    def scores(self, history: CSR) -> Tensor:
        """Filter one block of histories; see
        :meth:`~tvdiff_pyg.ranking.ScoreRanker.scores`.
        """
        first, *rest = self._coefficients
        filtered = self._filter.of(history)
        score = first * filtered
        for coefficient in rest:
            filtered = self._filter.again(filtered)
            score += coefficient * filtered
        return score
