"""Interactions in, a validated user-item graph out."""

from tvdiff_pyg.data.bipartite_dataset import (
    DATASETS,
    BipartiteDataset,
    register_dataset,
)
from tvdiff_pyg.data.data_options import DataOptions
from tvdiff_pyg.data.datasets import (
    AmazonBeauty,
    AmazonBookKGAT,
    AnimeHistory,
    CiteULikeA,
    DoubanBook,
    Gowalla,
    LastFM,
    MovieLens100K,
    MovieLensSmall,
    PlacedInteractions,
    PlacedSplit,
    SteamPlay,
    Yelp2018,
)
from tvdiff_pyg.data.feature_table import with_features
from tvdiff_pyg.data.features import NodeFeatures
from tvdiff_pyg.data.fractal import FractalExpansion
from tvdiff_pyg.data.from_files import from_file, from_files
from tvdiff_pyg.data.from_table import BuildOptions, from_arrays, from_dataframe
from tvdiff_pyg.data.graph import BipartiteGraph
from tvdiff_pyg.data.graph_like import GraphLike, as_graph, graph_to_fit
from tvdiff_pyg.data.graph_size import GraphSize
from tvdiff_pyg.data.graph_statistics import GraphStatistics, describe_data, gini
from tvdiff_pyg.data.id_map import IdMap
from tvdiff_pyg.data.load import load_data
from tvdiff_pyg.data.missing_parts import hold_out
from tvdiff_pyg.data.prepared import PreparedData
from tvdiff_pyg.data.preparing import prepare
from tvdiff_pyg.data.read import read_interactions
from tvdiff_pyg.data.synthetic import SyntheticBipartite

__all__ = [
    "DATASETS",
    "AmazonBeauty",
    "AmazonBookKGAT",
    "AnimeHistory",
    "BipartiteDataset",
    "BipartiteGraph",
    "BuildOptions",
    "CiteULikeA",
    "DataOptions",
    "DoubanBook",
    "FractalExpansion",
    "Gowalla",
    "GraphLike",
    "GraphSize",
    "GraphStatistics",
    "IdMap",
    "LastFM",
    "MovieLens100K",
    "MovieLensSmall",
    "NodeFeatures",
    "PlacedInteractions",
    "PlacedSplit",
    "PreparedData",
    "SteamPlay",
    "SyntheticBipartite",
    "Yelp2018",
    "as_graph",
    "describe_data",
    "from_arrays",
    "from_dataframe",
    "from_file",
    "from_files",
    "gini",
    "graph_to_fit",
    "hold_out",
    "load_data",
    "prepare",
    "read_interactions",
    "register_dataset",
    "with_features",
]
