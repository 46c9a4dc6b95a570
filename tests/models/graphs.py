"""The graph of a dense matrix, as the models read it."""

import torch

from tests.oracle import pairs_of
from tvdiff_pyg.sparse import BipartiteAdjacency


def graph_of(matrix: object) -> BipartiteAdjacency:
    matrix = torch.as_tensor(matrix)
    size = (matrix.size(0), matrix.size(1))
    return BipartiteAdjacency.from_edge_index(pairs_of(matrix), size)
