"""From text and Parquet files to the canonical table of interactions."""

import io
import os
from pathlib import Path

import polars as pl

from tvdiff_pyg.data.id_map import CANONICAL_INT
from tvdiff_pyg.data.interaction_table import (
    Column,
    canonical_frame,
    column_name,
    named_columns,
)
from tvdiff_pyg.data.sniff import TextFormat, sniff

_PARQUET_MAGIC = b"PAR1"
_NULL_WORDS = ["NaN", "nan", "null", "NULL"]


def read_interactions(
    path: str | os.PathLike[str],
    *,
    user: Column = 0,
    item: Column = 1,
    rating: Column | None = None,
    timestamp: Column | None = None,
    delimiter: str | None = None,
    header: bool | None = None,
) -> pl.DataFrame:
    r"""Reads a CSV, TSV (both may be gzipped) or Parquet file.

    In text, ids are integers if every one is written like one (``7``, not ``007``), and
    strings otherwise.

    Args:
        path: The file.
        user (str or int): The column of users, by name or number. (default: ``0``)
        item (str or int): The column of items. (default: ``1``)
        rating (str or int, optional): The column of ratings. (default: none)
        timestamp (str or int, optional): The column of times: numbers, or dates as
            ISO 8601 writes them. (default: none)
        delimiter (str, optional): What parts the fields of a text file.
            (default: detected among tab, comma, semicolon, pipe, space and ``::``)
        header (bool, optional): Whether the first line names the columns.
            (default: yes if a column is given by name, else detected)

    Returns:
        Columns ``user``, ``item`` and the optional ones asked for.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is empty, a column is missing, an id is empty or a
            number cannot be read.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "log.csv").write_text("user,item\n1,a\n2,b\n")
        ...     read_interactions(Path(folder, "log.csv"))["item"].to_list()
        ['a', 'b']
    """
    path = Path(path)
    wanted = named_columns(user, item, rating, timestamp)
    if _is_parquet(path):
        # Only the schema is read before the columns are known to be there.
        names = pl.read_parquet_schema(path)
        columns = [column_name(list(names), key, arg) for arg, key in wanted.items()]
        frame = pl.read_parquet(path, columns=list(dict.fromkeys(columns)))
    else:
        text = sniff(path, list(wanted.values()), delimiter, header)
        columns = [column_name(text.names, key, arg) for arg, key in wanted.items()]
        frame = _read_text(path, text)
        frame = frame.with_columns(_inferred_ids(frame[name]) for name in columns[:2])
    return canonical_frame(frame, **dict(zip(wanted, columns, strict=True)))


def _is_parquet(path: Path) -> bool:
    with open(path, "rb") as file:
        return file.read(len(_PARQUET_MAGIC)) == _PARQUET_MAGIC


def _read_text(path: Path, text: TextFormat) -> pl.DataFrame:
    source: Path | io.BytesIO = path
    delimiter = text.delimiter
    if len(delimiter) > 1:  # polars parts fields by single bytes only.
        content = path.read_bytes().replace(delimiter.encode(), b"\t")
        source, delimiter = io.BytesIO(content), "\t"
    try:
        return pl.read_csv(
            source,
            separator=delimiter,
            has_header=text.header,
            new_columns=text.names,
            infer_schema=False,
            null_values=_NULL_WORDS,
            encoding="utf8-lossy",
            # Quotes are part of the field in tab-separated files.
            quote_char=None if delimiter == "\t" else '"',
        )
    except pl.exceptions.PolarsError as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"'{path}' cannot be read as a table: {reason}") from error


def _inferred_ids(text: pl.Series) -> pl.Series:
    text = text.str.strip_chars().replace("", None)
    is_int = text.str.contains(CANONICAL_INT).all()
    return text.cast(pl.Int64) if is_int else text
