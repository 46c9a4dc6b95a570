"""What a fractal expansion keeps of the graph that it grows, and what it takes.

    python benchmarks/fractal.py gowalla yelp2018 --root data --factor 6

The seed graph is its own expansion by one. A path of three pairs is closed if its ends
are a pair, too; how much more often that is so than by the degrees alone is its lift.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from benchmark import Benchmark, Records, Table
from clock import now
from torch import Tensor

from tvdiff_pyg.data import (
    BipartiteGraph,
    FractalExpansion,
    GraphStatistics,
    load_data,
)
from tvdiff_pyg.data.data_root import in_root
from tvdiff_pyg.data.reduced_matrix import singular_vectors
from tvdiff_pyg.grid import GridCell, Record
from tvdiff_pyg.grid.tables import markdown_table, print_seconds
from tvdiff_pyg.machine import peak_memory_mb

Ints = npt.NDArray[np.int64]

NUM_PATHS, TAIL = 200_000, 0.05


@dataclass(frozen=True)
class Grown(GridCell):
    """A graph, and by how much it is grown.

    Args:
        factor: How many times as many users, and items, there are.
        shuffle: Whether blocks are shuffled.
        num_values: Leading singular values that are computed, at least 10; or 0.
    """

    timed: ClassVar[bool] = True

    protocol: None = None
    factor: int = 1
    shuffle: bool = False
    num_values: int = 10

    def measure(self) -> Record:
        graph = load_data(in_root(self.data, self.root), self.seed)
        start = now()
        factors = self.factor, self.factor
        grown = FractalExpansion(graph, *factors, self.shuffle, self.seed)[0]
        seconds, memory = now() - start, peak_memory_mb()
        return {
            "graph": grown.counts(),
            "seconds": {"expand": seconds},
            "memory_mb": {"peak": memory},
            "measures": {
                **asdict(GraphStatistics.of(grown)),
                **structure(grown, self.num_values),
            },
        }


def structure(graph: BipartiteGraph, num_values: int) -> Record:
    """Measure tails of degrees, leading singular values and closed paths."""
    index = graph.train_index
    degree = index[0].bincount(), index[1].bincount()
    found = {
        "user_exponent": tail_exponent(degree[0]),
        "item_exponent": tail_exponent(degree[1]),
        **closed_paths(graph),
    }
    if num_values:
        size = graph.num_users, graph.num_items
        value = singular_vectors(index, size, num_values)[1]
        found["values"] = (value / value[0]).tolist()
    return found


def tail_exponent(degree: Tensor) -> float:
    """Estimate the exponent of a power law by Hill's estimator, of the highest."""
    ordered = degree[degree > 0].double().sort(descending=True).values
    count = max(int(TAIL * ordered.numel()), 2)
    return 1 + 1 / float((ordered[:count] / ordered[count]).log().mean())


def closed_paths(graph: BipartiteGraph) -> Record:
    """Sample paths user, item, user, item uniformly: are the ends a pair?"""
    rng = np.random.default_rng(0)
    user, item = graph.train_index.numpy()
    by_user = np.bincount(user, minlength=graph.num_users)
    by_item = np.bincount(item, minlength=graph.num_items)
    order = np.argsort(item, kind="stable")
    ends = np.cumsum((by_user[user] - 1.0) * (by_item[item] - 1.0))
    middle = np.searchsorted(ends, rng.random(NUM_PATHS) * ends[-1], side="right")
    last = _another(item, np.cumsum(by_user), by_user, user[middle], item[middle], rng)
    first = _another(
        user[order], np.cumsum(by_item), by_item, item[middle], user[middle], rng
    )
    keys, asked = (
        user * graph.num_items + item,
        first * graph.num_items + last,
    )
    place = np.searchsorted(keys, asked).clip(max=len(keys) - 1)
    closed = float((keys[place] == asked).mean())
    by_chance = np.minimum(by_user[first] * by_item[last] / len(keys), 1).mean()
    return {"closed": closed, "lift": closed / float(by_chance)}


def _another(
    neighbor: Ints,
    ends: Ints,
    degree: Ints,
    node: Ints,
    taken: Ints,
    rng: np.random.Generator,
) -> Ints:
    """Draw a neighbour of each node that is not the one that is taken."""
    found = taken.copy()
    while (again := np.flatnonzero(found == taken)).size:
        count = degree[node[again]]
        place = ends[node[again]] - 1 - (rng.random(again.size) * count).astype(int)
        found[again] = neighbor[place]
    return found


def cells(
    data: Sequence[str] = ("gowalla",),
    /,
    root: str = "data",
    factor: Sequence[int] = (1, 6),
    shuffle: bool = False,
    num_values: int = 10,
) -> list[Grown]:
    """Return a cell for each graph, factor, and way of drawing the blocks.

    Args:
        data: The graphs that are grown.
        root: Folder of the data sets.
        factor: How many times as many users, and items, there are.
        shuffle: Whether blocks are shuffled.
        num_values: Leading singular values that are computed, at least 10; or 0.
    """
    return [
        Grown(
            "fractal",
            name,
            f"{times} x {times}" + (", shuffled" if shuffle else ""),
            root=root,
            factor=times,
            shuffle=shuffle,
            num_values=num_values,
        )
        for name in data
        for times in factor
    ]


def table(records: Records) -> str:
    """A line for each graph: what is kept, and what it took."""
    ordered = sorted(records, key=lambda one: (one["data"], len(one["variant"])))
    header = (
        "Graph",
        "Users x items",
        "Pairs",
        "Gini users, items",
        "Tail exponents",
        "2nd, 5th, 10th singular value / 1st",
        "Closed paths, lift",
        "Time",
        "Peak memory",
    )
    return markdown_table([header, *map(_row, ordered)])


def _row(record: Record) -> list[str]:
    found, is_seed = record["measures"], record["variant"] == "1 x 1"
    values = found.get("values")
    chosen = ("-",) if values is None else (f"{values[at]:.2f}" for at in (1, 4, 9))
    return [
        f"{record['data']}, {'as it is' if is_seed else record['variant']}",
        f"{found['num_users']:,} x {found['num_items']:,}",
        f"{found['num_interactions']:,}",
        f"{found['user_gini']:.2f}, {found['item_gini']:.2f}",
        f"{found['user_exponent']:.2f}, {found['item_exponent']:.2f}",
        ", ".join(chosen),
        f"{found['closed']:.1%}, {found['lift']:.1f}",
        "-" if is_seed else print_seconds(record["seconds"]["expand"]),
        "-" if is_seed else f"{record['memory_mb']['peak'] / 1024:.1f} GB",
    ]


BENCHMARK = Benchmark("fractal", cells, {"fractal": Table(table)})

if __name__ == "__main__":
    BENCHMARK.main()
