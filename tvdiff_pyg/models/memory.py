"""What a training step and a ranking take, in bytes: the sums that models plan with.

Figures are those of the CPU at the highest point, with single precision.
"""

from dataclasses import dataclass
from typing import Literal

from tvdiff_pyg.data.graph_size import GraphSize
from tvdiff_pyg.ranking.exact import ITEM_BLOCK_BYTES, MIN_HALF_CHANNELS
from tvdiff_pyg.ranking.ranker import USER_BLOCK
from tvdiff_pyg.ranking.scores import BLOCK_ENTRIES
from tvdiff_pyg.sparse.products import STEPS_AT_ONCE

#: How a step reads the graph: all of it, or a sample around its batch.
Engine = Literal["exact", "sampled"]

FLOAT, INDEX = 4, 8
# A sparse entry twice, once scaled, and its transposed rows with what sorts them.
PER_WEIGHT = 2 * (FLOAT + 2 * INDEX) + FLOAT + 3 * INDEX


@dataclass(frozen=True)
class Step:
    """What one training step reads.

    Args:
        engine: All of the graph, or a sample.
        batch_size: Users or interactions in a batch, those of all processes.
        num_neighbors: Most neighbours of a node in a sample; -1 for all.
            (default: ``32``)
        num_pool: Random items in a sample. (default: ``4096``)
        historical: Whether sums over whole neighbourhoods are kept.
            (default: ``False``)
        negatives: Whether a pair is drawn beside each observed one.
            (default: ``True``)
        processes: How many processes part the users, and with them batches and the
            neighbours of items. (default: ``1``)
    """

    engine: Engine
    batch_size: int
    num_neighbors: int = 32
    num_pool: int = 4096
    historical: bool = False
    negatives: bool = True
    processes: int = 1

    @property
    def share(self) -> int:
        """Users or interactions of a batch that one of the processes reads."""
        return -(-self.batch_size // self.processes)

    def kept(self, size: GraphSize) -> tuple[float, float]:
        """Return how many neighbours of a user and of an item one of them samples.

        Args:
            size: How large its part of the graph is.
        """
        found = size.num_interactions / size.num_users
        raters = size.num_interactions / size.num_items
        if self.num_neighbors == -1:
            return found, raters
        share = -(-self.num_neighbors // self.processes)
        return min(self.num_neighbors, found), min(share, raters)

    def items_read(self, size: GraphSize) -> int:
        """Return how many items a sample has, those of all processes, at most.

        Args:
            size: How large the part of one of them is.
        """
        read = self.num_pool + self.batch_size * self.kept(size)[0]
        return int(min(size.num_items, read))


def learned(size: GraphSize, channels: int, activations: int) -> dict[str, int]:
    """Return the parts of a model that learns a vector for each user and item.

    Args:
        size: How large the graph is.
        channels: Length of the vectors.
        activations: Bytes of a step or of a ranking, whichever takes more.
    """
    table = (size.num_users + size.num_items) * channels * FLOAT
    return {
        "parameters": table,
        "optimizer": 2 * table,
        "gradients": table,
        "activations": activations,
    }


def encoded(size: GraphSize, channels: int) -> int:
    """Count features twice, both maps as :func:`learned` counts, and four images."""
    nodes = size.num_users + size.num_items
    maps = 4 * 2 * size.num_features * channels * FLOAT
    return maps + 4 * nodes * channels * FLOAT + 2 * (FLOAT + INDEX) * size.num_entries


def diffusion_step(size: GraphSize, channels: int, num_layers: int, step: Step) -> int:
    """Return the bytes of a step of a diffusion, by its engine."""
    count = _exact_step if step.engine == "exact" else _sampled_step
    return count(size, channels, num_layers, step)


def embedding_step(size: GraphSize, channels: int, step: Step) -> int:
    """Count all nodes in a layer and in the sum of the layers, and their gradients.

    A simple bound. The number of layers does not matter: LightGCN is linear, so none
    is kept for its gradient. Both orientations of the graph are joined, and their
    transpose beside them.
    """
    nodes = size.num_users + size.num_items
    rows = 4 * nodes + 3 * step.batch_size
    edges = 4 * size.num_interactions
    joined = (FLOAT + INDEX) * edges + 64 * _pairs(size, step)
    return FLOAT * rows * channels + joined


def factor_scoring(size: GraphSize, channels: int) -> int:
    """Count all item factors, rounded ones beside them (twice while joined), scores."""
    prepared = 2 if channels >= MIN_HALF_CHANNELS else 1
    blocks = 2 * USER_BLOCK * (ITEM_BLOCK_BYTES + FLOAT * channels)
    return FLOAT * prepared * size.num_items * channels + blocks


def sparse_weights(size: GraphSize, num_neighbors: int) -> int:
    """Count weights between items in all forms, two blocks of scores, and one sum."""
    entries = size.num_items * min(num_neighbors, size.num_items)
    summed = (2 * FLOAT + 3 * INDEX) * STEPS_AT_ONCE
    return PER_WEIGHT * entries + 2 * FLOAT * BLOCK_ENTRIES + summed


def square_weights(size: GraphSize) -> int:
    """Count a dense matrix between items, its transpose for ranking, and scores."""
    return 2 * FLOAT * size.num_items**2 + 2 * FLOAT * BLOCK_ENTRIES


def _exact_step(size: GraphSize, channels: int, num_layers: int, step: Step) -> int:
    """All item factors, their gradient, and that of their tanh; so for each layer."""
    nodes = size.num_users + size.num_items
    rows = 3 * size.num_items + 3 * (num_layers - 1) * nodes + 8 * step.share
    return FLOAT * rows * channels + 64 * _pairs(size, step)


def _sampled_step(size: GraphSize, channels: int, num_layers: int, step: Step) -> int:
    """Rows of the users and items of a batch, with their gradients."""
    batch, kept = step.share, step.kept(size)
    items: float = step.items_read(size)
    users = min(size.num_users, batch + items * kept[1])
    edges = items * kept[1] + batch * size.num_interactions / size.num_users
    for _ in range(num_layers - 1):
        edges += users * kept[0] + items * kept[1]
        items = min(size.num_items, items + users * kept[0])
        users = min(size.num_users, users + items * kept[1])
    rows = 4 * items + 2 * users + 8 * batch
    rows += 3 * (num_layers - 1) * (items + users)
    if step.historical:
        # Two tables of users and two of items; of several layers, four for each before
        # the last, what the last one reads, and a copy in the pass.
        layers = 1 if num_layers == 1 else 1 + num_layers
        rows += 2 * layers * (size.num_users + size.num_items)
    return int(FLOAT * channels * rows + 100 * edges)


def _pairs(size: GraphSize, step: Step) -> int:
    """Observed and negative pairs of a batch."""
    degree = size.num_interactions / size.num_users
    return int((1 + step.negatives) * step.share * degree)
