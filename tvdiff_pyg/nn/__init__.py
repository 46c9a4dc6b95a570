"""Layers: usable in any PyG pipeline, importing only torch and PyG."""

from tvdiff_pyg.nn.anisotropic import AnisotropicDenoiser
from tvdiff_pyg.nn.gcn import GCNDenoiser
from tvdiff_pyg.nn.mlp import MLPDenoiser
from tvdiff_pyg.nn.spectral import spectral_embedding
from tvdiff_pyg.nn.time_embedding import sinusoidal_embedding

__all__ = [
    "AnisotropicDenoiser",
    "GCNDenoiser",
    "MLPDenoiser",
    "sinusoidal_embedding",
    "spectral_embedding",
]
