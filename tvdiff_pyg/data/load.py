"""One entry to all data: a data set by its name, or files by their path."""

import os

from tvdiff_pyg.data.bipartite_dataset import DATASETS
from tvdiff_pyg.data.data_options import DataOptions
from tvdiff_pyg.data.feature_table import with_features
from tvdiff_pyg.data.from_files import from_file, from_files
from tvdiff_pyg.data.graph import BipartiteGraph
from tvdiff_pyg.data.prepared import PreparedData, is_prepared
from tvdiff_pyg.files import check_file, check_no_pipe

_OF_TABLES = ("delimiter", "header", "encoding", "format")
_COLUMNS = ("user_column", "item_column", "weight_column", "duplicate_weights")
#: What is done with interactions once they are read.
OF_SPLITS = ("min_rating", "k_core", "split", "validation_ratio", "test_ratio")

#: What is left of the options where the split is given by files.
READ_OF_PARTS = (
    "test_file",
    "validation_file",
    *_COLUMNS,
    "title_column",
    *_OF_TABLES,
)
#: What is read of files that are prepared.
OF_ROWS = (*_COLUMNS, "rating_column", "timestamp_column", *OF_SPLITS)
_READ_OF_FILE = (
    *READ_OF_PARTS,
    "rating_column",
    "timestamp_column",
    "time_format",
    *OF_SPLITS,
)


def load_data(options: DataOptions, seed: int = 0) -> BipartiteGraph:
    """Load a data set or files as a graph.

    Args:
        options: What to load.
        seed: The seed of the splits. (default: ``0``)

    Returns:
        The graph.

    Raises:
        FileNotFoundError: If ``data`` is neither a known name nor a file, or the files
            are missing.
        ValueError: If an option has no use, or the interactions cannot be read.

    Example:
        >>> load_data(DataOptions("movielens-small")).num_users
        671
    """
    for side in ("user_features", "item_features"):
        check_file(side, getattr(options, side))
    return with_features(
        _load(options, seed), user=options.user_features, item=options.item_features
    )


def options_read(options: DataOptions) -> DataOptions:
    """Find out what is to be loaded, and what that reads of the options.

    Args:
        options: What to load.

    Returns:
        The options, with defaults for those that are read and not given.

    Raises:
        FileNotFoundError: If ``data`` is neither a known name nor a file.
        ValueError: If an option has no use.

    Example:
        >>> options_read(DataOptions("movielens-small")).split
        'random'
    """
    name, names = options.data.partition(":")[0], DATASETS.names()
    if name in names:
        dataset = DATASETS[name].part
        return options.read_by(dataset.reads_of(options.data), dataset.source)
    if is_prepared(options.data):
        return options.read_by((), "prepared data")
    check_no_pipe(options.data, "data")
    if not os.path.exists(options.data):
        raise FileNotFoundError(
            f"'data' needs to be one of {', '.join(names)}, or a file "
            f"(got {options.data!r})"
        )
    if options.test_file is None:
        if options.validation_file is not None:
            raise ValueError(
                "'validation_file' needs a 'test_file' beside it "
                f"(got {options.validation_file!r} only)"
            )
        return options.read_by(_READ_OF_FILE, "a file to be split")
    if options.validation_file is not None:
        return options.read_by(READ_OF_PARTS, "a given validation file")
    return options.read_by((*READ_OF_PARTS, "validation_ratio"), "a given test file")


def _load(options: DataOptions, seed: int) -> BipartiteGraph:
    name, options = options.data.partition(":")[0], options_read(options)
    if name in DATASETS.names():
        return DATASETS[name].part.from_options(options, seed)
    if is_prepared(options.data):
        return PreparedData(options.data).whole()
    if options.test_file is None:
        return _load_single(options, seed)
    return _load_parts(options, options.test_file, seed)


def _load_parts(options: DataOptions, test_file: str, seed: int) -> BipartiteGraph:
    check_file("test_file", test_file)
    check_file("validation_file", options.validation_file)
    return from_files(
        options.data,
        test_file,
        validation=options.validation_file,
        user=options.user_column,
        item=options.item_column,
        weight=options.weight_column,
        title=options.title_column,
        seed=seed,
        **options.taken(*_OF_TABLES, "duplicate_weights", "validation_ratio"),
    )


def _load_single(options: DataOptions, seed: int) -> BipartiteGraph:
    return from_file(
        options.data,
        user=options.user_column,
        item=options.item_column,
        rating=options.rating_column,
        weight=options.weight_column,
        timestamp=options.timestamp_column,
        title=options.title_column,
        seed=seed,
        **options.taken(*_OF_TABLES, "time_format", "duplicate_weights", *OF_SPLITS),
    )
