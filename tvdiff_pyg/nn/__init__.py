"""Layers: usable in any PyG pipeline, importing only torch and PyG."""

from tvdiff_pyg.nn.anisotropic import AnisotropicConfig, AnisotropicDenoiser
from tvdiff_pyg.nn.bipartite_conv import BipartiteConv
from tvdiff_pyg.nn.bipartite_messages import BipartiteMessages
from tvdiff_pyg.nn.denoiser import DENOISERS, Denoiser, register_denoiser
from tvdiff_pyg.nn.denoiser_config import DenoiserConfig
from tvdiff_pyg.nn.feature_encoder import FeatureEncoder
from tvdiff_pyg.nn.feature_reader import FeatureReader
from tvdiff_pyg.nn.feature_use import (
    FEATURE_USES,
    FeaturesBeside,
    FeaturesInstead,
    FeatureUse,
    NoFeatures,
)
from tvdiff_pyg.nn.gcn import GCNConfig, GCNDenoiser
from tvdiff_pyg.nn.mlp import MLPConfig, MLPDenoiser
from tvdiff_pyg.nn.spectral import spectral_embedding
from tvdiff_pyg.nn.time_embedding import sinusoidal_embedding
from tvdiff_pyg.nn.tower import TowerConfig, TowerDenoiser

__all__ = [
    "DENOISERS",
    "FEATURE_USES",
    "AnisotropicConfig",
    "AnisotropicDenoiser",
    "BipartiteConv",
    "BipartiteMessages",
    "Denoiser",
    "DenoiserConfig",
    "FeatureEncoder",
    "FeatureReader",
    "FeatureUse",
    "FeaturesBeside",
    "FeaturesInstead",
    "GCNConfig",
    "GCNDenoiser",
    "MLPConfig",
    "MLPDenoiser",
    "NoFeatures",
    "TowerConfig",
    "TowerDenoiser",
    "register_denoiser",
    "sinusoidal_embedding",
    "spectral_embedding",
]
