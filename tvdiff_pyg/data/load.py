"""One entry to all data: a data set by its name, or files by their path."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from tvdiff_pyg.data.build import from_file, from_files
from tvdiff_pyg.data.datasets import AmazonBeauty, Gowalla, LastFM, MovieLensSmall
from tvdiff_pyg.data.graph import BipartiteGraph
from tvdiff_pyg.data.read import Column
from tvdiff_pyg.data.splits import SplitName
from tvdiff_pyg.data.synthetic import SyntheticBipartite

PUBLISHED = {"lastfm": LastFM, "amazon-beauty": AmazonBeauty, "gowalla": Gowalla}
EMBEDDED = "movielens-small"
NAMES = (EMBEDDED, *PUBLISHED)
SYNTHETIC = "synthetic:"


@dataclass(frozen=True)
class DataOptions:
    """Where interactions come from, and how they are read and split.

    Args:
        data: A data set (movielens-small, lastfm, amazon-beauty, gowalla), a CSV, TSV
            or Parquet file, possibly gzipped, or "synthetic:" and the arguments of
            SyntheticBipartite, as in
            "synthetic:num_users=100,num_items=80,num_interactions=1000".
        test_file: A file of test interactions; the split is then given by the two.
        root: The folder of the data sets' files.
        user_column: Column of users, by name or number from 0.
        item_column: Column of items.
        rating_column: Column of ratings, for min_rating.
        timestamp_column: Column of times, for the splits by time.
        delimiter: What parts the fields of a text file. Detected if not given.
        header: Whether the first line names the columns. Detected if not given.
        min_rating: Lowest rating that counts as an interaction.
        k_core: Fewest interactions of a user and of an item.
        split: How test and validation are chosen, unless they are given.
        validation_ratio: Share of what is not test that is validation, in [0, 1).
        test_ratio: Share that is test, in [0, 1).
    """

    data: str
    test_file: str | None = None
    root: str = "data"
    user_column: Column = 0
    item_column: Column = 1
    rating_column: Column | None = None
    timestamp_column: Column | None = None
    delimiter: str | None = None
    header: bool | None = None
    min_rating: float | None = None
    k_core: int = 0
    split: SplitName = "random"
    validation_ratio: float = 0.1
    test_ratio: float = 0.2


def load_data(options: DataOptions, seed: int = 0) -> BipartiteGraph:
    """Load a data set or files as a graph.

    Args:
        options: What to load.
        seed: The seed of the splits. (default: ``0``)

    Returns:
        The graph.

    Raises:
        FileNotFoundError: If the files are missing.
        ValueError: If ``data`` is neither a known name nor a file, or the interactions
            cannot be read.

    Example:
        >>> load_data(DataOptions("movielens-small")).num_users
        671
    """
    if options.data in PUBLISHED:
        _refuse(options, _READING | _FILTERING | _SPLITTING, "a published split")
        kind = PUBLISHED[options.data]
        return kind(options.root, options.validation_ratio, seed)[0]
    if options.data == EMBEDDED:
        _refuse(options, _READING, "an embedded data set")
        return MovieLensSmall(**_build_options(options, seed))[0]
    if options.data.startswith(SYNTHETIC):
        _refuse(options, _READING | _FILTERING | {"split"}, "a synthetic graph")
        return _load_synthetic(options, seed)
    if not Path(options.data).is_file():
        raise FileNotFoundError(
            f"'data' needs to be one of {', '.join(NAMES)}, a file, or "
            f"'{SYNTHETIC}num_users=...' (got {options.data!r})"
        )
    if options.test_file is not None:
        return _load_pair(options, options.test_file, seed)
    return _load_single(options, seed)


# Options that some sources cannot honour; they refuse them rather than ignore them.
_READING = {
    "test_file",
    "user_column",
    "item_column",
    "rating_column",
    "timestamp_column",
    "delimiter",
    "header",
}
_FILTERING = {"min_rating", "k_core"}
_SPLITTING = {"split", "test_ratio"}


def _refuse(options: DataOptions, names: set[str], source: str) -> None:
    for field in fields(options):
        value = getattr(options, field.name)
        if field.name in names and value != field.default:
            raise ValueError(f"'{field.name}' has no use with {source} (got {value!r})")


def synthetic_arguments(data: str) -> dict[str, Any]:
    """Read the arguments in the name of a synthetic graph.

    Args:
        data: The name, as in :class:`DataOptions`.

    Example:
        >>> synthetic_arguments("synthetic:num_users=100,exponent=2.2")
        {'num_users': 100, 'exponent': 2.2}
    """
    pairs = data.removeprefix(SYNTHETIC).replace("=", ": ").split(",")
    read = yaml.safe_load("\n".join(pairs))
    return read if isinstance(read, dict) else {}


def _load_synthetic(options: DataOptions, seed: int) -> BipartiteGraph:
    """Draw a graph by the arguments in its name; the seed draws another."""
    arguments = synthetic_arguments(options.data)
    try:
        return SyntheticBipartite(
            **arguments,
            validation_ratio=options.validation_ratio,
            test_ratio=options.test_ratio,
            seed=seed,
        )[0]
    except TypeError as error:
        raise ValueError(
            f"'data' needs num_users=N,num_items=N,num_interactions=N and further "
            f"arguments of SyntheticBipartite after '{SYNTHETIC}' "
            f"(got {options.data!r})"
        ) from error


def _load_pair(options: DataOptions, test_file: str, seed: int) -> BipartiteGraph:
    unused = _FILTERING | _SPLITTING | {"rating_column", "timestamp_column"}
    _refuse(options, unused, "a given test file")
    return from_files(
        options.data,
        test_file,
        user=options.user_column,
        item=options.item_column,
        delimiter=options.delimiter,
        header=options.header,
        validation_ratio=options.validation_ratio,
        seed=seed,
    )


def _load_single(options: DataOptions, seed: int) -> BipartiteGraph:
    return from_file(
        options.data,
        user=options.user_column,
        item=options.item_column,
        rating=options.rating_column,
        timestamp=options.timestamp_column,
        delimiter=options.delimiter,
        header=options.header,
        **_build_options(options, seed),
    )


def _build_options(options: DataOptions, seed: int) -> dict[str, Any]:
    return dict(
        min_rating=options.min_rating,
        k_core=options.k_core,
        split=options.split,
        validation_ratio=options.validation_ratio,
        test_ratio=options.test_ratio,
        seed=seed,
    )
