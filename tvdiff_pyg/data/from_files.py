"""From files to a graph: one to be split, or one for each part."""

import os
from collections.abc import Mapping
from typing import Any

from typing_extensions import Unpack

from tvdiff_pyg.data.file_format import FileFormat
from tvdiff_pyg.data.filters import DuplicateWeights
from tvdiff_pyg.data.from_table import BuildOptions, from_canonical
from tvdiff_pyg.data.given_parts import from_parts
from tvdiff_pyg.data.graph import BipartiteGraph
from tvdiff_pyg.data.read import read_interactions
from tvdiff_pyg.data.roles import Column
from tvdiff_pyg.files import check_path


def from_file(
    path: str | os.PathLike[str],
    *,
    user: Column | None = None,
    item: Column | None = None,
    rating: Column | None = None,
    weight: Column | None = None,
    timestamp: Column | None = None,
    title: Column | None = None,
    time_format: str | None = None,
    delimiter: str | None = None,
    header: bool | None = None,
    encoding: str | None = None,
    format: FileFormat = "auto",
    **options: Unpack[BuildOptions],
) -> BipartiteGraph:
    r"""Builds a graph from a file: text, JSON or Parquet, compressed or not.

    Args:
        path: The file, one interaction a row.
        user (str or int, optional): The column of users, by name or number.
            (default: the one called like that, else column 0)
        item (str or int, optional): The column of items. (default: likewise, column 1)
        rating (str or int, optional): The column of ratings. (default: none)
        weight (str or int, optional): The column of what interactions weigh: positive
            numbers. (default: none; all count alike)
        timestamp (str or int, optional): The column of times. (default: none)
        title (str or int, optional): The column of items' titles: an item without one
            is titled by its id, and one with several by the first. (default: none)
        time_format (str, optional): How times are written as text, as in
            :func:`from_dataframe`. (default: found out)
        delimiter (str, optional): The delimiter of a text file. (default: detected)
        header (bool, optional): Whether the first line is a header.
            (default: detected)
        encoding (str, optional): The encoding of a text file. (default: as the mark at
            its start says, else UTF-8)
        format (str): What the file holds: ``"table"``, ``"adjacency"``, ``"atomic"``,
            ``"json"`` or ``"parquet"``, see :func:`read_interactions`.
            (default: ``"auto"``)
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
        weight=weight,
        timestamp=timestamp,
        title=title,
        time_format=time_format,
        delimiter=delimiter,
        header=header,
        encoding=encoding,
        format=format,
    )
    return from_canonical(canonical, **options)


def from_files(
    train: str | os.PathLike[str],
    test: str | os.PathLike[str],
    *,
    validation: str | os.PathLike[str] | None = None,
    user: Column | None = None,
    item: Column | None = None,
    weight: Column | None = None,
    title: Column | None = None,
    delimiter: str | None = None,
    header: bool | None = None,
    encoding: str | None = None,
    format: FileFormat = "auto",
    duplicate_weights: DuplicateWeights | None = None,
    validation_ratio: float | None = None,
    seed: int = 0,
    item_titles: Mapping[Any, str] | None = None,
) -> BipartiteGraph:
    r"""Builds a graph from a training file, a test file and perhaps a validation file.

    Ids are integers if they are in every file, and words in all otherwise. A pair that
    stands in several files belongs to training, else to the test part. Test pairs whose
    user or item is in no other part are dropped and counted.

    Args:
        train: The training file.
        test: The test file.
        validation (optional): The validation file. (default: pairs are drawn from the
            training file)
        user (str or int, optional): The column of users, by name or number.
            (default: the one called like that, else column 0)
        item (str or int, optional): The column of items. (default: likewise, column 1)
        weight (str or int, optional): The column of what interactions weigh, in every
            file: positive numbers. (default: none; all count alike)
        title (str or int, optional): The column of items' titles, in every file, as in
            :func:`from_file`. (default: none)
        delimiter (str, optional): The delimiter of text files. (default: detected)
        header (bool, optional): Whether first lines are headers. (default: detected)
        encoding (str, optional): The encoding of text files. (default: as the marks at
            their starts say, else UTF-8)
        format (str): What the files hold, see :func:`read_interactions`.
            (default: ``"auto"``)
        duplicate_weights (str, optional): What a pair weighs that stands in several
            rows of a file, see :class:`BuildOptions`. (default: ``"sum"``)
        validation_ratio (float, optional): The share of the training file that is
            validation, in [0, 1). (default: ``0.1``, if there is no validation file)
        seed (int): The seed of the validation draw. (default: ``0``)
        item_titles (dict, optional): Titles by original item id.
            (default: those of the column of titles, if any)

    Returns:
        The graph.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: As :func:`from_dataframe`, and if a file shares no user, no item or
            all its pairs with the training file.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     files = [pathlib.Path(folder, name) for name in ("train", "test")]
        ...     _ = files[0].write_text("user,item\n1,a\n1,b\n2,a\n")
        ...     _ = files[1].write_text("user,item\n2,b\n")
        ...     from_files(files[0], test=files[1], validation_ratio=0).counts()["test"]
        1
    """
    if validation is not None and validation_ratio is not None:
        raise ValueError(
            f"'validation_ratio' has no use with a given validation part "
            f"(got {validation_ratio})"
        )
    ratio = 0.1 if validation_ratio is None else validation_ratio
    paths = {"train": train, "validation": validation, "test": test}
    for name, path in paths.items():
        if path is not None or name != "validation":
            check_path(name, path)
    parts = {
        name: read_interactions(
            path,
            user=user,
            item=item,
            weight=weight,
            title=title,
            delimiter=delimiter,
            header=header,
            encoding=encoding,
            format=format,
        )
        for name, path in paths.items()
        if path is not None
    }
    return from_parts(parts, ratio, seed, item_titles, duplicate_weights)
