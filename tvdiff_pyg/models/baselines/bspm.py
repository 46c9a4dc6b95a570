"""BSPM: histories are blurred on the items' graph, and sharpened again."""

from dataclasses import dataclass
from typing import Literal

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
from tvdiff_pyg.search_space import Choice, Range, Space
from tvdiff_pyg.sparse import CSR

Solver = Literal["euler", "rk4"]
Merge = Literal["early", "late"]

# Of a linear equation, a step of each solver is the exponential's series to this power.
ORDERS: dict[Solver, int] = {"euler": 1, "rk4": 4}


@dataclass(frozen=True)
class BSPMConfig(IdealFilterConfig):
    """Settings of :class:`BSPM`.

    Args:
        rank: Singular vectors that the ideal filter lets pass, at least 1.
        alpha: Weight of the ideal filter, at least 0.
        sharpening_time: How long histories are sharpened, above 0.
        sharpening_steps: Steps of the solver in that time, at least 1.
        solver: How a step is computed.
        merge: Whether the ideal filter is added before the sharpening or after it.
        average: Whether scores are means over the blurring and all steps.

    Raises:
        ValueError: If a setting is outside its range.
    """

    sharpening_time: float = 1.2
    sharpening_steps: int = 1
    solver: Solver = "euler"
    merge: Merge = "early"
    average: bool = True

    def __post_init__(self) -> None:
        """Check the ranges."""
        super().__post_init__()
        self.check("sharpening_time", self.sharpening_time > 0, "positive")
        self.check_at_least(1, "sharpening_steps")

    @property
    def search_space(self) -> Space:
        """Everything but the number of steps."""
        return {
            **super().search_space,
            "sharpening_time": Range(0.2, 3.0),
            "solver": Choice("euler", "rk4"),
            "merge": Choice("early", "late"),
            "average": Choice(True, False),
        }


@register_model("bspm", BSPMConfig)
class BSPM(IdealFilterModel):
    r"""The filters of `"Blurring-Sharpening Process Models for Collaborative Filtering"
    <https://arxiv.org/abs/2211.09324>`_, without training.

    Histories are blurred by one step along the items' graph and by the ideal low-pass
    filter of :class:`GFCF`. Then they are sharpened: what the graph would blur further
    is taken away from them, for a while.

    .. math::
        B_0 = r_u \big( \tilde P + \alpha \, D_i^{-1/2} V V^{\top} D_i^{1/2} \big),
        \qquad \frac{dB_t}{dt} = - B_t \tilde P, \qquad
        \tilde P = \tilde R^{\top} \tilde R

    with :math:`\tilde R = D_u^{-1/2} R D_i^{-1/2}` and :math:`V` its ``rank`` leading
    right singular vectors, from a randomised decomposition. With ``merge="late"``,
    :math:`B_0 = r_u \tilde P` is sharpened alone, and the ideal filter added to the
    scores. Those are :math:`B_t` at the end, or with ``average`` the mean of
    :math:`r_u \tilde P` and of :math:`B_t` after each step.

    The equation is solved by the steps of Euler or of Runge and Kutta. It is linear, so
    that a step of length :math:`h` is a polynomial in the graph:

    .. math::
        B_{t+h} = B_t \sum_{k=0}^{p} \frac{(-h \tilde P)^k}{k!}, \qquad
        p = 1 \text{ or } 4

    Histories are filtered as users are ranked, over the two factors of
    :math:`\tilde P`; no matrix between items is formed.

    Args:
        rank: Singular vectors that the ideal filter lets pass, at least 1.
            (default: ``256``)
        alpha: Weight :math:`\alpha` of the ideal filter, at least 0.
            (default: ``0.3``)
        sharpening_time: How long histories are sharpened, above 0.
            (default: ``1.2``)
        sharpening_steps: Steps of the solver in that time, at least 1.
            (default: ``1``)
        solver: ``"euler"``, or ``"rk4"``, which takes four times as long.
            (default: ``"euler"``)
        merge: Whether the ideal filter is added before the sharpening, ``"early"``, or
            after it, ``"late"``. (default: ``"early"``)
        average: Whether scores are means over the blurring and all steps.
            (default: ``True``)

    Raises:
        ValueError: If an argument is outside its range.

    Example:
        >>> import torch
        >>> edge_index = torch.tensor([[0, 0, 1, 1], [0, 1, 1, 2]])
        >>> model = BSPM(rank=1).fit(edge_index)
        >>> scorer, user = model.scorer(edge_index), torch.tensor([0])
        >>> scorer.rank(user, k=1, seen=scorer.rows.select(user))[1]
        tensor([[2]])
    """

    config: BSPMConfig

    def __init__(
        self,
        rank: int = 256,
        alpha: float = 0.3,
        sharpening_time: float = 1.2,
        sharpening_steps: int = 1,
        solver: Solver = "euler",
        merge: Merge = "early",
        average: bool = True,
    ) -> None:
        sharpening = (sharpening_time, sharpening_steps, solver, merge, average)
        super().__init__(BSPMConfig(rank, alpha, *sharpening))

    def scorer(self, graph: GraphLike) -> "HistoryScorer[BSPMRanker]":
        """Rank by blurred and sharpened histories.

        See :meth:`~tvdiff_pyg.models.Model.scorer`.
        """
        rows = self.adjacency_of(graph).user_rows
        ranker = BSPMRanker(rows, self.ideal_filter(rows), self.config)
        return HistoryScorer(rows, ranker)


class BSPMRanker(FilterRanker):
    """Ranks by blurred and sharpened histories.

    Args:
        rows: Each user's training items, of shape ``[num_users, num_items]``.
        ideal: The ideal filter.
        config: How histories are sharpened.
    """

    def __init__(self, rows: CSR, ideal: IdealFilter, config: BSPMConfig) -> None:
        super().__init__(rows)
        self._filter, self._ideal = GraphFilter(weighed(rows, 0.5, 0.5)), ideal
        self._config = config

    def scores(self, history: CSR) -> Tensor:
        """Blur and sharpen one block of histories; see
        :meth:`~tvdiff_pyg.ranking.ScoreRanker.scores`.
        """
        steps, average = self._config.sharpening_steps, self._config.average
        early = self._config.merge == "early"
        blurred = self._filter.of(history)
        total = blurred.clone() if average else None
        score = self._ideal.add_to(blurred, history) if early else blurred
        for _ in range(steps):
            score = self._sharpened(score)
            if total is not None:
                total += score
        if total is not None:
            score = total.div_(steps + 1)
        return score if early else self._ideal.add_to(score, history)

    def _sharpened(self, score: Tensor) -> Tensor:
        """Take one step of the solver."""
        config, term = self._config, score
        length = config.sharpening_time / config.sharpening_steps
        for order in range(1, ORDERS[config.solver] + 1):
            term = self._filter.again(term).mul_(-length / order)
            score = score + term
        return score
