"""A split that is given: a training, a test and perhaps a validation part."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from tvdiff_pyg.data import filters
from tvdiff_pyg.data.graph import BipartiteGraph
from tvdiff_pyg.data.item_titles import take_titles
from tvdiff_pyg.data.labelled import from_labelled
from tvdiff_pyg.data.splits import PARTS, random_split


def from_parts(
    parts: Mapping[str, pl.DataFrame],
    validation_ratio: float,
    seed: int,
    item_titles: Mapping[Any, str] | None,
    duplicate_weights: filters.DuplicateWeights | None = None,
) -> BipartiteGraph:
    """Builds a graph from tables that are its parts.

    Args:
        parts (dict): Tables in the canonical form, of ``"train"``, ``"test"`` and
            perhaps ``"validation"``; without the last, it is drawn from the first.
        validation_ratio (float): The share that is drawn, in [0, 1).
        seed (int): The seed of the draw.
        item_titles (dict, optional): Titles by original item id.
        duplicate_weights (str, optional): What a pair weighs that stands in several
            rows of a table. (default: ``"sum"``, if they weigh anything)

    Raises:
        ValueError: If a part shares no user, no item or all its pairs with training.

    Example:
        >>> train = pl.DataFrame({"user": [1, 1, 2], "item": [5, 6, 5]})
        >>> test = pl.DataFrame({"user": [2], "item": [6]})
        >>> from_parts({"train": train, "test": test}, 0, 0, None).counts()["test"]
        1
    """
    frames, item_titles = take_titles(list(parts.values()), item_titles)
    distinct = {
        name: filters.drop_duplicates(frame, duplicate_weights)
        for name, frame in zip(parts, frames, strict=True)
    }
    labels = [
        np.full(frame.height, PARTS[name], dtype=np.int8)
        for name, frame in distinct.items()
    ]
    if "validation" not in parts:
        place = list(parts).index("train")
        num_train = distinct["train"].height
        labels[place] = random_split(num_train, validation_ratio, 0.0, seed)
    # Relaxed: ids are integers if they are in every part, and words in all otherwise.
    frame = pl.concat(distinct.values(), how="vertical_relaxed")
    lengths = [part.height for part in distinct.values()]
    typed = dict(zip(distinct, _cut(frame, lengths), strict=True))
    for name in typed.keys() - {"train"}:
        _check_common(typed["train"], typed[name], name)
    graph = from_labelled(frame, np.concatenate(labels), item_titles)
    for name in typed.keys() - {"train"}:
        if graph.counts()[name] == 0:
            raise ValueError(
                f"'{name}' needs a pair whose user and item are in training, and that "
                f"is in no other part (got none among {typed[name].height})"
            )
    return graph


def _cut(frame: pl.DataFrame, lengths: list[int]) -> list[pl.DataFrame]:
    starts = np.cumsum([0, *lengths[:-1]]).tolist()
    return [frame.slice(*piece) for piece in zip(starts, lengths, strict=True)]


def _check_common(train: pl.DataFrame, part: pl.DataFrame, name: str) -> None:
    for side in ("user", "item"):
        known = train[side].unique()
        if not part[side].unique().is_in(known.implode()).any():
            raise ValueError(
                f"'{name}' needs {side}s of the training part (got none in common: "
                f"{part[side][0]!r} and others, where training has {train[side][0]!r})"
            )
