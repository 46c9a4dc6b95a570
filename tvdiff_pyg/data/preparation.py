"""Interactions on their way from Parquet files of any size to numbered, sorted ones."""

import json
import math
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from tvdiff_pyg.data.filters import (
    DuplicateWeights,
    drop_duplicates,
    is_rated,
    refuse_ratings,
)
from tvdiff_pyg.data.parquet_rows import check_weights, collected
from tvdiff_pyg.data.prepared import MANIFEST
from tvdiff_pyg.data.sorted_rows import SIDES, SortedRows, write_rows
from tvdiff_pyg.data.splits import PARTS, TEST, Labels
from tvdiff_pyg.files import sha256_of, write_text

ROWS_AT_ONCE = 10**7


class Preparation:
    """Rows on their way: first sorted by the rank of each id, then numbered.

    Args:
        folder: Where files go.
        rows: What :func:`~tvdiff_pyg.data.parquet_rows.scan_rows` returned.
    """

    def __init__(self, folder: Path, rows: pl.LazyFrame) -> None:
        self.folder = folder
        self.rows = rows
        counted = collected(rows.group_by("user").len().sort("user"))
        self.ids = {
            "user": counted["user"],
            "item": collected(rows.select("item").unique().sort("item"))["item"],
        }
        self.degree = counted["len"].to_numpy()
        self.ends: list[int] = []
        size = {side: len(ids) for side, ids in self.ids.items()}
        self.ranked = SortedRows(folder, size)

    def sort(
        self, parts: int, weights: DuplicateWeights | None, threshold: float | None
    ) -> None:
        """Write distinct pairs of ranks, sorted, a file for some users after another.

        Args:
            parts: Parts that no file crosses.
            weights: What a pair weighs that stands in several rows.
            threshold: The lowest rating that counts; ``None`` if all count.
        """
        users, highest = self.ids["user"], -math.inf
        borders = _borders(self.degree, parts)
        for first, last in pairwise(borders):
            low, high = pl.lit(users[first]), pl.lit(users[last - 1])
            own = collected(self.rows.filter(pl.col("user").is_between(low, high)))
            frame = drop_duplicates(self._ranked(own), weights)
            if "weight" in frame.columns:
                check_weights(frame["weight"])
            if threshold is not None:
                highest = max(highest, float(frame.select(pl.max("rating")).item()))
                frame = frame.filter(is_rated(threshold))
            self.ranked.add(frame.drop("rating", strict=False))
        self.ends = borders[1:]
        if threshold is not None and not self.ranked.num_rows:
            refuse_ratings(threshold, highest)

    def number(self, labels: Labels) -> None:
        """Write the rows whose users and items are known before the test, and the ids.

        Args:
            labels: The part of each row.
        """
        known = self._known(labels)
        place = {side: np.cumsum(known[side]) - 1 for side in SIDES}
        count = dict.fromkeys(PARTS, 0)
        for number, frame in enumerate(self._labelled(labels)):
            kept = (known[side][frame[side].to_numpy()] for side in SIDES)
            rows = frame.filter(np.logical_and(*kept))
            rows = rows.with_columns(
                pl.Series(side, place[side][rows[side].to_numpy()], pl.UInt32)
                for side in SIDES
            )
            write_rows(rows, self.folder / f"rows-{number:05}.parquet")
            for name, part in PARTS.items():
                count[name] += int((rows["split"] == part).sum())
        self.ranked.remove()
        if not count["train"]:
            raise ValueError("'data' needs to leave a pair for training (got none)")
        for side in SIDES:
            ids = self.ids[side].filter(pl.Series(known[side])).alias("id")
            write_rows(ids.to_frame(), self.folder / f"{side}s.parquet")
        nodes = {f"{side}s": int(known[side].sum()) for side in SIDES}
        dropped = self.ranked.num_rows - sum(count.values())
        borders = [0, *(int(place["user"][end - 1]) + 1 for end in self.ends)]
        self._tell({**nodes, **count, "dropped": dropped}, borders)

    def _known(self, labels: Labels) -> dict[str, npt.NDArray[np.bool_]]:
        """Find the users and items that have a pair before the test."""
        known = {side: np.zeros(len(self.ids[side]), dtype=bool) for side in SIDES}
        for frame in self._labelled(labels):
            before = frame.filter(pl.col("split") != TEST)
            for side in SIDES:
                known[side][before[side].to_numpy()] = True
        return known

    def _labelled(self, labels: Labels) -> Iterator[pl.DataFrame]:
        """Read what is kept of the rows of each file, with the part of each."""
        weight = pl.col("weight").cast(pl.Float32)
        weights = [weight] if "weight" in self.rows.collect_schema() else []
        start = 0
        for frame in self.ranked.frames():
            part = pl.Series("split", labels[start : start + frame.height])
            start += frame.height
            yield frame.select(*SIDES, part, *weights)

    def _ranked(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Put ranks in the place of ids, row by row."""
        for side in SIDES:
            ranks = self.ids[side].to_frame().with_row_index("rank")
            ranked = frame.join(ranks, on=side, maintain_order="left")
            frame = ranked.drop(side).rename({"rank": side})
        return frame

    def _tell(self, counts: dict[str, int], borders: list[int]) -> None:
        """Write down what the folder holds, and by which checksums."""
        rows = sorted(file.name for file in self.folder.glob("rows-*"))
        files = {file.name: sha256_of(file) for file in sorted(self.folder.iterdir())}
        told = {
            "counts": counts,
            "rows": rows,
            "borders": borders,
            "weighed": "weight" in self.rows.collect_schema(),
            "files": files,
        }
        write_text(self.folder / MANIFEST, json.dumps(told, indent=2) + "\n")


def _borders(degree: npt.NDArray[np.int64], parts: int) -> list[int]:
    """Part users evenly, and further where they have more rows than are held."""
    num_users, ends = len(degree), degree.cumsum()
    size, borders = -(-num_users // parts), [0]
    while (first := borders[-1]) < num_users:
        most = (first // size + 1) * size
        held = ends[first] - degree[first] + ROWS_AT_ONCE
        last = int(np.searchsorted(ends, held, side="right"))
        borders.append(min(max(last, first + 1), most, num_users))
    return borders
