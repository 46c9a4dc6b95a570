"""A large graph with the structure of a real one: its fractal expansion."""

import hashlib
import os
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tvdiff_pyg.data.bipartite_dataset import (
    DATASETS,
    BipartiteDataset,
    Transform,
    register_dataset,
)
from tvdiff_pyg.data.data_options import DataOptions, dataset_arguments
from tvdiff_pyg.data.graph import BipartiteGraph
from tvdiff_pyg.data.graph_like import GraphLike, as_graph
from tvdiff_pyg.data.pairs import EDGE_ROWS, write_edges
from tvdiff_pyg.data.reduced_matrix import reduced_matrix
from tvdiff_pyg.machine import GIGABYTE, free_memory
from tvdiff_pyg.ranges import MOST, check_bool, check_integer

Ints = npt.NDArray[np.int64]

# Of the result; and of a block row while it is drawn and sorted.
_BYTES_OF_NODE, _BYTES_OF_PAIR, _BYTES_OF_ROW_PAIR = 8, 8 * EDGE_ROWS, 32


@register_dataset("fractal")
class FractalExpansion(BipartiteDataset):
    r"""A real graph, grown: more users and items, and the structure that it has.

    The stochastic Kronecker product of `Belletti et al., "Scalable Realistic
    Recommendation Datasets through Fractal Expansions"
    <https://arxiv.org/abs/1901.08910>`_, which the recommendation data of MLPerf were
    made by. With a :func:`~tvdiff_pyg.data.reduced_matrix.reduced_matrix`
    :math:`\hat{R}` of ``factor_users`` rows and ``factor_items`` columns, block
    :math:`(a, b)` of the result is a copy of the graph that keeps the share
    :math:`\hat{R}_{ab}` of its pairs, drawn without replacement. User :math:`k` of the
    graph is there as the users :math:`a \cdot \text{num\_users} + k`; so are items.

    Degrees, and singular values up to a factor, are then products of those of the graph
    and of :math:`\hat{R}`. A pair is in the part (training, validation, test) that the
    pair is in which it is a copy of. Edge weights, features, ids and titles are not
    taken along. A user or item of small degree may be left without a pair.

    Args:
        graph (GraphLike): The graph to grow, see :func:`~tvdiff_pyg.data.as_graph`.
        factor_users (int): How many times as many users there will be, at most as many
            as there are. (default: ``4``)
        factor_items (int): Likewise of items. (default: ``4``)
        shuffle (bool): Whether users and items change places at random in each block,
            as in MLPerf's data. Copies of a user then share no taste; degrees are
            evened out, the spectrum is flatter, and pairs co-occur less.
            (default: ``False``)
        seed (int): The seed. (default: ``0``)
        root (str, optional): The folder of the cache. Without one, nothing is written.
            (default: ``None``)
        transform (callable, optional): Applied at every access. (default: ``None``)
        pre_transform (callable, optional): Applied once, before caching.
            (default: ``None``)
        force_reload (bool): Whether to build anew. (default: ``False``)

    Raises:
        ValueError: If an argument is out of range, or the result would not fit into
            the free memory.

    Example:
        >>> from tvdiff_pyg.data import SyntheticBipartite
        >>> graph = SyntheticBipartite(50, 40, 400)[0]
        >>> grown = FractalExpansion(graph, factor_users=3, factor_items=2)[0]
        >>> grown.num_users, grown.num_items
        (150, 80)
    """

    source = "a fractal expansion"

    def __init__(
        self,
        graph: GraphLike,
        factor_users: int = 4,
        factor_items: int = 4,
        shuffle: bool = False,
        seed: int = 0,
        root: str | os.PathLike[str] | None = None,
        transform: Transform | None = None,
        pre_transform: Transform | None = None,
        force_reload: bool = False,
    ) -> None:
        self.seed_graph = as_graph(graph)
        most = self.seed_graph.num_users, self.seed_graph.num_items
        check_integer("factor_users", factor_users, 1, min(most[0], MOST // most[0]))
        check_integer("factor_items", factor_items, 1, min(most[1], MOST // most[1]))
        check_bool("shuffle", shuffle)
        check_integer("seed", seed, low=0)
        super().__init__(
            root,
            transform,
            pre_transform,
            force_reload,
            graph=_digest(self.seed_graph),
            factor_users=factor_users,
            factor_items=factor_items,
            shuffle=shuffle,
            seed=seed,
        )

    @classmethod
    def reads_of(cls, data: str) -> tuple[str, ...]:
        """Returns what the data set reads that is to be grown."""
        return _named(data).reads_of(_name(data))

    @classmethod
    def from_options(cls, options: DataOptions, seed: int) -> BipartiteGraph:
        """Grows the data set that is named, as in ``"fractal:name=gowalla"``.

        Args:
            options: The options; but for ``data``, they are those of that data set.
            seed: The seed of its split, and of the expansion.

        Raises:
            ValueError: If no data set has the name, or an argument does not fit.
        """
        arguments = dataset_arguments(options.data)
        del arguments["name"]
        named = replace(options, data=_name(options.data))
        graph = _named(options.data).from_options(named, seed)
        return cls.from_words(options.data, arguments, graph=graph, seed=seed)

    def build(self) -> BipartiteGraph:
        """Draws the blocks, a row of them at a time."""
        graph = self.seed_graph
        parts = graph.train_index, graph.validation_index, graph.test_index
        size = graph.num_users, graph.num_items
        factors = self.settings["factor_users"], self.settings["factor_items"]
        share = reduced_matrix(graph.known_index, *size, factors).numpy()
        counts = [np.rint(part.size(1) * share).astype(np.int64) for part in parts]
        _check_memory(size, factors, counts)
        grown = [torch.empty(EDGE_ROWS, count.sum()).long() for count in counts]
        place = [0, 0, 0]
        for row in range(factors[0]):
            for part, (pairs, count) in enumerate(zip(parts, counts, strict=True)):
                keys = self._block_row(pairs.numpy(), row, part, count[row])
                end = place[part] + keys.numel()
                width = size[1] * factors[1]
                write_edges(grown[part][:, place[part] : end], keys, width)
                place[part] = end
        train, validation, test = grown
        whole = size[0] * factors[0], size[1] * factors[1]
        return BipartiteGraph.from_edges(train, validation[:2], test[:2], *whole)

    def _block_row(self, pairs: Ints, row: int, part: int, count: Ints) -> Tensor:
        """Draw a row of blocks; its keys ascend."""
        num_users, num_items = self.seed_graph.num_users, self.seed_graph.num_items
        width, keys = num_items * len(count), []
        for column, wanted in enumerate(count):
            origin = [self.settings["seed"], row, column]
            rng = np.random.default_rng([*origin, part])
            kept = rng.choice(pairs.shape[1], wanted, replace=False, shuffle=False)
            user, item = pairs[:, kept]
            if self.settings["shuffle"]:
                # The same for all parts of a block.
                rng = np.random.default_rng(origin)
                user = rng.permutation(num_users)[user]
                item = rng.permutation(num_items)[item]
            first = row * num_users * width + column * num_items
            keys.append(user * width + (item + first))
        joined = np.concatenate(keys)
        joined.sort()
        return torch.from_numpy(joined)


def _digest(graph: BipartiteGraph) -> str:
    """Name a graph by its pairs, for the cache."""
    found = hashlib.sha256()
    for index in (graph.train_index, graph.validation_index, graph.test_index):
        found.update(f"{list(index.shape)}".encode())
        found.update(index.contiguous().numpy().tobytes())
    return found.hexdigest()[:12]


def _name(data: str) -> str:
    name = dataset_arguments(data).get("name")
    if name not in DATASETS.names():
        raise ValueError(
            "'data' needs the name of the data set that is to be grown, one of "
            f"{', '.join(DATASETS.names())}, as in "
            f"'fractal:name=gowalla,factor_users=4,factor_items=4' (got {data!r})"
        )
    return str(name)


def _named(data: str) -> type[BipartiteDataset]:
    return DATASETS[_name(data)].part


def _check_memory(
    size: tuple[int, int], factors: tuple[int, int], counts: list[Ints]
) -> None:
    pairs = sum(int(count.sum()) for count in counts)
    row = max(int(count.sum(axis=1).max()) for count in counts)
    nodes = size[0] * factors[0] + size[1] * factors[1]
    needed = _BYTES_OF_NODE * nodes + _BYTES_OF_PAIR * pairs + _BYTES_OF_ROW_PAIR * row
    free = free_memory("cpu")
    if needed > free:
        raise ValueError(
            "'factor_users' and 'factor_items' need to give a graph that fits into "
            f"{free / GIGABYTE:.1f} GB of memory (got {pairs:,} interactions in about "
            f"{needed / GIGABYTE:.1f} GB)"
        )
