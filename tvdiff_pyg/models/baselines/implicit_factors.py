"""Factors that the package `implicit` learns, ranked and evaluated as any others."""

from typing import Any, Literal, get_args

import numpy as np
import torch
from torch import Tensor
from typing_extensions import Self

from tvdiff_pyg.models.model import FactorModel, ItemSide
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency

Method = Literal["ials", "bpr"]


class ImplicitFactors(FactorModel):
    r"""A matrix factorisation of the package
    `implicit <https://benfred.github.io/implicit>`_, learned on the CPU.

    ``"ials"`` is `"Collaborative Filtering for Implicit Feedback Datasets"
    <https://doi.org/10.1109/ICDM.2008.22>`_, alternating least squares on

    .. math::
        \sum_{u, i} c_{ui} (r_{ui} - x_u^{\top} y_i)^2
        + \lambda \Big( \sum_u \lVert x_u \rVert^2 + \sum_i \lVert y_i \rVert^2 \Big)

    with :math:`c_{ui} = \alpha` where observed and 1 elsewhere; a new history is folded
    in by the solution for its user. ``"bpr"`` is `"BPR: Bayesian Personalized Ranking
    from Implicit Feedback" <https://arxiv.org/abs/1205.2618>`_ with item biases, as a
    further channel; it knows users by their id only.

    Args:
        method: ``"ials"`` or ``"bpr"``. (default: ``"ials"``)
        seed: Seed of the first factors, and of what BPR samples; results repeat with
            one thread. (default: ``0``)
        **options: Further arguments of ``AlternatingLeastSquares`` or
            ``BayesianPersonalizedRanking``, such as ``factors``, ``regularization``,
            ``alpha``, ``iterations``, ``num_threads``.

    Raises:
        ImportError: If implicit is not installed.
        ValueError: If there is no such method.

    Example:
        >>> import pytest; _ = pytest.importorskip("implicit")
        >>> edge_index = torch.tensor([[0, 0, 1], [0, 1, 1]])
        >>> adjacency = BipartiteAdjacency.from_edge_index(edge_index, (2, 2))
        >>> model = ImplicitFactors(factors=4, num_threads=1).fit(adjacency)
        >>> model.encode_items(adjacency).factor.shape
        torch.Size([2, 4])
    """

    user_factor: Tensor | None
    item_factor: Tensor | None

    def __init__(self, method: Method = "ials", seed: int = 0, **options: Any) -> None:
        super().__init__()
        if method not in get_args(Method):
            raise ValueError(
                f"'method' needs to be one of {list(get_args(Method))} (got {method!r})"
            )
        self.method = method
        self.solver = _solver(method, random_state=seed, **options)
        self.register_buffer("user_factor", None)
        self.register_buffer("item_factor", None)

    def fit(self, adjacency: BipartiteAdjacency) -> Self:
        """Learn the factors of a graph's users and items.

        Args:
            adjacency: The training graph; its weights are not read.

        Returns:
            The model itself.
        """
        device = adjacency.user_rows.col.device
        # Else it would go on from these.
        self.solver.user_factors = self.solver.item_factors = None
        self.solver.fit(_to_scipy(adjacency.user_rows), show_progress=False)
        self.user_factor = _to_tensor(self.solver.user_factors, device)
        self.item_factor = _to_tensor(self.solver.item_factors, device)
        return self

    def encode_items(self, adjacency: BipartiteAdjacency) -> ItemSide:
        """Return the factors of both sides.

        Args:
            adjacency: The graph that the model was fitted to.

        Raises:
            ValueError: If the model is not fitted, or to another size.
        """
        if self.user_factor is None or self.item_factor is None:
            raise ValueError("ImplicitFactors needs to be fitted before it scores")
        rows = adjacency.user_rows
        size = (self.user_factor.size(0), self.item_factor.size(0))
        if (rows.num_rows, rows.num_cols) != size:
            raise ValueError(
                f"'adjacency' needs {size[0]} users and {size[1]} items, as "
                f"ImplicitFactors was fitted to "
                f"(got {rows.num_rows} and {rows.num_cols})"
            )
        return ItemSide(self.item_factor, user_factor=self.user_factor)

    def encode_users(self, history: CSR, items: ItemSide) -> Tensor:
        """Fold histories in; see :meth:`FactorModel.encode_users`.

        Raises:
            ValueError: For ``"bpr"``.
        """
        if self.method == "bpr":
            return super().encode_users(history, items)
        users = np.arange(history.num_rows)
        factor = self.solver.recalculate_user(users, _to_scipy(history))
        return _to_tensor(factor, history.col.device)

    def __repr__(self) -> str:
        return (
            f"{self.__class__.__name__}({self.method!r}, factors={self.solver.factors})"
        )


def _solver(method: Method, **options: Any) -> Any:
    try:
        from implicit.als import AlternatingLeastSquares
        from implicit.bpr import BayesianPersonalizedRanking
    except ImportError as error:
        raise ImportError(
            "'implicit' needs to be installed for its baselines: "
            "pip install 'tvdiff_pyg[baselines]'"
        ) from error
    if method == "ials":
        return AlternatingLeastSquares(use_gpu=False, **options)
    return BayesianPersonalizedRanking(use_gpu=False, **options)


def _to_scipy(rows: CSR) -> Any:
    from scipy.sparse import csr_matrix  # a dependency of implicit, not of ours

    col, rowptr = rows.col.cpu().numpy(), rows.rowptr.cpu().numpy()
    ones = np.ones(rows.nnz, dtype=np.float32)
    return csr_matrix((ones, col, rowptr), shape=(rows.num_rows, rows.num_cols))


def _to_tensor(factor: Any, device: torch.device) -> Tensor:
    return torch.from_numpy(factor).to(device)
