"""Recommendations for known users and for new histories, by original ids."""

import os
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from typing import Any

import torch
from torch import Tensor

from tvdiff_pyg.data import GraphLike
from tvdiff_pyg.data.new_items import NewItems
from tvdiff_pyg.machine import Device, resolve_device
from tvdiff_pyg.models import Model
from tvdiff_pyg.ranges import check_bool
from tvdiff_pyg.ranking import IndexKind, ItemIndex
from tvdiff_pyg.recommend.asked import ONE_ID, listed, listed_ids
from tvdiff_pyg.recommend.catalogue import Catalogue
from tvdiff_pyg.recommend.explanation import explained
from tvdiff_pyg.recommend.factors import indexed_factor
from tvdiff_pyg.recommend.naming import by_name
from tvdiff_pyg.recommend.prepared import PreparedModel
from tvdiff_pyg.recommend.recommendations import Id, Recommendations
from tvdiff_pyg.recommend.similar import Likeness, Similar
from tvdiff_pyg.sparse import BipartiteAdjacency
from tvdiff_pyg.sparse.node_features import Features
from tvdiff_pyg.training.run_folder import RunFolder


class Recommender:
    """A trained model with its interactions: asks by ids, answers by ids.

    Args:
        model: The trained model, or a baseline after its ``fit``.
        graph: The interactions that it was trained on, or what
            :func:`~tvdiff_pyg.data.as_graph` reads them from.
        adjacency: What the model reads of them, where that is not what
            ``model.adjacency_of(graph)`` makes of them. (default: ``None``)

    Attributes:
        scorer: The model, prepared on the graph.
        items: What is on offer.

    Example:
        >>> from tvdiff_pyg.data import BipartiteGraph
        >>> from tvdiff_pyg.models import TVDiffConfig
        >>> edge_index = torch.tensor([[0, 0, 1], [0, 1, 1]])
        >>> graph = BipartiteGraph.from_edge_index(edge_index, 2, 3)
        >>> recommender = Recommender(TVDiffConfig().build(2, 3), graph)
        >>> recommender.recommend([0], k=1).items
        [[2]]
        >>> len(recommender.recommend([[0, 2]], k=5).items[0])
        1
    """

    def __init__(
        self,
        model: Model,
        graph: GraphLike,
        adjacency: BipartiteAdjacency | None = None,
    ) -> None:
        prepared = PreparedModel(model, graph, adjacency)
        self.model, self.graph = prepared.model, prepared.graph
        self.adjacency = prepared.adjacency
        self._take(prepared, Catalogue(self.graph.item_ids, self.graph.item_titles))

    def _take(self, prepared: PreparedModel, items: Catalogue) -> None:
        """Rank some items by a model."""
        self._prepared, self.items = prepared, items
        self.scorer = prepared.scorer
        self._likeness = Likeness(prepared.scorer, prepared.name)

    @staticmethod
    def load(run: str | os.PathLike[str], device: Device = "auto") -> "Recommender":
        """Load the best model of a run folder.

        Args:
            run: The run folder.
            device: Where to score. (default: ``"auto"``)

        Raises:
            FileNotFoundError: If the folder holds no finished epoch.
            ValueError: If there is no such device.
        """
        folder = RunFolder(run)
        where = resolve_device(device)
        # What is not read here tells of damage as well.
        folder.check(folder.config_file, folder.metrics_file, folder.last_checkpoint)
        graph = folder.graph()
        return Recommender(folder.model(graph).to(where), graph)

    def with_items(
        self,
        items: Mapping[Id, Iterable[Id]],
        titles: Mapping[Id, str] | None = None,
        x: Features | None = None,
    ) -> "Recommender":
        """Offer new items as well, by the users that met them and by their features;
        nothing is trained.

        Other items keep their scores, and these users are not offered what they met.
        How the factors come about is in
        :meth:`TVDiffScorer.with_items <tvdiff_pyg.models.TVDiffScorer.with_items>`; a
        linear model that is blended in adds nothing to a new item's score.

        Args:
            items: The original ids of the users that met an item, by the item's id,
                which is a new one; at least one user, unless features are given.
            titles: Titles of the new items; one without is titled by its id.
                (default: ``None``)
            x: Features of the new items, in the order of ``items``, as the items of the
                graph have them, ``[num_new, num_features]``; for a model that reads
                features of items. It takes zeros if omitted. (default: ``None``)

        Returns:
            A recommender of all items; this one stays as it is.

        Raises:
            ValueError: If an item is there already or has neither users nor features, a
                user is unknown, features are of another shape or have no use, or the
                model ranks only what it was fitted to.

        Example:
            >>> from tvdiff_pyg.data import BipartiteGraph
            >>> from tvdiff_pyg.models import TVDiffConfig
            >>> pairs = torch.tensor([[0, 1], [0, 0]])
            >>> graph = BipartiteGraph.from_edge_index(pairs, 2, 1)
            >>> recommender = Recommender(TVDiffConfig().build(2, 1), graph)
            >>> recommender.with_items({7: [1]}).recommend([0, 1]).items
            [[7], []]
        """
        wider, new = copy(self), NewItems.read(items, self.graph.user_ids, x)
        wider._take(self._prepared.with_items(new), self.items.extended(items, titles))
        return wider

    def index(self, kind: IndexKind = "flat", **options: Any) -> ItemIndex:
        """Index this model's items, for :meth:`recommend`.

        Args:
            kind: ``"flat"``, ``"ivf"`` or ``"hnsw"``. (default: ``"flat"``)
            options: Further arguments of :meth:`~tvdiff_pyg.ranking.ItemIndex.build`.

        Raises:
            ImportError: If faiss is not installed.
            ValueError: If an argument is outside its range, or the model does not
                score by dense factors.

        Example:
            >>> from tvdiff_pyg.data import BipartiteGraph
            >>> from tvdiff_pyg.models import TVDiffConfig
            >>> graph = BipartiteGraph.from_edge_index(torch.tensor([[0], [1]]), 1, 3)
            >>> recommender = Recommender(TVDiffConfig().build(1, 3), graph)
            >>> index = recommender.index("ivf", num_lists=2)
            >>> sorted(recommender.recommend([0], k=5, index=index).items[0])
            [0, 2]
        """
        factor = indexed_factor(self.scorer, self._prepared.name)
        return ItemIndex.build(factor, kind, **options)

    @torch.no_grad()
    def recommend(
        self,
        users_or_histories: Sequence[Id] | Sequence[Iterable[Id]] | Tensor,
        k: int = 10,
        filter_seen: bool = True,
        index: ItemIndex | None = None,
        explain: bool = False,
    ) -> Recommendations:
        """Rank all items for known users, or for new users by their histories.

        Args:
            users_or_histories: Original user ids, a list or a tensor; or for each new
                user the original ids of the items in their history (no training takes
                place).
            k: How many items, at least 1. (default: ``10``)
            filter_seen: Leave out what the user is known to have met, held-out parts
                of the data included. (default: ``True``)
            index: Rank through it, as :meth:`index` made it from this model, rather
                than exactly. (default: ``None``)
            explain: Say of each score how much each item of the history contributes:
                by how much it would fall without that item. (default: ``False``)

        Returns:
            Original item ids and scores, best first.

        Raises:
            ValueError: If an id is unknown, a history is empty or the model reads
                none, ``k`` is below 1, or another argument is not what it needs to be.
        """
        k = self._prepared.check(k, index)
        check_bool("filter_seen", filter_seen)
        check_bool("explain", explain)
        asked = listed(
            "users_or_histories", users_or_histories, "user", "ids or of histories"
        )
        if explain:
            self._prepared.check_explained()
        users, reasons = None, None
        if all(isinstance(one, ONE_ID) for one in asked):
            user = self.graph.user_ids.index(asked)
            users, history = self.graph.user_ids.ids(user), self._prepared.read(user)
            found = self._prepared.rank(user, k, filter_seen, index)
        else:
            history = self.items.histories(asked, self._prepared.num_read)
            history = history.to(self._prepared.device)
            found = self._prepared.rank_histories(history, k, filter_seen, index)
        if explain:
            reasons = explained(self.scorer, history, found[1], self.items.ids)
        return Recommendations(*self.items.named(*found), users, reasons)

    def similar_items(self, items: Sequence[Id], k: int = 10) -> Similar:
        """Find the items that are most like some items: cosines of item factors.

        Args:
            items: Original item ids.
            k: How many of each, at least 1. (default: ``10``)

        Raises:
            ValueError: If an id is unknown, ``k`` is below 1, or the model has no
                dense factors.

        Example:
            >>> from tvdiff_pyg.data import BipartiteGraph
            >>> from tvdiff_pyg.models import TVDiffConfig
            >>> graph = BipartiteGraph.from_edge_index(torch.tensor([[0], [1]]), 1, 3)
            >>> recommender = Recommender(TVDiffConfig().build(1, 3), graph)
            >>> recommender.similar_items([1], k=5).ids
            [[0, 2]]
        """
        item = listed_ids("items", items, self.items.ids)
        return Similar(*self.items.named(*self._likeness.items(item, k)))

    def similar_users(self, users: Sequence[Id], k: int = 10) -> Similar:
        """Find the users who are most like some users: cosines of user factors.

        The factors of all users are computed by the first call, and kept.

        Args:
            users: Original user ids.
            k: How many of each, at least 1. (default: ``10``)

        Raises:
            ValueError: As for :meth:`similar_items`.
        """
        user = listed_ids("users", users, self.graph.user_ids)
        found = self._likeness.users(user, k)
        return Similar(*by_name(*found, self.graph.user_ids))
