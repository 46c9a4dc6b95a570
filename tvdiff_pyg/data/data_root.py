"""The folder of data sets' files, where several data share one, and not all read it."""

from collections.abc import Iterable
from typing import Any

from tvdiff_pyg.data.bipartite_dataset import DATASETS
from tvdiff_pyg.data.data_options import DataOptions


def reads_root(data: str) -> bool:
    """Whether data are read from the folder of the data sets' files.

    Args:
        data: As ``data`` of :class:`~tvdiff_pyg.data.DataOptions`.

    Example:
        >>> reads_root("lastfm"), reads_root("movielens-small"), reads_root("log.csv")
        (True, False, False)
    """
    name = data.partition(":")[0]
    return name in DATASETS.names() and "root" in DATASETS[name].part.reads_of(data)


def in_root(data: str, root: str, **further: Any) -> DataOptions:
    """Return options for some data, with the folder if they are read from there.

    Args:
        data: As ``data`` of :class:`~tvdiff_pyg.data.DataOptions`.
        root: The folder.
        **further: Further options.

    Example:
        >>> in_root("lastfm", "here").root, in_root("log.csv", "here").root
        ('here', None)
    """
    return DataOptions(data, root=root if reads_root(data) else None, **further)


def chosen_root(data: Iterable[str], root: str | None) -> str:
    """Return the folder that was given for several data, or else the usual one.

    Args:
        data: As ``data`` of :class:`~tvdiff_pyg.data.DataOptions`, of each.
        root: What was given, if anything.

    Raises:
        ValueError: If it was given, and none of the data is read from it.

    Example:
        >>> chosen_root(["lastfm"], None)
        'data'
    """
    if root is None:
        return "data"
    asked = list(data)
    if not any(map(reads_root, asked)):
        raise ValueError(
            f"'root' has no use with {', '.join(asked) or 'the list of data sets'}, "
            f"which no folder of data sets holds (got {root!r})"
        )
    return root
