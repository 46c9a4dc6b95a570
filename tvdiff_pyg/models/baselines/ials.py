"""Alternating least squares of the package `implicit`."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from tvdiff_pyg.models.baselines.implicit_factors import (
    ImplicitConfig,
    ImplicitFactors,
    to_scipy,
    to_tensor,
)
from tvdiff_pyg.models.model import register_model
from tvdiff_pyg.models.table_scorer import TableScorer
from tvdiff_pyg.search_space import WIDTHS, Range, Space, log
from tvdiff_pyg.sparse import CSR


@dataclass(frozen=True)
class IALSConfig(ImplicitConfig):
    """Settings of :class:`IALS`.

    Args:
        factors: Length of the vectors, at least 1.
        regularization: Penalty of the vectors, at least 0.
        iterations: Passes over the interactions, at least 1.
        alpha: Confidence in an observed interaction, above 0.

    Raises:
        ValueError: If a setting is outside its range.
    """

    alpha: float = 1.0

    def __post_init__(self) -> None:
        """Check the range."""
        super().__post_init__()
        self.check("alpha", self.alpha > 0, "positive")

    @property
    def search_space(self) -> Space:
        """Width, penalty, confidence and passes."""
        return {
            "factors": WIDTHS,
            "regularization": log(1e-2, 100.0),
            "alpha": log(1.0, 100.0),
            "iterations": Range(5, 30),
        }


@register_model("ials", IALSConfig)
class IALS(ImplicitFactors):
    r"""Alternating least squares, `"Collaborative Filtering for Implicit Feedback
    Datasets" <https://doi.org/10.1109/ICDM.2008.22>`_, of the package implicit.

    .. math::
        \sum_{u, i} c_{ui} (r_{ui} - x_u^{\top} y_i)^2
        + \lambda \Big( \sum_u \lVert x_u \rVert^2 + \sum_i \lVert y_i \rVert^2 \Big)

    with :math:`c_{ui} = \alpha` where observed and 1 elsewhere; a new history is folded
    in by the solution for its user.

    Args:
        factors: Length of the vectors, at least 1. (default: ``100``)
        regularization: :math:`\lambda`, at least 0. (default: ``0.01``)
        iterations: Passes over the interactions, at least 1. (default: ``15``)
        alpha: :math:`\alpha`, above 0. (default: ``1.0``)

    Raises:
        ImportError: If implicit is not installed.
        ValueError: If an argument is outside its range.

    Example:
        >>> import pytest, torch
        >>> from tvdiff_pyg.sparse import BipartiteAdjacency
        >>> _ = pytest.importorskip("implicit")
        >>> edge_index = torch.tensor([[0, 0, 1], [0, 1, 1]])
        >>> adjacency = BipartiteAdjacency.from_edge_index(edge_index, (2, 2))
        >>> IALS(factors=4).fit(adjacency).scorer(adjacency).item_factor.shape
        torch.Size([2, 4])
    """

    def __init__(
        self,
        factors: int = 100,
        regularization: float = 0.01,
        iterations: int = 15,
        alpha: float = 1.0,
    ) -> None:
        super().__init__(IALSConfig(factors, regularization, iterations, alpha))

    def package_class(self) -> Any:
        """Return the package's class; see ``ImplicitFactors``."""
        from implicit.als import AlternatingLeastSquares

        return AlternatingLeastSquares

    def _scorer(self, rows: CSR, user: Tensor, item: Tensor) -> TableScorer:
        solver = self.solver(0)
        solver.item_factors = item.cpu().numpy()
        return IALSScorer(rows, user, item, solver)


class IALSScorer(TableScorer):
    """Folds new histories in by least squares.

    Args:
        rows: Each user's training items, of shape ``[num_users, num_items]``.
        user_factor: User factors, of shape ``[num_users, channels]``.
        item_factor: Item factors, of shape ``[num_items, channels]``.
        solver: The package's model, with its item factors.
    """

    def __init__(
        self, rows: CSR, user_factor: Tensor, item_factor: Tensor, solver: Any
    ) -> None:
        super().__init__(rows, user_factor, item_factor, "IALS")
        self._solver = solver

    @property
    def unexplained(self) -> str | None:
        """None, as histories are folded in."""
        return None

    def query(self, history: CSR) -> Tensor:
        """Solve for the factors of new users.

        See :meth:`~tvdiff_pyg.models.Scorer.query`.
        """
        users = np.arange(history.num_rows)
        factor = self._solver.recalculate_user(users, to_scipy(history))
        return to_tensor(factor, history.col.device)
