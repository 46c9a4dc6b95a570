"""iALS whose penalty grows with the frequency of a user or an item."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from typing_extensions import Self

from tvdiff_pyg.data.graph_like import GraphLike
from tvdiff_pyg.data.graph_size import GraphSize
from tvdiff_pyg.models.baselines.weighted_squares import WeightedSquares
from tvdiff_pyg.models.closed_form import ClosedFormModel
from tvdiff_pyg.models.memory import FLOAT, INDEX, Step, factor_scoring
from tvdiff_pyg.models.model import ModelConfig, register_model
from tvdiff_pyg.models.scorer import FactorScorer
from tvdiff_pyg.ranking.scores import BLOCK_ENTRIES
from tvdiff_pyg.search_space import WIDTHS, Range, Space, log
from tvdiff_pyg.sparse import CSR

# Standard deviation of the first vectors' lengths, as published.
INIT_SCALE = 0.1


@dataclass(frozen=True)
class ScaledIALSConfig(ModelConfig):
    """Settings of :class:`ScaledIALS`.

    Args:
        factors: Length of the vectors, at least 1.
        regularization: Penalty of the vectors, above 0.
        frequency_power: Power of the frequency that scales it, at least 0.
        unobserved_ratio: What all pairs together weigh, observed or not, for each
            one that the observed weigh, above 0.
        iterations: Passes over the interactions, at least 1.

    Raises:
        ValueError: If a setting is outside its range.
    """

    factors: int = 128
    regularization: float = 0.01
    frequency_power: float = 1.0
    unobserved_ratio: float = 10.0
    iterations: int = 16

    def __post_init__(self) -> None:
        """Check the ranges."""
        super().__post_init__()
        self.check_at_least(1, "factors", "iterations")
        for name in ("regularization", "unobserved_ratio"):
            self.check(name, getattr(self, name) > 0, "positive")
        self.check("frequency_power", self.frequency_power >= 0, "at least 0")

    @property
    def search_space(self) -> Space:
        """All but the power, of which each needs penalties of another scale."""
        return {
            "factors": WIDTHS,
            "regularization": log(2e-3, 0.03),
            "unobserved_ratio": log(3.0, 50.0),
            "iterations": Range(5, 30),
        }

    def memory(self, size: GraphSize, step: Step) -> dict[str, int]:
        """Plan both tables, one in double, the graph, and a block of systems."""
        nodes = size.num_users + size.num_items
        # A block's vectors, systems, factors and solutions; an item that all users met.
        solving = FLOAT * (4 * BLOCK_ENTRIES + size.num_users * self.factors)
        doubled = 2 * FLOAT * max(size.num_users, size.num_items) * self.factors
        scoring = factor_scoring(size, self.factors)
        return {
            "parameters": FLOAT * nodes * self.factors,
            "graph": (FLOAT + 3 * INDEX) * size.num_interactions,
            "activations": max(solving, doubled, scoring),
        }

    def weight(self, rows: CSR) -> Tensor:
        r"""Spread the weight of all pairs evenly, :math:`\alpha_0 = c |R| / |U| |I|`.

        Args:
            rows: What each met, of shape ``[num_rows, num_others]``.

        Returns:
            The weight of each pair, of shape ``[]``.
        """
        # Without any, a weight of zero would leave nothing to solve.
        density = max(rows.nnz, 1) / (rows.num_rows * rows.num_cols)
        weight = self.unobserved_ratio * density
        return torch.tensor(weight, device=rows.col.device)

    def penalty(self, rows: CSR, weight: Tensor) -> Tensor:
        r"""Scale the penalty of each row, :math:`\lambda (|N| + \alpha_0 n)^{\nu}`.

        Args:
            rows: What each met, of shape ``[num_rows, num_others]``.
            weight: The weight :math:`\alpha_0` of every pair, of shape ``[]``.
        """
        frequency = rows.degree() + weight * rows.num_cols
        return self.regularization * frequency**self.frequency_power


@register_model("scaled-ials", ScaledIALSConfig)
class ScaledIALS(ClosedFormModel):
    r"""Alternating least squares of `"Revisiting the Performance of iALS on Item
    Recommendation Benchmarks" <https://arxiv.org/abs/2110.14037>`_.

    .. math::
        \sum_{(u, i) \in R} (1 - x_u^{\top} y_i)^2
        + \alpha_0 \sum_{u, i} (x_u^{\top} y_i)^2
        + \lambda \Big( \sum_u (|N(u)| + \alpha_0 |I|)^{\nu} \lVert x_u \rVert^2
        + \sum_i (|N(i)| + \alpha_0 |U|)^{\nu} \lVert y_i \rVert^2 \Big)

    with :math:`\alpha_0 = c |R| / |U| |I|`, so that :math:`c` means the same on any
    graph, as :math:`\alpha_0` does not.

    With :math:`\nu = 1` a vector is penalised as often as it is read, as where
    gradients are taken pair by pair; :math:`\nu = 0` is the penalty of :class:`IALS`.
    Users and items are solved for in turn, exactly. No user vectors are kept: users are
    ranked by the solution for their history, as published, and so are new ones.

    Args:
        factors: Length of the vectors, at least 1. (default: ``128``)
        regularization: :math:`\lambda`, above 0. (default: ``0.01``)
        frequency_power: :math:`\nu`, at least 0. (default: ``1.0``)
        unobserved_ratio: :math:`c`, above 0: what all pairs together weigh, observed or
            not, for each one that the observed weigh. (default: ``10.0``)
        iterations: Passes over the interactions, at least 1. (default: ``16``)

    Raises:
        ValueError: If an argument is outside its range.

    Example:
        >>> edge_index = torch.tensor([[0, 0, 1], [0, 1, 1]])
        >>> model = ScaledIALS(factors=4).fit(edge_index)
        >>> model.scorer(edge_index).rank(torch.tensor([0]), k=2)[1].sort().values
        tensor([[0, 1]])
    """

    config: ScaledIALSConfig
    fitted = ("item_factor", "unobserved_weight")
    item_factor: Tensor | None
    unobserved_weight: Tensor | None

    def __init__(
        self,
        factors: int = 128,
        regularization: float = 0.01,
        frequency_power: float = 1.0,
        unobserved_ratio: float = 10.0,
        iterations: int = 16,
    ) -> None:
        super().__init__(
            ScaledIALSConfig(
                factors, regularization, frequency_power, unobserved_ratio, iterations
            )
        )

    @torch.no_grad()
    def fit(self, graph: GraphLike, seed: int = 0) -> Self:
        """Solve for users and items in turn.

        Raises:
            ValueError: If ``regularization`` is too small for single precision.
        """
        users = self.adjacency_of(graph).user_rows.with_value(None)
        items = users.transpose()
        generator = torch.Generator().manual_seed(seed)
        first = torch.randn(users.num_cols, self.config.factors, generator=generator)
        scale = INIT_SCALE / math.sqrt(self.config.factors)
        factor = first.mul_(scale).to(users.col.device)
        weight = self.config.weight(users)
        for _ in range(self.config.iterations):
            factor = self._solve(items, self._solve(users, factor, weight), weight)
        self.item_factor, self.unobserved_weight = factor, weight
        return self

    def _solve(self, rows: CSR, factor: Tensor, weight: Tensor) -> Tensor:
        """Solve for one side, the other one fixed."""
        squares = WeightedSquares(factor, weight)
        try:
            return squares.solve(rows, self.config.penalty(rows, weight))
        except torch.linalg.LinAlgError as error:  # type: ignore[attr-defined]
            raise ValueError(
                f"'regularization' needs to be larger for an inverse in single "
                f"precision (got {self.config.regularization})"
            ) from error

    def scorer(self, graph: GraphLike) -> "ScaledIALSScorer":
        """Rank by the solutions for users' histories.

        See :meth:`~tvdiff_pyg.models.Model.scorer`.
        """
        self.check_fitted()
        assert self.item_factor is not None
        assert self.unobserved_weight is not None
        rows = self.adjacency_of(graph).user_rows
        self.check_size("items", self.item_factor.size(0), rows.num_cols)
        fitted = self.item_factor, self.unobserved_weight
        return ScaledIALSScorer(rows, *fitted, self.config)


class ScaledIALSScorer(FactorScorer):
    """Folds histories in by least squares.

    Args:
        rows: Each user's training items, of shape ``[num_users, num_items]``.
        item_factor: Item factors, of shape ``[num_items, factors]``.
        weight: The weight of every pair, of shape ``[]``.
        config: The penalty.
    """

    def __init__(
        self, rows: CSR, item_factor: Tensor, weight: Tensor, config: ScaledIALSConfig
    ) -> None:
        super().__init__(rows, item_factor)
        self._weight, self._config = weight, config
        self._squares = WeightedSquares(item_factor, weight)

    @torch.no_grad()
    def query(self, history: CSR) -> Tensor:
        """Solve for the factors of users.

        See :meth:`~tvdiff_pyg.models.Scorer.query`.
        """
        penalty = self._config.penalty(history, self._weight)
        return self._squares.solve(history, penalty)
