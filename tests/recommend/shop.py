"""A small recommender whose users, items and titles have names."""

import torch

from tests.builders import tvdiff
from tests.oracle import pairs_of, random_matrix
from tvdiff_pyg.data import BipartiteGraph, IdMap
from tvdiff_pyg.models import Model
from tvdiff_pyg.recommend import Recommender

SIZE = (6, 9)
USERS = ["ann", "bob", "cid", "dan", "eve", "fay"]
ITEMS = [100 + 10 * index for index in range(9)]
TITLES = [f"Film {index}" for index in range(9)]
MATRIX = random_matrix(*SIZE, density=0.35)
MATRIX[:, 8] = 0
MATRIX[0, :3] = 1


def graph_of(**parts: object) -> BipartiteGraph:
    """Return its interactions, with some parts of the graph replaced."""
    named = {"user_ids": IdMap(USERS, "user"), "item_ids": IdMap(ITEMS, "item")}
    return BipartiteGraph.from_edge_index(pairs_of(MATRIX), *SIZE, **{**named, **parts})


def make(model: Model | None = None, **parts: object) -> Recommender:
    """Build it, around TV-Diff unless told otherwise."""
    if model is None:
        torch.manual_seed(0)
        model = tvdiff(*SIZE, hidden_channels=6)
    return Recommender(model, graph_of(**parts))


def history_of(user: int) -> list[int]:
    """Return the original ids of a user's items."""
    return [ITEMS[index] for index in MATRIX[user].nonzero().flatten().tolist()]
