"""Recommendations for known users and for new histories, by original ids."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from numbers import Integral
from typing import Any, TypeAlias

import torch
from torch import Tensor

from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.machine import Device, resolve_device
from tvdiff_pyg.models import FactorScorer, Model
from tvdiff_pyg.ranking import IndexKind, ItemIndex
from tvdiff_pyg.sparse import CSR
from tvdiff_pyg.training.run_folder import RunFolder

Id: TypeAlias = int | str


@dataclass(frozen=True)
class Recommendations:
    """The best items of each asked user, best first.

    Attributes:
        items: Original item ids, a list for each user; shorter than ``k`` where a
            user has fewer candidates.
        scores: Their scores, aligned with ``items``.
        titles: Their titles, aligned with ``items``, if the data has any.
    """

    items: list[list[Id]]
    scores: list[list[float]]
    titles: list[list[str]] | None = None


class Recommender:
    """A trained model with its interactions: asks by ids, answers by ids.

    Args:
        model: The trained model, or a baseline after its ``fit``.
        graph: The interactions that it was trained on.

    Attributes:
        scorer: The model, prepared on the graph.

    Example:
        >>> from tvdiff_pyg.models import TVDiffConfig
        >>> edge_index = torch.tensor([[0, 0, 1], [0, 1, 1]])
        >>> graph = BipartiteGraph.from_edge_index(edge_index, 2, 3)
        >>> recommender = Recommender(TVDiffConfig().build(2, 3), graph)
        >>> recommender.recommend([0], k=1).items
        [[2]]
        >>> len(recommender.recommend([[0, 2]], k=5).items[0])
        1
    """

    def __init__(self, model: Model, graph: BipartiteGraph) -> None:
        size = (graph.num_users, graph.num_items)
        self.model = model.eval()
        self.graph = graph
        # What is learned may be in buffers, or in the graph alone.
        learned = chain(model.parameters(), model.buffers())
        self._device = next(learned, graph.train_index).device
        self.adjacency = model.adjacency_of(graph).to(self._device)
        self._seen = CSR.from_edge_index(graph.seen_index().to(self._device), size)
        self.scorer = model.scorer(self.adjacency)

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
        return Recommender(folder.model().to(where), folder.graph())

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
            >>> from tvdiff_pyg.models import TVDiffConfig
            >>> graph = BipartiteGraph.from_edge_index(torch.tensor([[0], [1]]), 1, 3)
            >>> recommender = Recommender(TVDiffConfig().build(1, 3), graph)
            >>> index = recommender.index("ivf", num_lists=2)
            >>> sorted(recommender.recommend([0], k=5, index=index).items[0])
            [0, 2]
        """
        return ItemIndex.build(self._factor_scorer().item_factor, kind, **options)

    @torch.no_grad()
    def recommend(
        self,
        users_or_histories: Sequence[Id] | Sequence[Iterable[Id]],
        k: int = 10,
        filter_seen: bool = True,
        index: ItemIndex | None = None,
    ) -> Recommendations:
        """Rank all items for known users, or for new users by their histories.

        Args:
            users_or_histories: Original user ids; or for each new user the original
                ids of the items in their history (no training takes place).
            k: How many items, at least 1. (default: ``10``)
            filter_seen: Leave out what the user has interacted with.
                (default: ``True``)
            index: Rank through it, as :meth:`index` made it from this model, rather
                than exactly. (default: ``None``)

        Returns:
            Original item ids and scores, best first.

        Raises:
            ValueError: If an id is unknown, a history is empty or the model reads
                none, ``k`` is below 1, or ``index`` is of other items.
        """
        if k < 1:
            raise ValueError(f"'k' needs to be at least 1 (got {k})")
        asked = list[Any](users_or_histories)
        if not asked:
            raise ValueError("'users_or_histories' needs at least one user (got none)")
        if index is not None:
            self._check_index(index)
        if all(isinstance(one, Integral | str) for one in asked):
            user = self.graph.user_ids.index(asked).to(self._device)
            seen = self._seen.select(user) if filter_seen else None
            found = self.scorer.rank(user, k, seen, index)
        else:
            history = self._histories(asked)
            seen = history if filter_seen else None
            found = self.scorer.rank_histories(history, k, seen, index)
        return self._by_id(*(one.cpu() for one in found))

    def _factor_scorer(self) -> FactorScorer:
        if self.scorer.factors is not self.scorer or self.scorer.factors is None:
            raise ValueError(
                f"'model' needs dense factors to be indexed "
                f"(got {self.model.__class__.__name__})"
            )
        return self.scorer.factors

    def _check_index(self, index: ItemIndex) -> None:
        num_items, channels = self._factor_scorer().item_factor.shape
        if (index.num_items, index.channels) != (num_items, channels):
            raise ValueError(
                f"'index' needs {num_items} items of {channels} channels, as the model "
                f"has (got {index.num_items} of {index.channels})"
            )

    def _histories(self, asked: list[Any]) -> CSR:
        rows = [self._history(position, one) for position, one in enumerate(asked)]
        pairs = torch.cat(rows, dim=1).unique(dim=1).to(self._device)
        return CSR.from_edge_index(pairs, (len(asked), self.graph.num_items))

    def _history(self, position: int, items: object) -> Tensor:
        if isinstance(items, Integral | str) or not isinstance(items, Iterable):
            raise ValueError(
                "'users_or_histories' needs either user ids or histories throughout "
                f"(got {items!r} among histories)"
            )
        item = self.graph.item_ids.index(list(items))
        if item.numel() == 0:
            raise ValueError(
                f"'users_or_histories' needs at least one item in each history "
                f"(got none at position {position})"
            )
        return torch.stack([torch.full_like(item, position), item])

    def _by_id(self, score: Tensor, item: Tensor) -> Recommendations:
        found = [row[row >= 0] for row in item]
        ids = [self.graph.item_ids.ids(row) for row in found]
        scores = [
            row[: len(kept)].tolist() for row, kept in zip(score, found, strict=True)
        ]
        titles = self.graph.item_titles
        if titles is None:
            return Recommendations(ids, scores)
        named = [[titles[index] for index in row.tolist()] for row in found]
        return Recommendations(ids, scores, named)
