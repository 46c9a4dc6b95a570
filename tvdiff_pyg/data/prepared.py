"""Interactions in files that are sorted and numbered, of which any part can be read."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import torch

from tvdiff_pyg.data.edge_weights import set_weights
from tvdiff_pyg.data.graph import BipartiteGraph
from tvdiff_pyg.data.id_map import IdMap
from tvdiff_pyg.data.interaction_data import RATED_BY, RATES
from tvdiff_pyg.data.splits import PARTS, TRAIN
from tvdiff_pyg.files import check_no_pipe, check_path, sha256_of

#: The file that tells a folder of prepared interactions from others, and what is in it.
MANIFEST = "prepared.json"


@dataclass(frozen=True)
class PreparedData:
    """A folder of :func:`~tvdiff_pyg.data.prepare`, of which users can be read alone.

    Args:
        folder: The folder.
        trained: Held-out parts that are training pairs again. (default: none)

    Raises:
        ValueError: If it is no such folder, or damaged.
    """

    folder: str
    trained: tuple[str, ...] = ()
    _told: Mapping[str, Any] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Read what is there."""
        check_path("data", self.folder)
        try:
            check_no_pipe(Path(self.folder, MANIFEST))
            told = json.loads(Path(self.folder, MANIFEST).read_bytes())
            complete = {"counts", "files", "borders"} <= told.keys()
        except (OSError, ValueError, AttributeError):
            complete = False
        if not complete:
            raise ValueError(
                f"'data' needs to be a folder that 'tvdiff prepare' wrote "
                f"(got {self.folder!r}, without a whole {MANIFEST})"
            )
        object.__setattr__(self, "_told", told)

    @property
    def num_users(self) -> int:
        """The number of users."""
        return int(self._told["counts"]["users"])

    @property
    def num_items(self) -> int:
        """The number of items."""
        return int(self._told["counts"]["items"])

    @property
    def user_ids(self) -> IdMap:
        """The map between original user ids and indices, which is read anew."""
        return self._ids("user")

    @property
    def item_ids(self) -> IdMap:
        """The map between original item ids and indices, likewise."""
        return self._ids("item")

    def user_ids_of(self, first: int, last: int) -> IdMap:
        """Read the ids of some users, who are numbered from 0.

        Args:
            first: The first of them.
            last: The user after them.
        """
        frame = pl.scan_parquet(self._checked("users.parquet"))
        return IdMap(frame.slice(first, last - first).collect()["id"], "user")

    @property
    def is_weighed(self) -> bool:
        """Whether pairs have weights."""
        return bool(self._told.get("weighed", False))

    def counts(self) -> dict[str, int]:
        """Return the numbers of users, items, pairs in each part and dropped pairs."""
        counts = dict(self._told["counts"])
        for part in self.trained:
            counts["train"] += counts[part]
            counts[part] = 0
        return counts

    def without_validation(self) -> "PreparedData":
        """Return the same with validation pairs as training pairs."""
        return replace(self, trained=("validation",))

    def without_held_out(self) -> "PreparedData":
        """Return the same with all pairs as training pairs."""
        return replace(self, trained=("validation", "test"))

    def whole(self) -> BipartiteGraph:
        """Read all of it, with the ids."""
        graph = self.part(0, self.num_users)
        graph._set_global(
            user_ids=self.user_ids,
            item_ids=self.item_ids,
            dropped=self._told["counts"]["dropped"],
        )
        return graph

    def part(self, first: int, last: int) -> BipartiteGraph:
        """Read the pairs of some users, who are numbered from 0.

        They may have none to train on, as users who come late have in a split by time.

        Args:
            first: The first of them.
            last: The user after them.

        Raises:
            ValueError: If a file is damaged or missing.
        """
        files = self._met(first, last)
        rows = pl.concat([self._rows(name, first, last) for name in files])
        pairs = rows.select(pl.col("user") - first, "item").to_numpy()
        index = torch.from_numpy(pairs.T.copy())
        label = torch.from_numpy(rows["split"].to_numpy().copy())
        in_train = label == TRAIN
        for name in self.trained:
            in_train |= label == PARTS[name]
        chosen = [in_train]
        for name in ("validation", "test"):
            chosen.append((label == PARTS[name]) & ~in_train)
        train, validation, test = (index[:, one] for one in chosen)
        # Rows are distinct and sorted.
        edges, size = torch.cat([train, train[:1]]), (last - first, self.num_items)
        graph = BipartiteGraph.from_edges(edges, validation, test, *size)
        if self.is_weighed:
            weight = torch.from_numpy(rows["weight"].to_numpy().copy())
            weights = [weight[one] for one in chosen]
            held_out = torch.cat(weights[1:])
            set_weights(graph[RATES], graph[RATED_BY], weights[0], held_out)
        return graph

    @property
    def told(self) -> str:
        """What the folder says of itself, in one form."""
        return json.dumps(self._told, sort_keys=True)

    def check(self) -> None:
        """Read all files once, and raise unless they are as they were written.

        Raises:
            ValueError: If one is damaged or missing.
        """
        for name in self._told["files"]:
            self._checked(name)

    def _met(self, first: int, last: int) -> list[str]:
        """Return the files that hold these users."""
        users = pairwise(self._told["borders"])
        return [
            name
            for name, (low, high) in zip(self._told["rows"], users, strict=True)
            if low < last and first < high
        ]

    def _rows(self, name: str, first: int, last: int) -> pl.DataFrame:
        held = pl.col("user").is_between(first, last, closed="left")
        frame = pl.scan_parquet(self._checked(name)).filter(held).collect()
        return frame.with_columns(pl.col("user", "item").cast(pl.Int64))

    def _ids(self, side: str) -> IdMap:
        return IdMap(pl.read_parquet(self._checked(f"{side}s.parquet"))["id"], side)

    def _checked(self, name: str) -> Path:
        file = Path(self.folder, name)
        if not file.is_file() or sha256_of(file) != self._told["files"][name]:
            raise ValueError(
                f"'data' needs its files as they were written (got {file}, which is "
                f"missing or damaged: see {MANIFEST})"
            )
        return file


def is_prepared(path: str) -> bool:
    """Whether a folder was written by ``tvdiff prepare``.

    Args:
        path: The folder.

    Example:
        >>> is_prepared("nowhere")
        False
    """
    return Path(path, MANIFEST).is_file()
