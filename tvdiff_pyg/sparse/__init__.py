"""Sparse rows and their products: what layers, loss, samplers and ranking compute with.

Imports torch and PyG only.
"""

from tvdiff_pyg.sparse.adjacency import BipartiteAdjacency
from tvdiff_pyg.sparse.containers import register_containers
from tvdiff_pyg.sparse.csr import CSR
from tvdiff_pyg.sparse.edges import Edges
from tvdiff_pyg.sparse.formats import to_sparse
from tvdiff_pyg.sparse.gram import gram, leading_rows
from tvdiff_pyg.sparse.hetero import interaction_type
from tvdiff_pyg.sparse.interactions import (
    Interactions,
    bipartite_adjacency,
    interaction_rows,
    pair_rows,
)
from tvdiff_pyg.sparse.normalization import Normalization, bipartite_norm
from tvdiff_pyg.sparse.products import gather, pair_scores, sparse_product, spmm
from tvdiff_pyg.sparse.read_rows import csr_rows, to_csr
from tvdiff_pyg.sparse.stacked import stacked

register_containers()

__all__ = [
    "CSR",
    "BipartiteAdjacency",
    "Edges",
    "Interactions",
    "Normalization",
    "bipartite_adjacency",
    "bipartite_norm",
    "csr_rows",
    "gather",
    "gram",
    "interaction_rows",
    "interaction_type",
    "leading_rows",
    "pair_rows",
    "pair_scores",
    "sparse_product",
    "spmm",
    "stacked",
    "to_csr",
    "to_sparse",
]
