"""A published data set without a split: one pinned file of all its interactions."""

import os
from typing import ClassVar

from tvdiff_pyg.data.bipartite_dataset import Transform
from tvdiff_pyg.data.datasets.pinned_dataset import PinnedDataset
from tvdiff_pyg.data.from_table import from_canonical
from tvdiff_pyg.data.graph import BipartiteGraph
from tvdiff_pyg.data.splits import SplitName

_FILE = "interactions.tsv.gz"
_FOR_SPLITS = ("root", "k_core", "split", "validation_ratio", "test_ratio")


class PublishedInteractions(PinnedDataset):
    """All interactions of a published data set, pinned as
    :class:`~tvdiff_pyg.data.datasets.PinnedDataset` says, and split here.

    Args:
        root (str): The folder that holds ``<name>/interactions.tsv.gz``.
        k_core (int): The fewest interactions of a user and an item. (default: ``0``)
        min_rating (float, optional): The lowest rating that counts as an interaction,
            where there are ratings. (default: all count)
        split (str): ``"random"``, or where there are times ``"leave_last_out"`` or
            ``"global_time"``. (default: ``"random"``)
        validation_ratio (float): The share of what is not test that is validation.
            (default: ``0.1``)
        test_ratio (float): The share that is test. (default: ``0.2``)
        seed (int): The seed of the random split. (default: ``0``)
        transform (callable, optional): Applied at every access. (default: ``None``)
        pre_transform (callable, optional): Applied once. (default: ``None``)

    Raises:
        FileNotFoundError: If the file is missing; the message says what to place where.
        ValueError: If it holds something else than what was published, or an option
            needs a column that it does not have.
    """

    source = "a published data set"
    #: SHA-256 of the rows.
    checksum: ClassVar[str]
    #: The numbers of further columns, where there are any.
    rating: ClassVar[int | None] = None
    timestamp: ClassVar[int | None] = None

    def __init_subclass__(cls) -> None:
        """Lets the command line say what the columns allow."""
        super().__init_subclass__()
        further = () if cls.rating is None else ("min_rating",)
        cls.reads = (*_FOR_SPLITS, *further)

    def __init__(
        self,
        root: str | os.PathLike[str],
        *,
        k_core: int = 0,
        min_rating: float | None = None,
        split: SplitName = "random",
        validation_ratio: float = 0.1,
        test_ratio: float = 0.2,
        seed: int = 0,
        transform: Transform | None = None,
        pre_transform: Transform | None = None,
    ) -> None:
        super().__init__(
            root,
            transform,
            pre_transform,
            k_core=k_core,
            min_rating=min_rating,
            split=split,
            validation_ratio=validation_ratio,
            test_ratio=test_ratio,
            seed=seed,
        )

    def build(self) -> BipartiteGraph:
        """Reads the file, filters it and splits it."""
        rows = self.read_file(_FILE, self.checksum, self.rating, self.timestamp)
        return from_canonical(rows, **self.settings)
