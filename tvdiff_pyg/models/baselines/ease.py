"""EASE: a linear autoencoder in closed form."""

from dataclasses import dataclass

import torch
from torch import Tensor

from tvdiff_pyg.data.graph_size import GraphSize
from tvdiff_pyg.machine import GIGABYTE, free_memory
from tvdiff_pyg.models.baselines.item_item import ItemItemConfig, ItemItemModel
from tvdiff_pyg.models.memory import Step, square_weights
from tvdiff_pyg.models.model import register_model
from tvdiff_pyg.ranking.scores import BLOCK_ENTRIES
from tvdiff_pyg.search_space import Space, log
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency, sparse_product


@dataclass(frozen=True)
class EASEConfig(ItemItemConfig):
    """Settings of :class:`EASE`.

    Args:
        l2: Penalty of the weights, above 0.

    Raises:
        ValueError: If it is not.
    """

    l2: float = 500.0

    def __post_init__(self) -> None:
        """Check that the system can be solved."""
        super().__post_init__()
        self.check("l2", self.l2 > 0, "positive")

    @property
    def search_space(self) -> Space:
        """The penalty."""
        return {"l2": log(1.0, 3000.0)}

    def memory(self, size: GraphSize, step: Step) -> dict[str, int]:
        """Plan the square matrix."""
        return {"weights": square_weights(size)}


@register_model("ease", EASEConfig)
class EASE(ItemItemModel):
    r"""The linear autoencoder of `"Embarrassingly Shallow Autoencoders for Sparse Data"
    <https://arxiv.org/abs/1905.03375>`_.

    It minimises :math:`\lVert R - R B \rVert^2 + \lambda \lVert B \rVert^2` among the
    matrices of zero diagonal, exactly:

    .. math::
        B = I - P \, \mathrm{diag}(1 / \mathrm{diag} \, P), \qquad
        P = (R^{\top} R + \lambda I)^{-1}

    All of it takes place in one array of ``num_items ** 2`` floats: 4 GB for 32,768
    items, and about ``num_items ** 3`` multiplications.

    Args:
        l2: The penalty :math:`\lambda`, above 0. (default: ``500.0``)

    Raises:
        ValueError: If the penalty is not positive.

    Example:
        >>> edge_index = torch.tensor([[0, 0, 1], [0, 1, 1]])
        >>> adjacency = BipartiteAdjacency.from_edge_index(edge_index, (2, 2))
        >>> EASE(l2=1.0).fit(adjacency).weight
        tensor([[0.0000, 0.3333],
                [0.5000, 0.0000]])
    """

    config: EASEConfig

    def __init__(self, l2: float = 500.0) -> None:
        super().__init__(EASEConfig(l2))

    def item_weight(self, adjacency: BipartiteAdjacency) -> Tensor:
        """Compute the matrix; see :meth:`~tvdiff_pyg.models.ItemItemModel.item_weight`.

        Raises:
            ValueError: If the matrix does not fit in memory, or ``l2`` is too small
                for it to be inverted in single precision.
        """
        _check_memory(adjacency)
        matrix = _gram(adjacency.user_rows.with_value(None))
        matrix.diagonal().add_(self.config.l2)
        self._invert(matrix)
        matrix.div_(-matrix.diagonal().clone())
        return matrix.fill_diagonal_(0.0).t()

    def _invert(self, matrix: Tensor) -> None:
        """Invert a symmetric matrix in place."""
        # By columns, as LAPACK reads it: else each step would copy the matrix.
        columns = matrix.t()
        status = torch.empty((), dtype=torch.int, device=matrix.device)
        torch.linalg.cholesky_ex(columns, out=(columns, status))
        check_factorised(status, self.config.l2)
        torch.cholesky_inverse(columns, out=columns)


def _gram(users: CSR) -> Tensor:
    """Count the users that each two items share, for a block of items at a time."""
    items = torch.arange(users.num_cols, device=users.col.device)
    matrix = torch.empty(users.num_cols, users.num_cols, device=items.device)
    for block in items.split(max(BLOCK_ENTRIES // max(users.num_cols, 1), 1)):
        matrix[block] = sparse_product(users.transpose().select(block), users)
    return matrix


def _check_memory(adjacency: BipartiteAdjacency) -> None:
    """Raise before anything of a size is made that is not free."""
    num_items, device = adjacency.user_rows.num_cols, adjacency.user_rows.col.device
    needed = torch.finfo(torch.float).bits // 8 * num_items**2
    if needed > (free := free_memory(device)):
        raise ValueError(
            f"'adjacency' needs few enough items for a square matrix of them in "
            f"{free / GIGABYTE:.3g} GB (got {num_items:,} items: "
            f"{needed / GIGABYTE:.3g} GB)"
        )


def check_factorised(status: Tensor, l2: float) -> None:
    """Raise unless the factorisation of all systems succeeded."""
    if status.any():
        raise ValueError(
            f"'l2' needs to be larger for an inverse in single precision (got {l2})"
        )
