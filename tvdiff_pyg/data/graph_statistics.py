"""A line of statistics of a graph: how large it is, how dense and how uneven."""

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from tvdiff_pyg.data.bipartite_dataset import DATASETS
from tvdiff_pyg.data.data_root import in_root
from tvdiff_pyg.data.graph_like import GraphLike, as_graph
from tvdiff_pyg.data.load import load_data


@dataclass(frozen=True)
class GraphStatistics:
    """How large a graph is, how dense, and how unevenly its interactions are spread.

    All are of all interactions, held-out ones included.

    Args:
        num_users: Users.
        num_items: Items.
        num_interactions: Interactions.
        density: Their share of all pairs, in (0, 1].
        user_gini: :func:`gini` of the users' degrees.
        item_gini: The same of the items' degrees.
        median_user_degree: Median of the users' degrees.
        median_item_degree: Median of the items' degrees.
    """

    num_users: int
    num_items: int
    num_interactions: int
    density: float
    user_gini: float
    item_gini: float
    median_user_degree: float
    median_item_degree: float

    @staticmethod
    def of(graph: GraphLike) -> "GraphStatistics":
        """Measure a graph.

        Args:
            graph: The interactions, or what :func:`~tvdiff_pyg.data.as_graph` reads
                them from.

        Example:
            >>> from tvdiff_pyg.data import BipartiteGraph
            >>> pairs = torch.tensor([[0, 0, 0, 1], [0, 1, 2, 0]])
            >>> graph = BipartiteGraph.from_edge_index(pairs, 2, 3)
            >>> found = GraphStatistics.of(graph)
            >>> round(found.density, 3), found.user_gini, found.median_user_degree
            (0.667, 0.25, 2.0)
        """
        graph = as_graph(graph)
        size, pairs = (graph.num_users, graph.num_items), graph.known_index
        user, item = (
            torch.bincount(pairs[side], minlength=size[side]) for side in (0, 1)
        )
        return GraphStatistics(
            *size,
            num_interactions=pairs.size(1),
            density=pairs.size(1) / (size[0] * size[1]),
            user_gini=gini(user),
            item_gini=gini(item),
            median_user_degree=_median(user),
            median_item_degree=_median(item),
        )

    def printed(self) -> dict[str, str]:
        """Return what a table shows of them, by its headings."""
        return {
            "users": f"{self.num_users:,}",
            "items": f"{self.num_items:,}",
            "pairs": f"{self.num_interactions:,}",
            "density": f"{self.density:.3%}",
            "gini users": f"{self.user_gini:.3f}",
            "gini items": f"{self.item_gini:.3f}",
            "median user": f"{self.median_user_degree:g}",
            "median item": f"{self.median_item_degree:g}",
        }


def gini(count: Tensor) -> float:
    r"""Measure how unevenly something is spread: 0 where all have as much.

    With the :math:`n` counts in ascending order,

    .. math::
        G = \frac{2 \sum_k k \, x_k}{n \sum_k x_k} - \frac{n + 1}{n},
        \qquad 0 \le G \le 1 - \frac{1}{n}

    Args:
        count: What each has, at least 0, of shape ``[n]``.

    Returns:
        The coefficient; ``nan`` where nobody has anything.

    Example:
        >>> gini(torch.tensor([0, 0, 0, 8]))
        0.75
    """
    ordered = count.double().sort().values
    num, total = ordered.numel(), ordered.sum()
    place = torch.arange(1, num + 1, dtype=ordered.dtype, device=ordered.device)
    return float(2 * (place * ordered).sum() / (num * total) - (num + 1) / num)


def describe_data(data: str, root: str = "data") -> GraphStatistics:
    """Measure a data set, or a file, with all that it holds.

    Args:
        data: The data, as ``data`` of :class:`~tvdiff_pyg.data.DataOptions`. Of a
            split that is given, test pairs of users or items without a training pair
            do not count.
        root: The folder of the data sets' files. (default: ``"data"``)

    Raises:
        FileNotFoundError: If ``data`` is neither, or its files are missing.
        ValueError: If the interactions cannot be read.

    Example:
        >>> describe_data("movielens-small").num_interactions
        100004
    """
    name, options = data.partition(":")[0], in_root(data, root)
    is_file, shares = name not in DATASETS.names(), ("test_ratio", "validation_ratio")
    of_set = () if is_file else DATASETS[name].part.reads_of(data)
    read = shares if is_file else set(shares).intersection(of_set)
    if "test_ratio" in read:
        # What is drawn at random would depend on the seed.
        nothing: dict[str, Any] = dict.fromkeys(read, 0.0)
        options = replace(options, **nothing)
    return GraphStatistics.of(load_data(options))


def _median(degree: Tensor) -> float:
    return float(degree.double().quantile(0.5))
