"""A trained model, prepared on its interactions, that ranks by indices."""

from copy import copy
from itertools import chain

import torch
from torch import Tensor

from tvdiff_pyg.data import BipartiteGraph, GraphLike, as_graph
from tvdiff_pyg.data.new_items import NewItems
from tvdiff_pyg.models import Model
from tvdiff_pyg.models.finite import first_not_finite
from tvdiff_pyg.models.foreign import checked_scorer
from tvdiff_pyg.ranges import check_integer
from tvdiff_pyg.ranking import ItemIndex
from tvdiff_pyg.recommend.factors import check_index, indexed_factor
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency


class PreparedModel:
    """Ranks the users of a graph, and new histories.

    Args:
        model: The trained model.
        graph: The interactions that it was trained on; where the adjacency is known,
            perhaps those of some users, who may have nothing to train on.
        adjacency: What it reads of them; made from them if ``None``.
            (default: ``None``)

    Raises:
        ValueError: If a weight is not finite, the graph is of another size, or a model
            from outside cannot rank.
    """

    def __init__(
        self,
        model: Model,
        graph: GraphLike,
        adjacency: BipartiteAdjacency | None = None,
    ) -> None:
        graph = _read(graph, adjacency)
        size = (graph.num_users, graph.num_items)
        if name := first_not_finite(model.state_dict()):
            raise ValueError(f"'model' needs finite weights (got others in {name!r})")
        self.model = model.eval()
        self.graph = graph
        # What is learned may be in buffers, or in the graph alone.
        learned = chain(model.parameters(), model.buffers())
        self.device = next(learned, graph.train_index).device
        self.adjacency = model.adjacency_of(adjacency or graph).to(self.device)
        self.scorer = checked_scorer(model, self.adjacency)
        self._seen = CSR.from_edge_index(graph.known_index.to(self.device), size)
        # Of the first so many items, a history tells something.
        self.num_read = graph.num_items

    @property
    def name(self) -> str:
        """The model's class, for messages."""
        return type(self.model).__name__

    @property
    def num_items(self) -> int:
        """Number of items that are ranked."""
        return self._seen.num_cols

    def with_items(self, new: NewItems) -> "PreparedModel":
        """Rank new items, too, behind those of the graph.

        Args:
            new: The items; those who met them are not offered them.

        Raises:
            ValueError: If the model ranks only what it was fitted to.
        """
        self.model.config.check_new_items("items")
        wider, seen = copy(self), self._seen
        wider.scorer = self.scorer.with_items(new)
        met = torch.stack([new.rows.col, new.rows.row() + self.num_items])
        known = torch.stack([seen.row(), seen.col])
        pairs = torch.cat([known, met.to(self.device)], dim=1)
        size = (seen.num_rows, self.num_items + len(new))
        wider._seen = CSR.from_edge_index(pairs, size)
        if new.x is not None and self.num_read == self.num_items:
            wider.num_read = wider.num_items
        return wider

    def check(self, k: int, index: ItemIndex | None) -> int:
        """Raise unless ``k`` is at least 1 and an index, if there is one, fits.

        Returns:
            How many items can be ranked of those asked for.
        """
        check_integer("k", k, low=1)
        if index is not None:
            check_index(index, indexed_factor(self.scorer, self.name))
        return min(k, self.num_items)

    def read(self, user: Tensor) -> CSR:
        """Return what the model reads of users of the graph, ``[num_read, num_items]``.

        Args:
            user: Users, long, of shape ``[num_read]``.
        """
        return self.scorer.rows.select(user.to(self.device))

    def check_explained(self) -> None:
        """Raise unless scores can be parted by a history's items.

        Raises:
            ValueError: If they cannot.
        """
        why = self.scorer.unexplained
        if why is not None:
            raise ValueError(
                f"'explain' needs a model that reads histories (got {self.name}, {why})"
            )

    def rank(
        self, user: Tensor, k: int, filter_seen: bool, index: ItemIndex | None
    ) -> tuple[Tensor, Tensor]:
        """Rank for users of the graph; see :meth:`tvdiff_pyg.models.Scorer.rank`."""
        user = user.to(self.device)
        seen = self._seen.select(user) if filter_seen else None
        return self.scorer.rank(user, k, seen, index)

    def rank_histories(
        self, history: CSR, k: int, filter_seen: bool, index: ItemIndex | None
    ) -> tuple[Tensor, Tensor]:
        """Rank for new users; see :meth:`tvdiff_pyg.models.Scorer.rank_histories`."""
        seen = history if filter_seen else None
        return self.scorer.rank_histories(history, k, seen, index)


def _read(graph: GraphLike, adjacency: BipartiteAdjacency | None) -> BipartiteGraph:
    if adjacency is not None and isinstance(graph, BipartiteGraph):
        return graph
    return as_graph(graph)
