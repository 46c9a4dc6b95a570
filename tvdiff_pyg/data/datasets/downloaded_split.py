"""A published split that is downloaded where its files are missing."""

import gzip
import tempfile
from pathlib import Path
from typing import ClassVar

import polars as pl

from tvdiff_pyg.data.datasets.published_split import SPLIT_FILES, PublishedSplit
from tvdiff_pyg.data.pinned import fetch, read_pinned
from tvdiff_pyg.files import replacing
from tvdiff_pyg.folders import locked

_UPSTREAM = "https://raw.githubusercontent.com/umsimonchen/TV-Diff"


class DownloadedSplit(PublishedSplit):
    """A benchmark in the paper's own split, from the authors' repository.

    The files are read from ``<root>/<name>``, and downloaded there if they are missing.
    See :class:`~tvdiff_pyg.data.datasets.PublishedSplit` for the arguments.

    Raises:
        FileNotFoundError: If the files are missing and cannot be downloaded; the
            message says where they go.
        ValueError: If a file holds other pairs than those published.
    """

    remedy = (
        "delete it to have it downloaded, or give a split of your own as a training "
        "and a test file"
    )
    #: The commit of the repository that holds the files.
    commit: ClassVar[str]

    def missing_file(self, path: Path, checksum: str) -> pl.DataFrame:
        """Fetches what the authors published, and keeps the users and the items."""
        name = path.name.replace(".tsv.gz", ".txt")
        address = f"{_UPSTREAM}/{self.commit}/dataset/{self.folder_name}/{name}"
        with locked(path.parent, "root"), tempfile.TemporaryDirectory() as folder:
            text = Path(folder, name)
            try:
                fetch(address, text)
            except OSError as error:
                raise FileNotFoundError(
                    f"{type(self).__name__} could not be downloaded ({error}): place "
                    f"{' and '.join(SPLIT_FILES)} (a user, a tab and an item per "
                    f"line) in {self.folder}"
                ) from error
            pairs = read_pinned(text, checksum)
            # The third column is a count.
            lines = pairs.write_csv(separator="\t", include_header=False)
            with replacing(path) as partial:
                Path(partial).write_bytes(gzip.compress(lines.encode(), mtime=0))
        return pairs
