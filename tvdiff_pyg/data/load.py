"""One entry to all data: a data set by its name, or files by their path."""

from pathlib import Path

from tvdiff_pyg.data.bipartite_dataset import DATASETS
from tvdiff_pyg.data.data_options import DataOptions
from tvdiff_pyg.data.from_files import from_file, from_files
from tvdiff_pyg.data.graph import BipartiteGraph

# What is left of the options where the split is given by two files.
_READ_OF_PAIR = (
    "test_file",
    "user_column",
    "item_column",
    "delimiter",
    "header",
    "validation_ratio",
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
    name, names = options.data.partition(":")[0], DATASETS.names()
    if name in names:
        dataset = DATASETS[name].part
        options.check_read(dataset.reads, dataset.source)
        return dataset.from_options(options, seed)
    if not Path(options.data).is_file():
        raise FileNotFoundError(
            f"'data' needs to be one of {', '.join(names)}, or a file "
            f"(got {options.data!r})"
        )
    if options.test_file is not None:
        return _load_pair(options, options.test_file, seed)
    return _load_single(options, seed)


def _load_pair(options: DataOptions, test_file: str, seed: int) -> BipartiteGraph:
    options.check_read(_READ_OF_PAIR, "a given test file")
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
        min_rating=options.min_rating,
        k_core=options.k_core,
        split=options.split,
        validation_ratio=options.validation_ratio,
        test_ratio=options.test_ratio,
        seed=seed,
    )
