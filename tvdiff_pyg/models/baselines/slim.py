"""SLIM: sparse weights between items by an elastic net."""

from dataclasses import dataclass

import torch
from torch import Tensor

from tvdiff_pyg.data.graph_size import GraphSize
from tvdiff_pyg.models.baselines.item_item import ItemItemConfig
from tvdiff_pyg.models.baselines.neighborhood import NeighborhoodModel
from tvdiff_pyg.models.memory import Step, sparse_weights
from tvdiff_pyg.models.model import register_model
from tvdiff_pyg.search_space import Space, log

# Weights are what they should be once none moves by more than this in a pass.
TOLERANCE = 1e-5


@dataclass(frozen=True)
class SLIMConfig(ItemItemConfig):
    """Settings of :class:`SLIM`.

    Args:
        num_neighbors: Items that an item is predicted from, at least 1.
        l1: Penalty of the weights' sum, at least 0.
        l2: Penalty of their squares, above 0.
        iterations: Most passes over the weights, at least 1.

    Raises:
        ValueError: If a setting is outside its range.
    """

    num_neighbors: int = 100
    l1: float = 1.0
    l2: float = 10.0
    iterations: int = 100

    def __post_init__(self) -> None:
        """Check the ranges."""
        super().__post_init__()
        self.check_at_least(1, "num_neighbors", "iterations")
        self.check("l1", self.l1 >= 0, "at least 0")
        self.check("l2", self.l2 > 0, "positive")

    @property
    def search_space(self) -> Space:
        """Neighbours and both penalties."""
        return {
            "num_neighbors": log(20, 300),
            "l1": log(1e-2, 10.0),
            "l2": log(0.1, 1000.0),
        }

    def memory(self, size: GraphSize, step: Step) -> dict[str, int]:
        """Plan the neighbours' weights."""
        return {"weights": sparse_weights(size, self.num_neighbors)}


@register_model("slim", SLIMConfig)
class SLIM(NeighborhoodModel):
    r"""`"SLIM: Sparse Linear Methods for Top-N Recommender Systems"
    <https://doi.org/10.1109/ICDM.2011.134>`_, with its selection of features: each
    item is predicted from its nearest items alone.

    With :math:`G = R^{\top} R` and :math:`K` the ``num_neighbors`` items of largest
    cosine to item :math:`i`, column :math:`i` of the matrix is zero but for

    .. math::
        B_{Ki} = \arg \min_{w \ge 0} \;
        \tfrac{1}{2} \lVert R_i - R_K w \rVert^2
        + \tfrac{\lambda_2}{2} \lVert w \rVert^2 + \lambda_1 \lVert w \rVert_1

    by coordinate descent, for a block of items at a time:

    .. math::
        w_k \leftarrow \frac{\max(0, \; G_{ki} - \sum_{l \ne k} G_{kl} w_l
        - \lambda_1)}{G_{kk} + \lambda_2}

    No item is its own neighbour, so the diagonal is zero. With all items as neighbours,
    this is SLIM in full.

    Args:
        num_neighbors: Items that an item is predicted from, at least 1.
            (default: ``100``)
        l1: The penalty :math:`\lambda_1`, at least 0. (default: ``1.0``)
        l2: The penalty :math:`\lambda_2`, above 0. (default: ``10.0``)
        iterations: Most passes over the weights, at least 1; fewer where none moves by
            more than 1e-5. (default: ``100``)

    Raises:
        ValueError: If an argument is outside its range.

    Example:
        >>> from tvdiff_pyg.sparse import BipartiteAdjacency
        >>> edge_index = torch.tensor([[0, 0, 1], [0, 1, 1]])
        >>> adjacency = BipartiteAdjacency.from_edge_index(edge_index, (2, 2))
        >>> SLIM(l1=0.5, l2=1.0).fit(adjacency).weight.to_dense()
        tensor([[0.0000, 0.1667],
                [0.2500, 0.0000]])
    """

    config: SLIMConfig

    def __init__(
        self,
        num_neighbors: int = 100,
        l1: float = 1.0,
        l2: float = 10.0,
        iterations: int = 100,
    ) -> None:
        super().__init__(SLIMConfig(num_neighbors, l1, l2, iterations))

    def solve(self, gram: Tensor, target: Tensor) -> Tensor:
        """Descend along each weight in turn; see
        :meth:`~tvdiff_pyg.models.baselines.neighborhood.NeighborhoodModel.solve`.
        """
        weight, left = torch.zeros_like(target), target - self.config.l1
        diagonal = gram.diagonal(dim1=1, dim2=2)
        for _ in range(self.config.iterations):
            before = weight.clone()
            for k in range(weight.size(1)):
                own = diagonal[:, k]
                better = (left[:, k] + own * weight[:, k]) / (own + self.config.l2)
                change = better.clamp(min=0) - weight[:, k]
                weight[:, k] += change
                left -= change[:, None] * gram[:, k]
            moved = (weight - before).abs()
            if moved.numel() == 0 or moved.max() <= TOLERANCE:
                break
        return weight
