"""Parts of a graph that are missing, drawn out of its training pairs."""

import logging

import torch

from tvdiff_pyg.data.graph import BipartiteGraph
from tvdiff_pyg.data.splits import TEST, TRAIN, VALIDATION, random_split

logger = logging.getLogger(__name__)


def hold_out(
    graph: BipartiteGraph,
    validation_ratio: float = 0.1,
    test_ratio: float = 0.2,
    seed: int = 0,
) -> BipartiteGraph:
    """Draws the held-out parts that a graph has not out of its training pairs.

    Args:
        graph (BipartiteGraph): The graph; a part with pairs stays as it is.
        validation_ratio (float): The share of what is not test that is validation, in
            [0, 1). (default: ``0.1``)
        test_ratio (float): The share that is test, in [0, 1). (default: ``0.2``)
        seed (int): The seed. (default: ``0``)

    Returns:
        Another graph of the same users and items, or the same graph if it has both.

    Raises:
        ValueError: If a ratio or the seed is out of range.

    Example:
        >>> pairs = torch.stack([torch.arange(10), torch.zeros(10).long()])
        >>> graph = BipartiteGraph.from_edge_index(pairs, 10, 1)
        >>> hold_out(graph, test_ratio=0.5).test_index.size(1)
        5
    """
    has_validation = graph.validation_index.size(1) > 0
    has_test = graph.test_index.size(1) > 0
    if has_validation and has_test:
        return graph
    train = graph.train_index
    label = torch.from_numpy(
        random_split(
            train.size(1),
            0.0 if has_validation else validation_ratio,
            0.0 if has_test else test_ratio,
            seed,
        )
    )
    drawn = {
        name: train[:, label == part]
        for name, part in (("validation", VALIDATION), ("test", TEST))
    }
    for name, pairs in drawn.items():
        if pairs.size(1) > 0:
            logger.info("drew %d pairs for %s", pairs.size(1), name)
    return graph.with_parts(
        train[:, label == TRAIN],
        torch.cat([graph.validation_index, drawn["validation"]], dim=1),
        torch.cat([graph.test_index, drawn["test"]], dim=1),
    )
