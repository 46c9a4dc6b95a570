"""Interactions in, a validated user-item graph out."""

from tvdiff_pyg.data.bipartite_dataset import (
    DATASETS,
    BipartiteDataset,
    register_dataset,
)
from tvdiff_pyg.data.data_options import DataOptions
from tvdiff_pyg.data.datasets import AmazonBeauty, Gowalla, LastFM, MovieLensSmall
from tvdiff_pyg.data.from_files import from_file, from_files
from tvdiff_pyg.data.from_table import BuildOptions, from_arrays, from_dataframe
from tvdiff_pyg.data.graph import BipartiteGraph
from tvdiff_pyg.data.graph_size import GraphSize
from tvdiff_pyg.data.id_map import IdMap
from tvdiff_pyg.data.load import load_data
from tvdiff_pyg.data.read import read_interactions
from tvdiff_pyg.data.synthetic import SyntheticBipartite

__all__ = [
    "DATASETS",
    "AmazonBeauty",
    "BipartiteDataset",
    "BipartiteGraph",
    "BuildOptions",
    "DataOptions",
    "Gowalla",
    "GraphSize",
    "IdMap",
    "LastFM",
    "MovieLensSmall",
    "SyntheticBipartite",
    "from_arrays",
    "from_dataframe",
    "from_file",
    "from_files",
    "load_data",
    "read_interactions",
    "register_dataset",
]
