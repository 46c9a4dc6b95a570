"""From pairs whose parts are known to a graph: number users and items."""

import logging
from collections.abc import Mapping
from typing import Any

import polars as pl
import torch
from torch import Tensor

from tvdiff_pyg.data.graph import BipartiteGraph
from tvdiff_pyg.data.id_map import IdMap
from tvdiff_pyg.data.splits import TEST, TRAIN, VALIDATION, Labels

logger = logging.getLogger(__name__)

# A larger share of dropped pairs is worth a warning.
_FEW = 0.1


def from_labelled(
    frame: pl.DataFrame, labels: Labels, item_titles: Mapping[Any, str] | None
) -> BipartiteGraph:
    """Builds a graph from distinct pairs whose parts are known.

    Args:
        frame (pl.DataFrame): Columns ``user``, ``item`` and optionally ``weight``.
        labels: The part of each row, ``int8``, shape ``[num_rows]``, as
            :mod:`tvdiff_pyg.data.splits` gives it.
        item_titles (dict, optional): Titles by original item id.

    Raises:
        ValueError: If no row is for training.
    """
    known = frame.filter(labels != TEST)
    user_ids = IdMap(known["user"].unique().sort(), "user")
    item_ids = IdMap(known["item"].unique().sort(), "item")
    index = torch.stack([user_ids.find(frame["user"]), item_ids.find(frame["item"])])
    part = torch.from_numpy(labels)
    is_known = (index >= 0).all(dim=0)
    dropped = int((~is_known).sum())
    kept = part == TRAIN, part == VALIDATION, (part == TEST) & is_known
    weights: list[Tensor | None] = [None, None, None]
    if "weight" in frame.columns:
        weight = torch.from_numpy(frame["weight"].to_numpy().copy())
        weights = [weight[rows] for rows in kept]
    train, validation, test = (index[:, rows] for rows in kept)
    graph = BipartiteGraph.from_edge_index(
        train,
        len(user_ids),
        len(item_ids),
        validation_index=validation,
        test_index=test,
        edge_weight=weights[0],
        validation_weight=weights[1],
        test_weight=weights[2],
        user_ids=user_ids,
        item_ids=item_ids,
        item_titles=_titles(item_ids, item_titles),
        dropped=dropped,
    )
    num_test = int((part == TEST).sum())
    _say_dropped(dropped, num_test, "test pairs: their user or item is not in training")
    repeated = graph.counts()["dropped"] - dropped
    num_held_out = int((part != TRAIN).sum())
    _say_dropped(
        repeated, num_held_out, "held-out pairs: they are in another part, too"
    )
    return graph


def _say_dropped(dropped: int, total: int, what: str) -> None:
    if dropped > 0:
        level = logging.WARNING if dropped > _FEW * total else logging.INFO
        logger.log(level, "dropped %d of %d %s", dropped, total, what)


def _titles(item_ids: IdMap, titles: Mapping[Any, str] | None) -> list[str] | None:
    if titles is None:
        return None
    if not isinstance(titles, Mapping):
        raise ValueError(
            f"'item_titles' needs to be a dict of titles by item id "
            f"(got {type(titles).__name__})"
        )
    names = [str(item) for item in item_ids.ids()]
    places = item_ids.find(list(titles)).tolist()
    if titles and max(places) < 0:
        raise ValueError(
            f"'item_titles' needs to name items of the data "
            f"(got {len(titles)} ids of none, such as {next(iter(titles))!r})"
        )
    for place, title in zip(places, titles.values(), strict=True):
        if place >= 0:
            names[place] = str(title)
    return names
