"""The items on offer, and what is asked and answered by their ids."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from tvdiff_pyg.data import IdMap
from tvdiff_pyg.recommend.asked import ONE_ID
from tvdiff_pyg.recommend.naming import Named, by_name
from tvdiff_pyg.recommend.recommendations import Id
from tvdiff_pyg.sparse import CSR


@dataclass(frozen=True)
class Catalogue:
    """The items on offer.

    Args:
        ids: Their original ids.
        titles: Their titles, if there are any. (default: ``None``)
    """

    ids: IdMap
    titles: list[str] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def extended(
        self, items: Iterable[Id], titles: Mapping[Id, str] | None
    ) -> "Catalogue":
        """Return the catalogue with further items behind its own.

        Args:
            items: Their ids, which are new ones.
            titles: Titles by id; an item without one is titled by its id, if the
                others have titles.

        Raises:
            ValueError: If an id is there already, or is no integer as the others are,
                or titles are no dict.
        """
        new: list[Any] = list(items)
        ids = self.ids.extended(new)
        if not isinstance(titles, Mapping | None):
            raise ValueError(
                f"'titles' needs to be a dict of titles by item (got {titles!r})"
            )
        if self.titles is None:
            return Catalogue(ids)
        named = {item: str(item) for item in new} | dict(titles or {})
        return Catalogue(ids, self.titles + [str(named[item]) for item in new])

    def histories(self, asked: list[Any], num_read: int) -> CSR:
        """Read the histories of new users.

        Args:
            asked: Item ids of each user.
            num_read: The first items, of which a history tells something; others alone
                tell nothing.

        Returns:
            Items of each user, of shape ``[num_asked, num_items]``.

        Raises:
            ValueError: If one is empty or no list of ids, or an id is unknown.
        """
        rows = [self._history(position, one) for position, one in enumerate(asked)]
        pairs = torch.cat(rows, dim=1).unique(dim=1)
        said = pairs[0, pairs[1] < num_read].bincount(minlength=len(asked))
        if not bool(said.all()):
            raise ValueError(
                "'users_or_histories' needs an item in each history that the model was "
                "fitted to, or that has features (got new ones alone at position "
                f"{int(said.argmin())})"
            )
        return CSR.from_edge_index(pairs, (len(asked), len(self)))

    def _history(self, position: int, items: object) -> Tensor:
        if isinstance(items, ONE_ID) or not isinstance(items, Iterable):
            raise ValueError(
                "'users_or_histories' needs either user ids or histories throughout "
                f"(got {items!r} among histories)"
            )
        item = self.ids.index(list(items))
        if item.numel() == 0:
            raise ValueError(
                f"'users_or_histories' needs at least one item in each history "
                f"(got none at position {position})"
            )
        return torch.stack([torch.full_like(item, position), item])

    def named(self, score: Tensor, item: Tensor) -> Named:
        """Name what a ranking has found.

        Args:
            score: Scores, of shape ``[num_rows, k]``.
            item: Items, of the same shape; -1 where there are no more.
        """
        return by_name(score, item, self.ids, self.titles)

    def described(self, items: Iterable[Id]) -> list[dict[str, Id]]:
        """Return the id and, if there are titles, the title of some items.

        Args:
            items: Original ids.

        Raises:
            ValueError: If one is unknown.
        """
        asked: list[Any] = list(items)
        if self.titles is None:
            return [{"item": one} for one in asked]
        places = self.ids.index(asked).tolist()
        return [
            {"item": one, "title": self.titles[place]}
            for one, place in zip(asked, places, strict=True)
        ]
