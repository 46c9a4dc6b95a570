"""Interactions in, a validated user-item graph out."""

from tvdiff_pyg.data.build import (
    BuildOptions,
    from_arrays,
    from_dataframe,
    from_file,
    from_files,
)
from tvdiff_pyg.data.datasets import AmazonBeauty, Gowalla, LastFM, MovieLensSmall
from tvdiff_pyg.data.graph import BipartiteGraph
from tvdiff_pyg.data.id_map import IdMap
from tvdiff_pyg.data.load import DataOptions, load_data
from tvdiff_pyg.data.read import read_interactions
from tvdiff_pyg.data.synthetic import SyntheticBipartite

__all__ = [
    "AmazonBeauty",
    "BipartiteGraph",
    "BuildOptions",
    "DataOptions",
    "Gowalla",
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
]
