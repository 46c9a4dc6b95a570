"""An index over item factors, and how much of the exact ranking it finds."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from tvdiff_pyg.data.pairs import is_in
from tvdiff_pyg.ranking.exact import rank_scores, top_k
from tvdiff_pyg.ranking.faiss_index import (
    KINDS,
    IndexKind,
    check_range,
    nearest,
    new_index,
    read_index,
    write_index,
)
from tvdiff_pyg.sparse import CSR

# Candidates fetched at once: about 100 MiB with their scores and masks.
BLOCK_ENTRIES = 2**22
# Items looked at for each one that is fetched, at least. Seen items are among a user's
# best: a search that looks at little else than it fetches finds little else.
LOOK_AT = 4


class ItemIndex:
    """Finds items by inner product; made by ``build`` or ``load``.

    FAISS searches on the CPU. It has threads of its own: ``OMP_NUM_THREADS`` and
    ``faiss.omp_set_num_threads`` set their number, ``torch.set_num_threads`` does not.

    Example:
        >>> index = ItemIndex.build(torch.tensor([[1.0], [3.0], [2.0]]))
        >>> index.search(torch.ones(1, 1), k=2)
        (tensor([[3., 2.]]), tensor([[1, 2]]))
    """

    def __init__(self, index: Any) -> None:
        self.kind = KINDS[type(index).__name__]
        self.num_items: int = index.ntotal
        self.channels: int = index.d
        self._index = index

    @staticmethod
    def build(
        item_factor: Tensor,
        kind: IndexKind = "flat",
        *,
        num_lists: int | None = None,
        num_probes: int | None = None,
        num_links: int = 32,
        ef_search: int = 128,
    ) -> "ItemIndex":
        """Index the items.

        The same factors give the same index. For ``"hnsw"`` that holds on one thread:
        several add items in no fixed order.

        Args:
            item_factor: Item factors, of shape ``[num_items, channels]``.
            kind: ``"flat"`` compares all items; ``"ivf"`` those in the lists (clusters)
                next to the user; ``"hnsw"`` those met on a walk along links between
                near items. (default: ``"flat"``)
            num_lists: Lists of ``"ivf"``; if omitted, ``4 * sqrt(num_items)``, or fewer
                where that leaves them too short. (default: ``None``)
            num_probes: Lists that ``"ivf"`` looks into, at least; if omitted, a quarter
                of them. (default: ``None``)
            num_links: Links of each item of ``"hnsw"``, at least 2. (default: ``32``)
            ef_search: Candidates on a walk of ``"hnsw"``, at least. (default: ``128``)

        Raises:
            ImportError: If faiss is not installed.
            ValueError: If an argument is outside its range.

        Example:
            >>> ItemIndex.build(torch.randn(100, 8), "ivf", num_lists=10).num_items
            100
        """
        if item_factor.dim() != 2 or item_factor.numel() == 0:
            raise ValueError(
                "'item_factor' needs the shape [num_items, channels], neither 0 "
                f"(got {list(item_factor.shape)})"
            )
        if not bool(item_factor.isfinite().all()):
            raise ValueError("'item_factor' needs to be finite (got NaN or infinity)")
        index = new_index(
            kind, item_factor.shape, num_lists, num_probes, num_links, ef_search
        )
        index.train(_to_faiss(item_factor).numpy())
        index.add(_to_faiss(item_factor).numpy())
        return ItemIndex(index)

    @torch.no_grad()
    def search(
        self, user_factor: Tensor, k: int, seen: CSR | None = None
    ) -> tuple[Tensor, Tensor]:
        """Find the best items of each user, as :func:`~tvdiff_pyg.ranking.top_k` does.

        The more a user has seen, the more is fetched and looked at; who would still
        get fewer items than from an exact ranking is compared to all items.

        Args:
            user_factor: User factors, of shape ``[num_users, channels]``.
            k: How many items, at least 1.
            seen: Items to leave out, of shape ``[num_users, num_items]``.
                (default: ``None``)

        Returns:
            Scores and item indices, of shape ``[num_users, k]``, best first. Where a
            user has fewer than ``k`` candidates, the rest is padded with ``-inf`` and
            ``-1``. Scores are computed in single precision.

        Raises:
            ValueError: If a shape does not fit the index, or ``k`` is below 1.

        Example:
            >>> index = ItemIndex.build(torch.tensor([[1.0], [3.0], [2.0]]))
            >>> seen = CSR.from_edge_index(torch.tensor([[0], [1]]), (1, 3))
            >>> index.search(torch.ones(1, 1), k=3, seen=seen)[1].tolist()
            [[2, 0, -1]]
        """
        check_range("k", k, 1)
        num_users = len(user_factor)
        _check_shape("user_factor", user_factor.shape, (num_users, self.channels))
        size = (num_users, self.num_items)
        if seen is None:
            seen = CSR.from_edge_index(torch.empty(2, 0, dtype=torch.long), size)
        _check_shape("seen", (seen.num_rows, seen.num_cols), size)
        query, seen = _to_faiss(user_factor), seen.to("cpu")
        score, item = torch.empty(num_users, k), torch.empty(num_users, k).long()
        for user in _by_width((k + seen.degree()).clamp(max=self.num_items)):
            score[user], item[user] = self._rank(query[user], k, seen.select(user))
        return score.to(user_factor), item.to(user_factor.device)

    @torch.no_grad()
    def recall(
        self, user_factor: Tensor, item_factor: Tensor, k: int, seen: CSR | None = None
    ) -> float:
        """Measure which share of the exact best items :meth:`search` finds.

        Args:
            user_factor: User factors, of shape ``[num_users, channels]``.
            item_factor: The indexed factors, of shape ``[num_items, channels]``.
            k: How many items, at least 1.
            seen: As for :meth:`search`. (default: ``None``)

        Returns:
            The mean share over the users with a candidate; NaN if there are none.

        Raises:
            ValueError: If a shape does not fit the index, or ``k`` is below 1.

        Example:
            >>> item_factor = torch.randn(50, 4)
            >>> ItemIndex.build(item_factor).recall(torch.randn(9, 4), item_factor, k=5)
            1.0
        """
        _check_shape("item_factor", item_factor.shape, (self.num_items, self.channels))
        _, found = self.search(user_factor, k, seen)
        _, exact = top_k(user_factor, item_factor, k, seen)
        # One more than there are items, so that a pad is no item of the user before.
        row = torch.arange(len(exact), device=exact.device) * (self.num_items + 1)
        hit = torch.isin(row[:, None] + exact, row[:, None] + found) & (exact >= 0)
        wanted = (exact >= 0).sum(dim=1)
        return (hit.sum(dim=1)[wanted > 0] / wanted[wanted > 0]).mean().item()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write one file, which appears whole or not at all.

        Args:
            path: The file; an existing one is replaced.

        Raises:
            OSError: If it cannot be written.

        Example:
            >>> import tempfile
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     ItemIndex.build(torch.randn(3, 2)).save(f"{folder}/items.faiss")
            ...     ItemIndex.load(f"{folder}/items.faiss").num_items
            3
        """
        write_index(self._index, path)

    @staticmethod
    def load(path: str | os.PathLike[str]) -> "ItemIndex":
        """Read an index that :meth:`save` wrote.

        Args:
            path: The file.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it holds something else.
        """
        return ItemIndex(read_index(os.fspath(path)))

    def _rank(self, query: Tensor, k: int, seen: CSR) -> tuple[Tensor, Tensor]:
        width = min(k + int(seen.degree().max()), self.num_items)
        score, item = _keep_unseen(*self._fetch(query, width), k, seen)
        # The rest of a graph or of the lists may hold what a user lacks.
        wanted = (self.num_items - seen.degree()).clamp(max=k)
        short = ((item >= 0).sum(dim=1) < wanted).nonzero().flatten()
        if short.numel() > 0:
            fetched = self._fetch(query[short], width, exact=True)
            score[short], item[short] = _keep_unseen(*fetched, k, seen.select(short))
        return score, item

    def _fetch(
        self, query: Tensor, width: int, exact: bool = False
    ) -> tuple[Tensor, Tensor]:
        num_looked_at = LOOK_AT * width
        if exact or num_looked_at >= self.num_items:
            num_looked_at = self.num_items
        score, item = nearest(self._index, query.numpy(), width, num_looked_at)
        return torch.from_numpy(score), torch.from_numpy(item)


def _keep_unseen(
    score: Tensor, item: Tensor, k: int, seen: CSR
) -> tuple[Tensor, Tensor]:
    row = torch.arange(len(item)).unsqueeze(1)
    dropped = (item < 0) | is_in(row * seen.num_cols + item, seen.key())
    score, place = rank_scores(score.masked_fill(dropped, -torch.inf), k)
    return score, item.gather(1, place.clamp(min=0)).masked_fill(place < 0, -1)


def _by_width(width: Tensor) -> Iterator[Tensor]:
    """Split users between powers of two: a long history is costly for few others."""
    power = width.log2().ceil()
    for one in power.unique().tolist():
        user = (power == one).nonzero().flatten()
        yield from user.split(max(int(BLOCK_ENTRIES / 2**one), 1))


def _to_faiss(factor: Tensor) -> Tensor:
    return factor.detach().to("cpu", torch.float32)


def _check_shape(name: str, shape: Sequence[int], wanted: Sequence[int]) -> None:
    if tuple(shape) != tuple(wanted):
        raise ValueError(f"'{name}' needs the shape {list(wanted)} (got {list(shape)})")
