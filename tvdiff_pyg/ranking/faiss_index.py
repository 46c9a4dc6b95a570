"""What is asked of FAISS: an index of some kind, and the items nearest to a user."""

import errno
import math
import os
from collections.abc import Sequence
from typing import Any, Literal

from tvdiff_pyg.files import replacing

IndexKind = Literal["flat", "ivf", "hnsw"]

# The kinds by the names that FAISS has for their classes.
KINDS: dict[str, IndexKind] = {
    "IndexFlatIP": "flat",
    "IndexIVFFlat": "ivf",
    "IndexHNSWFlat": "hnsw",
}
# FAISS warns of lists trained on fewer.
ITEMS_PER_LIST = 39


def import_faiss() -> Any:
    """Return the package.

    Raises:
        ImportError: If it is not installed.
    """
    try:
        import faiss
    except ImportError as error:
        raise ImportError(
            "'faiss' needs to be installed to index items: "
            "pip install 'tvdiff_pyg[faiss]'"
        ) from error
    return faiss


def new_index(
    kind: IndexKind,
    size: Sequence[int],
    num_lists: int | None,
    num_probes: int | None,
    num_links: int,
    ef_search: int,
) -> Any:
    """Return an index by inner product, set up for items and without them.

    Args:
        kind: Its kind.
        size: Number of items, and length of their factors.
        num_lists: Lists of ``"ivf"``; ``None`` for as many as the items fill well.
        num_probes: Lists that are looked into, at least; ``None`` for a quarter.
        num_links: Links of each item of ``"hnsw"``.
        ef_search: Candidates on a walk of ``"hnsw"``, at least.

    Raises:
        ImportError: If faiss is not installed.
        ValueError: If an argument is outside its range.
    """
    if kind not in (kinds := list(KINDS.values())):
        raise ValueError(f"'kind' needs to be one of {kinds} (got {kind!r})")
    num_items, channels = size
    if num_lists is None:
        most = max(num_items // ITEMS_PER_LIST, 1)
        num_lists = min(4 * math.isqrt(num_items), most)
    num_probes = math.ceil(num_lists / 4) if num_probes is None else num_probes
    check_range("num_lists", num_lists, 1, num_items)
    check_range("num_probes", num_probes, 1, num_lists)
    check_range("num_links", num_links, 2)
    check_range("ef_search", ef_search, 1)
    faiss = import_faiss()
    metric = faiss.METRIC_INNER_PRODUCT
    if kind == "hnsw":
        index = faiss.IndexHNSWFlat(channels, num_links, metric)
        index.hnsw.efSearch = ef_search
        return index
    flat = faiss.IndexFlatIP(channels)
    if kind == "flat":
        return flat
    index = faiss.IndexIVFFlat(flat, channels, num_lists, metric)
    index.cp.min_points_per_centroid = 1  # no warning: short lists are a choice
    index.nprobe = num_probes
    return index


def write_index(index: Any, path: str | os.PathLike[str]) -> None:
    """Write an index whole or not at all.

    Args:
        index: The index.
        path: The file; an existing one is replaced.

    Raises:
        OSError: If it cannot be written.
    """
    try:
        with replacing(path) as partial:
            import_faiss().write_index(index, partial)
    except RuntimeError as error:  # what FAISS makes of a full disk
        reason = str(error).rpartition(": ")[2]
        raise OSError(errno.EIO, reason, os.fspath(path)) from error


def read_index(path: str) -> Any:
    """Read an index of one of the kinds from a file.

    Args:
        path: The file.

    Raises:
        FileNotFoundError: If there is no such file.
        ImportError: If faiss is not installed.
        ValueError: If it holds something else.
    """
    faiss = import_faiss()
    if not os.path.exists(path):
        raise FileNotFoundError(f"'path' needs to be a saved index (got {path})")
    try:
        index = faiss.read_index(path)
    except (MemoryError, RuntimeError):
        index = None
    if (
        type(index).__name__ not in KINDS
        or index.metric_type != faiss.METRIC_INNER_PRODUCT
    ):
        raise ValueError(
            f"'path' needs to be an index that 'ItemIndex.save' wrote (got {path})"
        )
    return index


def nearest(index: Any, query: Any, width: int, num_looked_at: int) -> tuple[Any, Any]:
    """Find the items with the largest inner products.

    Args:
        index: The index.
        query: User factors, an array of shape ``[num_users, channels]``.
        width: How many items.
        num_looked_at: Items to compare with, at least, and no fewer than the index was
            set up for; with all that there are, the search is exact.

    Returns:
        Scores and item indices, arrays of shape ``[num_users, width]``.
    """
    faiss, options, kind = import_faiss(), None, KINDS[type(index).__name__]
    if kind == "hnsw" and num_looked_at >= index.ntotal:
        index = index.storage  # a flat index of the same items
    elif kind == "hnsw":
        ef_search = max(num_looked_at, index.hnsw.efSearch)
        options = faiss.SearchParametersHNSW(efSearch=ef_search)
    elif kind == "ivf":
        num_probes = math.ceil(num_looked_at / index.ntotal * index.nlist)
        num_probes = max(num_probes, index.nprobe)
        options = faiss.SearchParametersIVF(nprobe=num_probes)
    return index.search(query, width, params=options)


def check_range(name: str, value: int, low: int, high: int | None = None) -> None:
    """Raise unless a number is in its range.

    Args:
        name: The argument, for the message.
        value: The number.
        low: The least that it may be.
        high: The most, if there is one. (default: ``None``)

    Raises:
        ValueError: If it is outside.
    """
    if value < low or (high is not None and value > high):
        wanted = f"at least {low}" if high is None else f"in [{low}, {high}]"
        raise ValueError(f"'{name}' needs to be {wanted} (got {value})")
