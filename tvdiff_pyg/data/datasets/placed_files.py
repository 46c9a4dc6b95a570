"""Files of your own as data sets: in a folder of `root`, found by its name."""

import os
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

from tvdiff_pyg.data.bipartite_dataset import (
    BipartiteDataset,
    Transform,
    register_dataset,
)
from tvdiff_pyg.data.data_options import DataOptions
from tvdiff_pyg.data.graph import BipartiteGraph
from tvdiff_pyg.data.load import READ_OF_PARTS, load_data

_FILES = {"data", "test_file", "validation_file"}


class PlacedFiles(BipartiteDataset):
    """Files in ``<root>/<name>``; see the two classes below."""

    def __init__(
        self,
        root: str | os.PathLike[str],
        name: str,
        seed: int = 0,
        transform: Transform | None = None,
        pre_transform: Transform | None = None,
        **options: Any,
    ) -> None:
        # The name comes from the command line: it leads to no other place.
        if not isinstance(name, str) or not re.fullmatch(r"\w[\w.-]*", name):
            raise ValueError(
                f"'name' needs to be the name of a folder in 'root' (got {name!r})"
            )
        self.folder = Path(root).expanduser() / name
        self.seed = seed
        super().__init__(None, transform, pre_transform, **options)

    def load(
        self, data: str, test: str | None = None, validation: str | None = None
    ) -> BipartiteGraph:
        """Reads files as the command line reads those that it is given."""
        options = DataOptions(data, test, validation, **self.settings)
        return load_data(options, self.seed)

    def file(self, part: str) -> str:
        """Returns the only file of a part, whatever follows the first dot."""
        found = self.files(part)
        if not found:
            raise FileNotFoundError(
                f"'root' needs a file {part!r}, such as {part}.csv, in {self.folder} "
                f"(got none)"
            )
        return found[0]

    def files(self, part: str) -> list[str]:
        """Returns what there is of a part, at most one file."""
        found = sorted(map(str, self.folder.glob(f"{part}.*")))
        if len(found) > 1:
            names = " and ".join(Path(one).name for one in found)
            raise ValueError(
                f"'root' needs one file {part!r} in {self.folder} (got {names})"
            )
        return found


@register_dataset("placed")
class PlacedInteractions(PlacedFiles):
    r"""Interactions of your own in a file ``<root>/<name>/interactions.*``.

    It is read as :func:`~tvdiff_pyg.data.from_file` does, whatever its name ends with.
    On the command line, it is ``--data placed:name=NAME``.

    Args:
        root (str): The folder that holds ``<name>``.
        name (str): The folder of the file.
        seed (int): The seed of the random split. (default: ``0``)
        transform (callable, optional): Applied at every access. (default: ``None``)
        pre_transform (callable, optional): Applied once. (default: ``None``)
        **options: Further options of :class:`~tvdiff_pyg.data.DataOptions`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If there are several, or the interactions cannot be read.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as root:
        ...     Path(root, "loans").mkdir()
        ...     _ = Path(root, "loans", "interactions.csv").write_text("1,a\n2,a\n")
        ...     PlacedInteractions(root, "loans", test_ratio=0.0)[0].num_users
        2
    """

    reads = tuple(one.name for one in fields(DataOptions) if one.name not in _FILES)

    def build(self) -> BipartiteGraph:
        """Reads the file, filters it and splits it."""
        return self.load(self.file("interactions"))


@register_dataset("placed-split")
class PlacedSplit(PlacedFiles):
    """A split of your own in files ``train.*``, ``test.*`` and perhaps ``validation.*``
    of ``<root>/<name>``.

    They are read as :func:`~tvdiff_pyg.data.from_files` does, whatever their names end
    with. On the command line, it is ``--data placed-split:name=NAME``. The arguments
    are those of :class:`PlacedInteractions`, and what may be said of given parts.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If there are several of a part, or they cannot be read.
    """

    source = "a placed split"
    reads = ("root", "validation_ratio", *(n for n in READ_OF_PARTS if n not in _FILES))

    def build(self) -> BipartiteGraph:
        """Reads the parts."""
        validation = self.files("validation")
        return self.load(
            self.file("train"),
            self.file("test"),
            validation[0] if validation else None,
        )
