"""From files to a graph: one to be split, or a training and a test file."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from typing_extensions import Unpack

from tvdiff_pyg.data import filters
from tvdiff_pyg.data.from_table import BuildOptions, from_canonical, from_labelled
from tvdiff_pyg.data.graph import BipartiteGraph
from tvdiff_pyg.data.interaction_table import Column
from tvdiff_pyg.data.read import read_interactions
from tvdiff_pyg.data.splits import TEST, random_split


def from_file(
    path: str | os.PathLike[str],
    *,
    user: Column = 0,
    item: Column = 1,
    rating: Column | None = None,
    timestamp: Column | None = None,
    delimiter: str | None = None,
    header: bool | None = None,
    **options: Unpack[BuildOptions],
) -> BipartiteGraph:
    r"""Builds a graph from a CSV, TSV (both may be gzipped) or Parquet file.

    Args:
        path: The file, one interaction a row.
        user (str or int): The column of users, by name or number. (default: ``0``)
        item (str or int): The column of items. (default: ``1``)
        rating (str or int, optional): The column of ratings. (default: none)
        timestamp (str or int, optional): The column of times. (default: none)
        delimiter (str, optional): The delimiter of a text file. (default: detected)
        header (bool, optional): Whether the first line is a header.
            (default: detected)
        **options: See :class:`BuildOptions`.

    Returns:
        The graph.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: As :func:`from_dataframe`.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "log.csv")
        ...     _ = path.write_text("user,item\n1,a\n1,b\n2,a\n")
        ...     from_file(path, test_ratio=0).num_users
        2
    """
    canonical = read_interactions(
        path,
        user=user,
        item=item,
        rating=rating,
        timestamp=timestamp,
        delimiter=delimiter,
        header=header,
    )
    return from_canonical(canonical, **options)


def from_files(
    train: str | os.PathLike[str],
    test: str | os.PathLike[str],
    *,
    user: Column = 0,
    item: Column = 1,
    delimiter: str | None = None,
    header: bool | None = None,
    validation_ratio: float = 0.1,
    seed: int = 0,
    item_titles: Mapping[Any, str] | None = None,
) -> BipartiteGraph:
    """Builds a graph from a training and a test file.

    Validation pairs are drawn from the training file.

    Args:
        train: The training file.
        test: The test file.
        user (str or int): The column of users, by name or number. (default: ``0``)
        item (str or int): The column of items. (default: ``1``)
        delimiter (str, optional): The delimiter of text files. (default: detected)
        header (bool, optional): Whether first lines are headers. (default: detected)
        validation_ratio (float): The share of the training file that is validation, in
            [0, 1). (default: ``0.1``)
        seed (int): The seed of the validation draw. (default: ``0``)
        item_titles (dict, optional): Titles by original item id. (default: none)

    Returns:
        The graph.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: As :func:`from_dataframe`.
    """
    parts = [
        filters.drop_duplicates(
            read_interactions(
                path, user=user, item=item, delimiter=delimiter, header=header
            )
        )
        for path in (train, test)
    ]
    drawn = random_split(parts[0].height, validation_ratio, 0.0, seed)
    labels = np.append(drawn, np.full(parts[1].height, TEST, dtype=np.int8))
    # Relaxed: a column may hold integers in one file and strings in the other.
    both = pl.concat(parts, how="vertical_relaxed")
    return from_labelled(both, labels, item_titles)
