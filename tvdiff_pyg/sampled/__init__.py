"""The sampled engine: batches of neighbours for graphs too large to read whole."""

from tvdiff_pyg.sampled.batch import TrainingBatch
from tvdiff_pyg.sampled.history import HistoricalSums
from tvdiff_pyg.sampled.inclusion import items_stood_for
from tvdiff_pyg.sampled.loader import neighbor_loader
from tvdiff_pyg.sampled.neighbors import sample_neighbors
from tvdiff_pyg.sampled.sampler import BipartiteSampler
from tvdiff_pyg.sampled.sums import BatchSums

__all__ = [
    "BatchSums",
    "BipartiteSampler",
    "HistoricalSums",
    "TrainingBatch",
    "items_stood_for",
    "neighbor_loader",
    "sample_neighbors",
]
