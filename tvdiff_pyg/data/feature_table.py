"""Features of users and items from a table of each side: a data frame or a file."""

import io
import logging
import os
from typing import Any

import polars as pl
from torch import Tensor

from tvdiff_pyg.data.column import UNREADABLE, first_line, raw_column
from tvdiff_pyg.data.feature_columns import features_of_columns
from tvdiff_pyg.data.features import SIDES, NodeFeatures
from tvdiff_pyg.data.frames import names_of, opened, take_columns
from tvdiff_pyg.data.graph import BipartiteGraph
from tvdiff_pyg.data.id_map import IdMap
from tvdiff_pyg.data.ids import ids_of_text
from tvdiff_pyg.data.reading.encodings import as_utf8
from tvdiff_pyg.data.reading.unpack import read_content
from tvdiff_pyg.files import check_no_pipe

logger = logging.getLogger(__name__)

_PARQUET_MAGIC = b"PAR1"
# What may part the fields of a text file: ``|`` parts the words of one.
_DELIMITERS = "\t", ";", ","


def with_features(
    graph: BipartiteGraph, *, user: Any = None, item: Any = None
) -> BipartiteGraph:
    """Returns a graph whose users or items have features, from a table of each side.

    The first column of a table holds the ids. In others, numbers become one feature, of
    mean 0 and deviation 1 over the nodes; words, parted by ``|`` where there are
    several, become a feature each, which is 1 where the word stands. Features are in
    the order of the columns and, in a column of words, of the alphabet; they are sparse
    if there are words.

    Args:
        graph (BipartiteGraph): The graph.
        user (optional): A data frame as :func:`from_dataframe` takes it, or a file:
            Parquet, or text with a header, parted by tabs, semicolons or commas. It
            needs a row for each user of the graph; rows of others are left out.
            (default: none; users stay as they are)
        item (optional): Likewise of items. (default: none)

    Returns:
        Another graph, which has the features in ``x``.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If a node has no row or several, there is no column of features, a
            column holds neither numbers nor words, or a number is missing.

    Example:
        >>> import torch
        >>> pairs = torch.tensor([[0, 1], [0, 1]])
        >>> graph = BipartiteGraph.from_edge_index(pairs, 2, 2)
        >>> films = pl.DataFrame({"film": [1, 0], "genres": ["war", "love|war"]})
        >>> with_features(graph, item=films)["item"].x.to_dense()
        tensor([[1., 1.],
                [0., 1.]])
    """
    maps = {"user": graph.user_ids, "item": graph.item_ids}
    given = zip(SIDES, (user, item), strict=True)
    return NodeFeatures(
        **{
            side: _features(table, side, maps[side])
            for side, table in given
            if table is not None
        }
    ).put(graph)


def _features(table: Any, side: str, ids: IdMap) -> Tensor:
    is_file = isinstance(table, str | os.PathLike)
    table = _from_file(table, side) if is_file else opened(table)
    names = names_of(table)
    if len(names) < 2:
        raise ValueError(
            f"'{side}' needs a table of ids and, in further columns, of features "
            f"(got the columns {names})"
        )
    columns = take_columns(table, {str(place): place for place in range(len(names))})
    place = IdMap(columns.pop("0"), side).find(ids.ids())
    missing = (place < 0).nonzero().flatten()
    if missing.numel() > 0:
        raise ValueError(
            f"'{side}' needs a row for each {side} of the graph (got none for "
            f"{missing.numel()} of {len(ids)}, such as {ids.ids(missing[:1])[0]!r})"
        )
    rows = pl.Series(place.numpy())
    series = [
        raw_column(values, name).gather(rows).alias(name)
        for name, values in zip(names[1:], columns.values(), strict=True)
    ]
    x = features_of_columns(series, side)
    logger.info("%d features of each %s, from %s", x.size(1), side, names[1:])
    return x


def _from_file(path: str | os.PathLike[str], side: str) -> pl.DataFrame:
    """Read all columns; those of text whose every field is a number hold numbers."""
    check_no_pipe(path, side)
    try:
        with open(path, "rb") as file:
            if file.read(len(_PARQUET_MAGIC)) == _PARQUET_MAGIC:
                file.seek(0)
                return pl.read_parquet(file)
        content = as_utf8(read_content(path), side)
        header = content.partition(b"\n")[0].decode()
        delimiter = next((one for one in _DELIMITERS if one in header), ",")
        frame = pl.read_csv(
            io.BytesIO(content), separator=delimiter, infer_schema=False
        )
    except UNREADABLE as error:
        if isinstance(error, OSError):
            raise
        raise ValueError(
            f"'{side}' needs a table of Parquet, or of text with a header "
            f"(got '{os.fspath(path)}': {first_line(error)})"
        ) from error
    first, *others = frame.get_columns()
    return pl.DataFrame([ids_of_text(first), *map(_numbers_of_text, others)])


def _numbers_of_text(text: pl.Series) -> pl.Series:
    """Read numbers where all that stands there are numbers; gaps stay gaps."""
    numbers = text.str.strip_chars().cast(pl.Float64, strict=False)
    is_text = numbers.is_null() & text.is_not_null()
    return text if is_text.any() or numbers.null_count() == len(text) else numbers
