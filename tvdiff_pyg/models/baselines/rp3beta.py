"""Random walks of three steps, reweighted by popularity."""

from dataclasses import dataclass

from torch import Tensor

from tvdiff_pyg.data.graph_size import GraphSize
from tvdiff_pyg.models.baselines.item_item import ItemItemConfig, ItemItemModel
from tvdiff_pyg.models.baselines.neighbors import nearest
from tvdiff_pyg.models.memory import Step, sparse_weights
from tvdiff_pyg.models.model import register_model
from tvdiff_pyg.search_space import Choice, Range, Space, log
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency, to_sparse


@dataclass(frozen=True)
class RP3betaConfig(ItemItemConfig):
    """Settings of :class:`RP3beta`.

    Args:
        num_neighbors: Items that are kept of those a walk from an item reaches, at
            least 1.
        alpha: Power of the walk's probabilities, at least 0.
        beta: Power of the popularity that weights are divided by, at least 0.
        normalize: Whether the weights of each item of a history add up to 1.

    Raises:
        ValueError: If a setting is outside its range.
    """

    num_neighbors: int = 100
    alpha: float = 1.0
    beta: float = 0.4
    normalize: bool = True

    def __post_init__(self) -> None:
        """Check the ranges."""
        super().__post_init__()
        self.check_at_least(1, "num_neighbors")
        self.check("alpha", self.alpha >= 0, "at least 0")
        self.check("beta", self.beta >= 0, "at least 0")

    @property
    def search_space(self) -> Space:
        """Everything."""
        return {
            "num_neighbors": log(5, 1000),
            "alpha": Range(0.0, 2.0),
            "beta": Range(0.0, 2.0),
            "normalize": Choice(False, True),
        }

    def memory(self, size: GraphSize, step: Step) -> dict[str, int]:
        """Plan the weights of the walks."""
        return {"weights": sparse_weights(size, self.num_neighbors)}


@register_model("rp3beta", RP3betaConfig)
class RP3beta(ItemItemModel):
    r"""Random walks from the items of a history over their users to other items, of
    `"Blockbusters and Wallflowers: Accurate, Diverse, and Scalable Recommendations
    with Random Walks" <https://doi.org/10.1145/2792838.2800180>`_ (with
    :math:`\beta = 0`, P3alpha).

    .. math::
        \hat r_{uj} = \sum_{i \in N(u)} B_{ij}, \qquad
        B_{ij} = \frac{1}{d_j^{\beta}} \sum_{v \in U_i \cap U_j}
        \Big( \frac{1}{d_i} \cdot \frac{1}{d_v} \Big)^{\alpha}

    with :math:`U_i` the users of an item and :math:`d` the number of interactions. Of
    each item :math:`i`, the ``num_neighbors`` largest weights to other items are kept;
    that and ``normalize``, by which they add up to 1, are from `"Are We Really Making
    Much Progress?" <https://arxiv.org/abs/1907.06902>`_.

    Args:
        num_neighbors: Items that are kept of those a walk from an item reaches, at
            least 1. (default: ``100``)
        alpha: Power of the walk's probabilities, at least 0. (default: ``1.0``)
        beta: Power of the popularity that weights are divided by, at least 0.
            (default: ``0.4``)
        normalize: Whether the weights of each item of a history add up to 1.
            (default: ``True``)

    Raises:
        ValueError: If an argument is outside its range.

    Example:
        >>> import torch
        >>> edge_index = torch.tensor([[0, 0, 1, 1], [0, 1, 1, 2]])
        >>> adjacency = BipartiteAdjacency.from_edge_index(edge_index, (2, 3))
        >>> model = RP3beta(beta=1.0, normalize=False).fit(adjacency)
        >>> model.weight.to_dense().t()
        tensor([[0.0000, 0.2500, 0.0000],
                [0.2500, 0.0000, 0.2500],
                [0.0000, 0.2500, 0.0000]])
    """

    config: RP3betaConfig

    def __init__(
        self,
        num_neighbors: int = 100,
        alpha: float = 1.0,
        beta: float = 0.4,
        normalize: bool = True,
    ) -> None:
        super().__init__(RP3betaConfig(num_neighbors, alpha, beta, normalize))

    def item_weight(self, adjacency: BipartiteAdjacency) -> Tensor:
        """Walk from all items.

        See :meth:`~tvdiff_pyg.models.ItemItemModel.item_weight`.
        """
        users, config = adjacency.user_rows.with_value(None), self.config
        raters = users.transpose()
        from_user = users.degree().float().pow(-config.alpha)[users.row()]
        from_item = raters.degree().float().pow(-config.alpha)
        popularity = raters.degree().float().pow(config.beta)

        def weigh(pair: Tensor, walks: Tensor) -> Tensor:
            weight = walks * from_item[pair[0]] / popularity[pair[1]]
            return weight * (pair[0] != pair[1])

        steps = users.with_value(from_user)
        weight = nearest(raters, steps, config.num_neighbors, weigh)
        if config.normalize:
            weight = _normalised(weight)
        return to_sparse(weight.transpose())


def _normalised(weight: CSR) -> CSR:
    """Divide each row by its sum."""
    value = weight.values()
    total = value.new_zeros(weight.num_rows).index_add_(0, weight.row(), value)
    return weight.with_value(value / total[weight.row()])
