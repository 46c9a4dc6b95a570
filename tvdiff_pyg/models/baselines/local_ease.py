"""EASE within each item's neighbourhood: as many small systems as there are items."""

from dataclasses import dataclass

import torch
from torch import Tensor

from tvdiff_pyg.data.graph_size import GraphSize
from tvdiff_pyg.models.baselines.ease import check_factorised
from tvdiff_pyg.models.baselines.item_item import ItemItemConfig
from tvdiff_pyg.models.baselines.neighborhood import NeighborhoodModel
from tvdiff_pyg.models.memory import Step, sparse_weights
from tvdiff_pyg.models.model import register_model
from tvdiff_pyg.search_space import Space, log


@dataclass(frozen=True)
class LocalEASEConfig(ItemItemConfig):
    """Settings of :class:`LocalEASE`.

    Args:
        num_neighbors: Items that an item is predicted from, at least 1.
        l2: Penalty of the weights, above 0.

    Raises:
        ValueError: If a setting is outside its range.
    """

    num_neighbors: int = 300
    l2: float = 50.0

    def __post_init__(self) -> None:
        """Check the ranges."""
        super().__post_init__()
        self.check_at_least(1, "num_neighbors")
        self.check("l2", self.l2 > 0, "positive")

    @property
    def search_space(self) -> Space:
        """Neighbours and penalty."""
        return {"num_neighbors": log(20, 300), "l2": log(1.0, 3000.0)}

    def memory(self, size: GraphSize, step: Step) -> dict[str, int]:
        """Plan the neighbours' weights."""
        return {"weights": sparse_weights(size, self.num_neighbors)}


@register_model("local-ease", LocalEASEConfig)
class LocalEASE(NeighborhoodModel):
    r"""The linear autoencoder of :class:`EASE`, each item predicted from its nearest
    items alone, which are chosen beforehand as in `"SLIM: Sparse Linear Methods for
    Top-N Recommender Systems" <https://doi.org/10.1109/ICDM.2011.134>`_.

    With :math:`G = R^{\top} R` and :math:`K` the ``num_neighbors`` items of largest
    cosine to item :math:`i`, column :math:`i` of the matrix is zero but for

    .. math::
        B_{Ki} = (G_{KK} + \lambda I)^{-1} G_{Ki}

    No item is its own neighbour, so the diagonal is zero; nor is one that shares no
    user with it. Memory grows with ``num_items`` and not, as for EASE, with its square,
    and the systems of all items are solved in ``num_items * num_neighbors ** 3``
    multiplications rather than ``num_items ** 3``. Where all are each other's
    neighbours, this is EASE.

    Args:
        num_neighbors: Items that an item is predicted from, at least 1.
            (default: ``300``)
        l2: The penalty :math:`\lambda`, above 0. (default: ``50.0``)

    Raises:
        ValueError: If an argument is outside its range.

    Example:
        >>> from tvdiff_pyg.sparse import BipartiteAdjacency
        >>> edge_index = torch.tensor([[0, 0, 1], [0, 1, 1]])
        >>> adjacency = BipartiteAdjacency.from_edge_index(edge_index, (2, 2))
        >>> LocalEASE(num_neighbors=1, l2=1.0).fit(adjacency).weight.to_dense()
        tensor([[0.0000, 0.3333],
                [0.5000, 0.0000]])
    """

    config: LocalEASEConfig

    def __init__(self, num_neighbors: int = 300, l2: float = 50.0) -> None:
        super().__init__(LocalEASEConfig(num_neighbors, l2))

    def solve(self, gram: Tensor, target: Tensor) -> Tensor:
        """Solve the systems; see
        :meth:`~tvdiff_pyg.models.baselines.neighborhood.NeighborhoodModel.solve`.

        Raises:
            ValueError: If ``l2`` is too small for single precision.
        """
        # Where there is no neighbour, the system is the penalty alone: zero.
        gram.diagonal(dim1=1, dim2=2).add_(self.config.l2)
        factor, status = torch.linalg.cholesky_ex(gram)
        check_factorised(status, self.config.l2)
        return torch.cholesky_solve(target.unsqueeze(-1), factor).squeeze(-1)
