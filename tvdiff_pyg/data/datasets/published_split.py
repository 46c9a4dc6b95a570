"""A published split: a pinned training file and a pinned test file."""

import os
from typing import ClassVar

from tvdiff_pyg.data.bipartite_dataset import Transform
from tvdiff_pyg.data.datasets.pinned_dataset import PinnedDataset
from tvdiff_pyg.data.given_parts import from_parts
from tvdiff_pyg.data.graph import BipartiteGraph

SPLIT_FILES = ("train.tsv.gz", "test.tsv.gz")


class PublishedSplit(PinnedDataset):
    """A benchmark in a published split, pinned as
    :class:`~tvdiff_pyg.data.datasets.PinnedDataset` says.

    Args:
        root (str): The folder that holds ``<name>/train.tsv.gz`` and
            ``<name>/test.tsv.gz`` (a user, a tab and an item per line).
        validation_ratio (float): The share of the training file that is validation, in
            [0, 1). (default: ``0.1``)
        seed (int): The seed of the validation draw. (default: ``0``)
        transform (callable, optional): Applied at every access. (default: ``None``)
        pre_transform (callable, optional): Applied once. (default: ``None``)

    Raises:
        FileNotFoundError: If a file is missing; the message says what to place where.
        ValueError: If a file holds other pairs than those published.
    """

    reads = ("root", "validation_ratio")
    source = "a published split"
    #: SHA-256 of the training and of the test pairs.
    checksums: ClassVar[tuple[str, str]]

    def __init__(
        self,
        root: str | os.PathLike[str],
        validation_ratio: float = 0.1,
        seed: int = 0,
        transform: Transform | None = None,
        pre_transform: Transform | None = None,
    ) -> None:
        super().__init__(
            root,
            transform,
            pre_transform,
            validation_ratio=validation_ratio,
            seed=seed,
        )

    def build(self) -> BipartiteGraph:
        """Reads both files and draws validation pairs out of the training file."""
        parts = {
            name.partition(".")[0]: self.read_file(name, checksum)
            for name, checksum in zip(SPLIT_FILES, self.checksums, strict=True)
        }
        return from_parts(parts, **self.settings, item_titles=None)
