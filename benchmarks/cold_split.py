"""A tenth of the items, held out of training altogether, and some of their users."""

from typing import Literal, NamedTuple

import torch
from torch import Tensor

from tvdiff_pyg.data import (
    BipartiteGraph,
    DataOptions,
    NodeFeatures,
    hold_out,
    load_data,
)
from tvdiff_pyg.sparse.node_features import select_features

ColdData = Literal["movielens-small", "amazon-beauty"]
Part = Literal["validation", "test"]
SHARE = 10


class ColdSplit(NamedTuple):
    """What is fitted, and what is ranked afterwards; users are numbered alike.

    Args:
        warm: The other items, with a validation part of their own.
        cold: The cold items: pairs that are given are its training part, those that
            are to be predicted its test part.
        x: Features of the cold items, if there are any.
    """

    warm: BipartiteGraph
    cold: BipartiteGraph
    x: Tensor | None


def all_interactions(data: ColdData, root: str) -> BipartiteGraph:
    """Load all pairs of a data set, with the features that it has."""
    if data == "movielens-small":
        name = "movielens-small:features=true"
        options = DataOptions(name, validation_ratio=0.0, test_ratio=0.0)
    else:
        options = DataOptions(data, root=root, validation_ratio=0.0)
    return load_data(options).without_held_out()


def cold_split(graph: BipartiteGraph, seed: int, part: Part) -> ColdSplit:
    """Hold a tenth of the items out, at random.

    Settings are chosen on another tenth, without the one of the test. Half of a cold
    item's users, rounded up, are given. Users without a training pair are not ranked.

    Args:
        graph: All interactions.
        seed: Seed of the draws.
        part: Which tenth.
    """
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(graph.num_items, generator=generator)
    tenth = graph.num_items // SHARE
    tests, validations, others = order.split([tenth, tenth, order.numel() - 2 * tenth])
    if part == "test":
        cold, warm = tests, torch.cat([validations, others])
    else:
        cold, warm = validations, others
    cold, warm = cold.sort().values, warm.sort().values
    fitted = hold_out(graph.subgraph({"item": warm}), 0.1, 0.0, seed)
    x = NodeFeatures.of(graph).item
    new = _half_given(graph.subgraph({"item": cold}), fitted, generator)
    return ColdSplit(fitted, new, None if x is None else select_features(x, cold))


def _half_given(
    cold: BipartiteGraph, warm: BipartiteGraph, generator: torch.Generator
) -> BipartiteGraph:
    pairs = cold.train_index
    active = warm.train_index[0].bincount(minlength=cold.num_users) > 0
    pairs = pairs[:, active[pairs[0]]]
    pairs = pairs[:, torch.randperm(pairs.size(1), generator=generator)]
    pairs = pairs[:, pairs[1].argsort(stable=True)]
    count = pairs[1].bincount(minlength=cold.num_items)
    first = (count.cumsum(0) - count)[pairs[1]]
    is_given = torch.arange(pairs.size(1)) - first < (count[pairs[1]] + 1) // 2
    return BipartiteGraph.from_edge_index(
        pairs[:, is_given],
        cold.num_users,
        cold.num_items,
        test_index=pairs[:, ~is_given],
    )
