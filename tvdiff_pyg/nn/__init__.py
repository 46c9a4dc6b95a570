"""Layers: usable in any PyG pipeline, importing only torch and PyG."""

from tvdiff_pyg.nn.adjacency import BipartiteAdjacency
from tvdiff_pyg.nn.anisotropic import AnisotropicDenoiser
from tvdiff_pyg.nn.csr import CSR
from tvdiff_pyg.nn.gcn import GCNDenoiser
from tvdiff_pyg.nn.mlp import MLPDenoiser
from tvdiff_pyg.nn.normalization import Normalization, bipartite_norm
from tvdiff_pyg.nn.ops import gram, pair_scores, sparse_product, spmm
from tvdiff_pyg.nn.spectral import spectral_embedding
from tvdiff_pyg.nn.time_embedding import sinusoidal_embedding

__all__ = [
    "CSR",
    "AnisotropicDenoiser",
    "BipartiteAdjacency",
    "GCNDenoiser",
    "MLPDenoiser",
    "Normalization",
    "bipartite_norm",
    "gram",
    "pair_scores",
    "sinusoidal_embedding",
    "sparse_product",
    "spectral_embedding",
    "spmm",
]
