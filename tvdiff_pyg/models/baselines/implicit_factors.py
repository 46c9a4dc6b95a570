"""What the models of the package `implicit` share: factors, ranked as any others."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from typing_extensions import Self

from tvdiff_pyg.data.graph_like import GraphLike
from tvdiff_pyg.data.graph_size import GraphSize
from tvdiff_pyg.models.closed_form import ClosedFormModel
from tvdiff_pyg.models.memory import FLOAT, Step, factor_scoring
from tvdiff_pyg.models.model import ModelConfig
from tvdiff_pyg.models.table_scorer import TableScorer
from tvdiff_pyg.sparse import CSR


@dataclass(frozen=True)
class ImplicitConfig(ModelConfig):
    """Settings that all models of the package have, by the package's own names.

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

    @property
    def packages(self) -> tuple[str, ...]:
        """The package that learns it."""
        return ("implicit",)

    def memory(self, size: GraphSize, step: Step) -> dict[str, int]:
        """Plan the vectors and a ranking by them."""
        nodes = size.num_users + size.num_items
        return {
            "parameters": 2 * FLOAT * nodes * self.factors,
            "activations": factor_scoring(size, self.factors),
        }


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

    def fit(self, graph: GraphLike, seed: int = 0) -> Self:
        """Learn the vectors of a graph's users and items."""
        rows, solver = self.adjacency_of(graph).user_rows, self.solver(seed)
        solver.fit(to_scipy(rows), show_progress=False)
        device = rows.col.device
        self.user_factor = to_tensor(solver.user_factors, device)
        self.item_factor = to_tensor(solver.item_factors, device)
        return self

    def scorer(self, graph: GraphLike) -> TableScorer:
        """Rank by the vectors; see :meth:`~tvdiff_pyg.models.Model.scorer`."""
        self.check_fitted()
        assert self.user_factor is not None and self.item_factor is not None
        rows = self.adjacency_of(graph).user_rows
        self.check_size("users", self.user_factor.size(0), rows.num_rows)
        self.check_size("items", self.item_factor.size(0), rows.num_cols)
        return self._scorer(rows, self.user_factor, self.item_factor)

    def _scorer(self, rows: CSR, user: Tensor, item: Tensor) -> TableScorer:
        return TableScorer(rows, user, item, type(self).__name__)


def to_scipy(rows: CSR) -> Any:
    """Hand interactions to the package, each a one.

    Args:
        rows: Each user's items, of shape ``[num_users, num_items]``.
    """
    from scipy.sparse import csr_matrix  # a dependency of implicit, not of ours

    col, rowptr = rows.col.cpu().numpy(), rows.rowptr.cpu().numpy()
    ones = np.ones(rows.nnz, dtype=np.float32)
    return csr_matrix((ones, col, rowptr), shape=(rows.num_rows, rows.num_cols))


def to_tensor(factor: Any, device: torch.device) -> Tensor:
    """Take factors over from the package.

    Args:
        factor: An array.
        device: Where the factors are needed.
    """
    return torch.from_numpy(factor).to(device)
