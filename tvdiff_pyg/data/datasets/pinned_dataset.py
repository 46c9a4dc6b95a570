"""What data sets of pinned files share: where these are, and that they are the ones."""

import os
from pathlib import Path
from typing import Any, ClassVar

import polars as pl

from tvdiff_pyg.data.bipartite_dataset import BipartiteDataset, Transform
from tvdiff_pyg.data.pinned import read_pinned
from tvdiff_pyg.files import check_path


class PinnedDataset(BipartiteDataset):
    """A published data set, whose files are read from ``<root>/<name>``.

    They are pinned: the distinct rows of each, sorted, have to have the SHA-256 that
    the class states, whatever order they stand in. The order decides which pairs a seed
    draws.

    Args:
        root (str): The folder that holds ``<name>``.
        transform (callable, optional): Applied at every access. (default: ``None``)
        pre_transform (callable, optional): Applied once. (default: ``None``)
        **settings: What the graph depends on.
    """

    #: The folder of the files, in ``root``.
    folder_name: ClassVar[str]
    #: What the files hold, and where it comes from, for who has to place them.
    content: ClassVar[str]
    #: What can be done about another file in the place of one of them.
    remedy: ClassVar[str] = "place the published one there, or give it as 'data'"

    def __init__(
        self,
        root: str | os.PathLike[str],
        transform: Transform | None = None,
        pre_transform: Transform | None = None,
        **settings: Any,
    ) -> None:
        check_path("root", root)
        self.folder = Path(root).expanduser() / self.folder_name
        super().__init__(None, transform, pre_transform, **settings)

    def read_file(
        self,
        name: str,
        checksum: str,
        rating: int | None = None,
        timestamp: int | None = None,
    ) -> pl.DataFrame:
        """Reads one of the files.

        Args:
            name (str): Its name.
            checksum (str): The checksum of its rows.
            rating (int, optional): The column of ratings. (default: none)
            timestamp (int, optional): The column of times. (default: none)

        Raises:
            FileNotFoundError: If it is missing.
            ValueError: If it holds something else.
        """
        path = self.folder / name
        if not path.exists():
            return self.missing_file(path, checksum)
        try:
            return read_pinned(path, checksum, rating, timestamp)
        except ValueError as error:
            raise ValueError(
                f"'root' needs the published files of {type(self).__name__}: {error}; "
                f"{self.remedy}"
            ) from error

    def missing_file(self, path: Path, checksum: str) -> pl.DataFrame:
        """Does what can be done about a file that is not there: says what to place.

        Args:
            path (pathlib.Path): The file.
            checksum (str): The checksum of its rows.
        """
        raise FileNotFoundError(
            f"'root' needs {path.name} for {type(self).__name__}: place it in "
            f"{self.folder}, with {self.content}"
        )
