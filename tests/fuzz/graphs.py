"""Functions that make a graph, and what each refuses."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import torch

from tests.fuzz.values import (
    INF,
    NAN,
    NO_CHOICE,
    NO_RATIO,
    NO_SEED,
    NO_SIZE,
    WRONG,
    Wrong,
)
from tvdiff_pyg.data import (
    BipartiteGraph,
    GraphSize,
    IdMap,
    MovieLensSmall,
    SyntheticBipartite,
    from_arrays,
    from_dataframe,
    read_interactions,
)
from tvdiff_pyg.training import usable_memory


def arguments(
    folder: Path,
) -> Iterator[tuple[Callable[..., Any], dict[str, Any], Wrong]]:
    """Yield each function with good arguments, and with bad ones by name.

    Args:
        folder: A folder for files to read.
    """
    sizes = dict(num_users=30, num_items=20, num_interactions=100)
    yield (
        SyntheticBipartite,
        sizes,
        {
            "num_interactions": [*NO_SIZE, 151],
            "num_communities": [*NO_SIZE, 21],
            "exponent": [*WRONG, 2, -1],
            "mixing": [*WRONG[:3], "x", None, 1.5, -1],
            "validation_ratio": NO_RATIO,
            "test_ratio": NO_RATIO,
            "seed": NO_SEED,
        },
    )
    yield GraphSize, sizes, dict.fromkeys(sizes, NO_SIZE)
    yield (
        MovieLensSmall,
        {},
        {
            "split": NO_CHOICE,
            "k_core": [*WRONG, -1],
            "min_rating": [NAN, "x", INF],
            "test_ratio": NO_RATIO,
        },
    )
    frame = pl.DataFrame({"user": [1, 1, 2, 2], "item": ["a", "b", "a", "c"]})
    yield (
        from_dataframe,
        {"frame": frame, "user": "user", "item": "item", "test_ratio": 0.0},
        {
            "split": NO_CHOICE,
            "validation_ratio": NO_RATIO,
            "test_ratio": NO_RATIO,
            "k_core": [*WRONG, -1],
            "seed": NO_SEED,
        },
    )
    yield (
        from_arrays,
        {"users": [1, 1, 2], "items": [1, 2, 2], "test_ratio": 0.0},
        {
            "validation_ratio": NO_RATIO,
            "seed": NO_SEED,
            "users": [[1]],
        },
    )
    log = folder / "clean.csv"
    log.write_text("user,item\n1,a\n2,b\n")
    yield (
        read_interactions,
        {"path": log},
        {"user": [9, -1, "none"], "delimiter": [""]},
    )
    yield usable_memory, {}, {"memory_gb": [NAN, INF, -1, 0, "x", True]}
    pairs = torch.tensor([[0, 1], [1, 0]])
    yield (
        BipartiteGraph.from_edge_index,
        {"edge_index": pairs, "num_users": 2, "num_items": 2},
        {
            "edge_index": [
                pairs + 1,
                pairs - 1,
                pairs.double(),
                pairs[0],
                pairs[:, :0],
            ],
            "num_users": [*WRONG, -1, 1.5, 10**30],
            "num_items": [*WRONG, -1, 1.5, 10**30],
            "test_index": [pairs + 1, pairs - 1, pairs.float()],
        },
    )
    yield IdMap, {"ids": ["a", "b"]}, {}
