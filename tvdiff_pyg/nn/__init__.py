"""Layers: usable in any PyG pipeline, importing only torch and PyG."""

from tvdiff_pyg.nn.anisotropic import AnisotropicConfig, AnisotropicDenoiser
from tvdiff_pyg.nn.bipartite import BipartiteMessages
from tvdiff_pyg.nn.denoiser import (
    DENOISERS,
    Denoiser,
    DenoiserConfig,
    register_denoiser,
)
from tvdiff_pyg.nn.gcn import GCNConfig, GCNDenoiser
from tvdiff_pyg.nn.mlp import MLPConfig, MLPDenoiser
from tvdiff_pyg.nn.spectral import spectral_embedding
from tvdiff_pyg.nn.time_embedding import sinusoidal_embedding
from tvdiff_pyg.nn.tower import TowerConfig, TowerDenoiser

__all__ = [
    "DENOISERS",
    "AnisotropicConfig",
    "AnisotropicDenoiser",
    "BipartiteMessages",
    "Denoiser",
    "DenoiserConfig",
    "GCNConfig",
    "GCNDenoiser",
    "MLPConfig",
    "MLPDenoiser",
    "TowerConfig",
    "TowerDenoiser",
    "register_denoiser",
    "sinusoidal_embedding",
    "spectral_embedding",
]
