"""Factors that the package `implicit` learns, ranked and evaluated as any others."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from typing_extensions import Self

from tvdiff_pyg.data.graph_size import GraphSize
from tvdiff_pyg.models.closed_form import ClosedFormModel
from tvdiff_pyg.models.memory import FLOAT, Step, factor_scoring
from tvdiff_pyg.models.model import ModelConfig, register_model
from tvdiff_pyg.models.scorer import TableScorer
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency


@dataclass(frozen=True)
class ImplicitConfig(ModelConfig):
    """Settings that both models of the package have, by the package's own names.

    Args:
        factors: Length of the vectors, at least 1.
        regularization: Penalty of the vectors, at least 0.
        iterations: Passes over the interactions, at least 1.

    Raises:
        ValueError: If a setting is outside its range.
    """

    factors: int = 100
    regularization: float = 0.01
    iterations: int = 15

    def __post_init__(self) -> None:
        """Check the ranges."""
        super().__post_init__()
        self.check_at_least(1, "factors", "iterations")
        self.check("regularization", self.regularization >= 0, "at least 0")

    def memory(self, size: GraphSize, step: Step) -> dict[str, int]:
        """Plan the vectors and a ranking by them."""
        nodes = size.num_users + size.num_items
        return {
            "parameters": 2 * FLOAT * nodes * self.factors,
            "activations": factor_scoring(size, self.factors),
        }


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


@dataclass(frozen=True)
class ImplicitBPRConfig(ImplicitConfig):
    """Settings of :class:`ImplicitBPR`.

    Args:
        factors: Length of the vectors, at least 1.
        regularization: Penalty of the vectors, at least 0.
        iterations: Passes over the interactions, at least 1.
        learning_rate: Length of a step, above 0.

    Raises:
        ValueError: If a setting is outside its range.
    """

    iterations: int = 100
    learning_rate: float = 0.01

    def __post_init__(self) -> None:
        """Check the range."""
        super().__post_init__()
        self.check("learning_rate", self.learning_rate > 0, "positive")


class ImplicitFactors(ClosedFormModel):
    """A matrix factorisation of the package
    `implicit <https://benfred.github.io/implicit>`_, learned on the CPU.

    Results repeat with one thread: the package takes as many as PyTorch.

    Args:
        config: Its settings.

    Raises:
        ImportError: If implicit is not installed.
    """

    fitted = ("user_factor", "item_factor")
    user_factor: Tensor | None
    item_factor: Tensor | None

    def __init__(self, config: ImplicitConfig) -> None:
        super().__init__(config)
        self.solver(0)  # names what is missing before any data is read

    def solver(self, seed: int) -> Any:
        """Return the package's model, not fitted.

        Args:
            seed: Seed of the first vectors, and of what is sampled.

        Raises:
            ImportError: If implicit is not installed.
        """
        try:
            kind = self.package_class()
        except ImportError as error:
            raise ImportError(
                "'implicit' needs to be installed for its baselines: "
                "pip install 'tvdiff_pyg[baselines]'"
            ) from error
        return kind(
            **asdict(self.config),
            random_state=seed,
            num_threads=torch.get_num_threads(),
            use_gpu=False,
        )

    def package_class(self) -> Any:
        """Import and return the package's class of this model."""
        raise NotImplementedError

    def fit(self, graph: BipartiteAdjacency, seed: int = 0) -> Self:
        """Learn the vectors of a graph's users and items."""
        device, solver = graph.user_rows.col.device, self.solver(seed)
        solver.fit(_to_scipy(graph.user_rows), show_progress=False)
        self.user_factor = _to_tensor(solver.user_factors, device)
        self.item_factor = _to_tensor(solver.item_factors, device)
        return self

    def scorer(self, graph: BipartiteAdjacency) -> TableScorer:
        """Rank by the vectors; see :meth:`~tvdiff_pyg.models.Model.scorer`."""
        self.check_fitted()
        assert self.user_factor is not None and self.item_factor is not None
        rows = graph.user_rows
        self.check_size("users", self.user_factor.size(0), rows.num_rows)
        self.check_size("items", self.item_factor.size(0), rows.num_cols)
        return self._scorer(rows, self.user_factor, self.item_factor)

    def _scorer(self, rows: CSR, user: Tensor, item: Tensor) -> TableScorer:
        return TableScorer(rows, user, item, type(self).__name__)


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
        >>> import pytest; _ = pytest.importorskip("implicit")
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

    def query(self, history: CSR) -> Tensor:
        """Solve for the factors of new users.

        See :meth:`~tvdiff_pyg.models.Scorer.query`.
        """
        users = np.arange(history.num_rows)
        factor = self._solver.recalculate_user(users, _to_scipy(history))
        return _to_tensor(factor, history.col.device)


@register_model("implicit-bpr", ImplicitBPRConfig)
class ImplicitBPR(ImplicitFactors):
    """`"BPR: Bayesian Personalized Ranking from Implicit Feedback"
    <https://arxiv.org/abs/1205.2618>`_ with item biases, of the package implicit.

    The biases are a further channel. It knows users by their id only.

    Args:
        factors: Length of the vectors, at least 1. (default: ``100``)
        regularization: Penalty of the vectors, at least 0. (default: ``0.01``)
        iterations: Passes over the interactions, at least 1. (default: ``100``)
        learning_rate: Length of a step, above 0. (default: ``0.01``)

    Raises:
        ImportError: If implicit is not installed.
        ValueError: If an argument is outside its range.
    """

    def __init__(
        self,
        factors: int = 100,
        regularization: float = 0.01,
        iterations: int = 100,
        learning_rate: float = 0.01,
    ) -> None:
        config = ImplicitBPRConfig(factors, regularization, iterations, learning_rate)
        super().__init__(config)

    def package_class(self) -> Any:
        """Return the package's class; see ``ImplicitFactors``."""
        from implicit.bpr import BayesianPersonalizedRanking

        return BayesianPersonalizedRanking


def _to_scipy(rows: CSR) -> Any:
    from scipy.sparse import csr_matrix  # a dependency of implicit, not of ours

    col, rowptr = rows.col.cpu().numpy(), rows.rowptr.cpu().numpy()
    ones = np.ones(rows.nnz, dtype=np.float32)
    return csr_matrix((ones, col, rowptr), shape=(rows.num_rows, rows.num_cols))


def _to_tensor(factor: Any, device: torch.device) -> Tensor:
    return torch.from_numpy(factor).to(device)
