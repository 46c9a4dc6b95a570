"""Sparse rows and their products: what layers, loss, samplers and ranking compute with.

Imports torch and PyG only.
"""

from tvdiff_pyg.sparse.adjacency import BipartiteAdjacency
from tvdiff_pyg.sparse.csr import CSR
from tvdiff_pyg.sparse.formats import csr_rows, to_csr, to_sparse
from tvdiff_pyg.sparse.gram import gram, leading_rows
from tvdiff_pyg.sparse.normalization import Normalization, bipartite_norm
from tvdiff_pyg.sparse.products import pair_scores, sparse_product, spmm

__all__ = [
    "CSR",
    "BipartiteAdjacency",
    "Normalization",
    "bipartite_norm",
    "csr_rows",
    "gram",
    "leading_rows",
    "pair_scores",
    "sparse_product",
    "spmm",
    "to_csr",
    "to_sparse",
]
