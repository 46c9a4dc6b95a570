"""Data sets by name, each registered by importing this package."""

from tvdiff_pyg.data.datasets.downloaded_split import DownloadedSplit
from tvdiff_pyg.data.datasets.interaction_sets import (
    AnimeHistory,
    CiteULikeA,
    MovieLens100K,
    SteamPlay,
)
from tvdiff_pyg.data.datasets.movielens_small import MovieLensSmall
from tvdiff_pyg.data.datasets.other_splits import (
    AmazonBookKGAT,
    DoubanBook,
    Yelp2018,
)
from tvdiff_pyg.data.datasets.paper_splits import AmazonBeauty, Gowalla, LastFM
from tvdiff_pyg.data.datasets.pinned_dataset import PinnedDataset
from tvdiff_pyg.data.datasets.placed_files import (
    PlacedFiles,
    PlacedInteractions,
    PlacedSplit,
)
from tvdiff_pyg.data.datasets.published_interactions import PublishedInteractions
from tvdiff_pyg.data.datasets.published_split import PublishedSplit

__all__ = [
    "AmazonBeauty",
    "AmazonBookKGAT",
    "AnimeHistory",
    "CiteULikeA",
    "DoubanBook",
    "DownloadedSplit",
    "Gowalla",
    "LastFM",
    "MovieLens100K",
    "MovieLensSmall",
    "PinnedDataset",
    "PlacedFiles",
    "PlacedInteractions",
    "PlacedSplit",
    "PublishedInteractions",
    "PublishedSplit",
    "SteamPlay",
    "Yelp2018",
]
