"""User-based nearest neighbours."""

from dataclasses import dataclass

import torch
from torch import Tensor
from typing_extensions import Self

from tvdiff_pyg.data.graph_like import GraphLike
from tvdiff_pyg.data.graph_size import GraphSize
from tvdiff_pyg.models.baselines.neighbors import NeighborConfig, Similarity, nearest
from tvdiff_pyg.models.closed_form import ClosedFormModel
from tvdiff_pyg.models.leave_one_out import leave_one_out
from tvdiff_pyg.models.memory import FLOAT, INDEX, PER_WEIGHT, Step
from tvdiff_pyg.models.model import register_model
from tvdiff_pyg.models.scorer import USERS_AT_ONCE, Scorer
from tvdiff_pyg.ranking import ScoreRanker
from tvdiff_pyg.ranking.scores import BLOCK_ENTRIES
from tvdiff_pyg.sparse import CSR, sparse_product


@dataclass(frozen=True)
class UserKNNConfig(NeighborConfig):
    """Settings of :class:`UserKNN`.

    Args:
        num_neighbors: Neighbours of each user, at least 1.
        shrink: Pulls similarities that few items support towards 0, at least 0.
        similarity: How users are compared.
    """

    def memory(self, size: GraphSize, step: Step) -> dict[str, int]:
        """Plan the graph's transpose, and a block of users with their neighbours."""
        kept = USERS_AT_ONCE * min(self.num_neighbors, size.num_users)
        return {
            "graph": (FLOAT + 3 * INDEX) * size.num_interactions,
            "activations": PER_WEIGHT * kept + 2 * FLOAT * BLOCK_ENTRIES,
        }


@register_model("user-knn", UserKNNConfig)
class UserKNN(ClosedFormModel):
    r"""Scores an item by the users most like the history who have met it, as in
    `"GroupLens: An Open Architecture for Collaborative Filtering of Netnews"
    <https://doi.org/10.1145/192844.192905>`_, without ratings.

    .. math::
        \hat r_{ui} = \sum_{v \in K(u) \cap U_i} s_{uv}, \qquad
        s_{uv} = \frac{|N(u) \cap N(v)|}{\sqrt{|N(u)| \, |N(v)|} + \mathrm{shrink}}

    with :math:`U_i` the users of an item and :math:`K(u)` the ``num_neighbors`` users
    most similar to :math:`u`. For ``"jaccard"`` the root is :math:`|N(u) \cup N(v)|`
    instead. Users who have met nothing but what is in the history, as the user
    themselves, have nothing to add and are no neighbours.

    The graph is all that it knows: neighbours are found as users are ranked, a block of
    them at a time, and new histories find theirs in the same way.

    Args:
        num_neighbors: Neighbours of each user, at least 1. (default: ``100``)
        shrink: Pulls similarities that few items support towards 0, at least 0.
            (default: ``0.0``)
        similarity: ``"cosine"`` or ``"jaccard"``. (default: ``"cosine"``)

    Raises:
        ValueError: If an argument is outside its range.

    Example:
        >>> edge_index = torch.tensor([[0, 0, 1, 1], [0, 1, 1, 2]])
        >>> scorer = UserKNN(num_neighbors=1).scorer(edge_index)
        >>> user = torch.tensor([0])
        >>> scorer.rank(user, k=1, seen=scorer.rows.select(user))
        (tensor([[0.5000]]), tensor([[2]]))
    """

    config: UserKNNConfig

    def __init__(
        self,
        num_neighbors: int = 100,
        shrink: float = 0.0,
        similarity: Similarity = "cosine",
    ) -> None:
        super().__init__(UserKNNConfig(num_neighbors, shrink, similarity))

    def fit(self, graph: GraphLike, seed: int = 0) -> Self:
        """Return the model: its scorer reads the graph."""
        return self

    def scorer(self, graph: GraphLike) -> "UserKNNScorer":
        """Rank by the neighbours among the users of a graph.

        See :meth:`~tvdiff_pyg.models.Model.scorer`.
        """
        return UserKNNScorer(self.adjacency_of(graph).user_rows, self.config)


class UserKNNScorer(Scorer[CSR]):
    """Finds the neighbours of histories; their interactions are the scores.

    Args:
        rows: Each user's training items, of shape ``[num_users, num_items]``.
        config: How neighbours are found.
    """

    def __init__(self, rows: CSR, config: UserKNNConfig) -> None:
        super().__init__(rows, _NeighborRanker(rows.with_value(None)))
        self._raters = rows.with_value(None).transpose()
        self._degree, self._config = rows.degree(), config

    def query(self, history: CSR) -> CSR:
        """Find the neighbours, and how similar they are.

        Args:
            history: Each user's items, of shape ``[batch_size, num_items]``.

        Returns:
            Similarities, of shape ``[batch_size, num_users]``.
        """
        degree, config = history.degree(), self._config

        def weigh(pair: Tensor, count: Tensor) -> Tensor:
            left, right = degree[pair[0]], self._degree[pair[1]]
            return config.compare(count, left, right) * (count < right)

        history = history.with_value(None)
        return nearest(history, self._raters, config.num_neighbors, weigh)

    @property
    def unexplained(self) -> str | None:
        """None, as neighbours can be found without one of the items."""
        return None

    def contributions(self, history: CSR, item: Tensor) -> Tensor:
        """Find neighbours without each item; see
        :meth:`~tvdiff_pyg.models.Scorer.contributions`.
        """
        columns = self.rows.with_value(None).restrict(item)

        def scores(history: CSR) -> Tensor:
            return sparse_product(self.query(history), columns)

        one = torch.eye(item.numel(), device=item.device)
        return leave_one_out(scores, history, one)


class _NeighborRanker(ScoreRanker[CSR]):
    """Adds up the interactions of neighbours."""

    def __init__(self, rows: CSR) -> None:
        super().__init__(rows.num_cols)
        self._rows = rows

    def scores(self, query: CSR) -> Tensor:
        return sparse_product(query, self._rows)
