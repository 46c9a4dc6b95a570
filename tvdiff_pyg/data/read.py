"""From files of any kind to the canonical table of interactions."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any, get_args

import polars as pl

from tvdiff_pyg.data.column import UNREADABLE, first_line
from tvdiff_pyg.data.file_format import FileFormat
from tvdiff_pyg.data.interaction_table import canonical_frame
from tvdiff_pyg.data.reading.encodings import as_utf8
from tvdiff_pyg.data.reading.json_lines import is_json, read_json
from tvdiff_pyg.data.reading.place import Read, said_of_file
from tvdiff_pyg.data.reading.read_text import read_text, refuse_unread
from tvdiff_pyg.data.reading.unpack import read_content
from tvdiff_pyg.data.roles import Column, find_columns, report
from tvdiff_pyg.files import check_no_pipe, check_path

_PARQUET_MAGIC = b"PAR1"


def read_interactions(
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
) -> pl.DataFrame:
    r"""Reads a file of interactions: text, JSON or Parquet, compressed or not.

    In text, ids are integers if every one is written like one (``7``, not ``007``), and
    strings otherwise. What was taken for users and for items is logged.

    Args:
        path: The file.
        user (str or int, optional): The column of users, by name or number.
            (default: the one called like that, else column 0)
        item (str or int, optional): The column of items. (default: likewise, column 1)
        rating (str or int, optional): The column of ratings. (default: none)
        weight (str or int, optional): The column of weights, positive numbers.
            (default: none)
        timestamp (str or int, optional): The column of times: numbers, or dates as
            ISO 8601 writes them. (default: none)
        title (str or int, optional): The column of items' titles. (default: none)
        time_format (str, optional): How dates are written otherwise: ``"day-first"``,
            ``"month-first"``, or a format as ``"%m/%d/%Y %H:%M"``.
            (default: found out, where they can be read in one way only)
        delimiter (str, optional): What parts the fields of a text file.
            (default: detected among tab, comma, semicolon, pipe, spaces and ``::``)
        header (bool, optional): Whether the first line names the columns.
            (default: yes if a column is given by name, else detected)
        encoding (str, optional): The encoding of a text file, by any name that Python
            knows. (default: as the mark at its start says, else UTF-8)
        format (str): ``"table"``, ``"adjacency"`` (a user and all its items in each
            line), ``"atomic"`` (of RecBole), ``"json"`` (an object a line, or a list of
            them) or ``"parquet"``. (default: ``"auto"``, by what the file holds)

    Returns:
        Columns ``user``, ``item`` and the optional ones asked for.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is a folder, empty, of another kind or in another
            encoding, a column is missing or cannot be told, an id is empty or a number
            cannot be read.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = pathlib.Path(folder, "log.csv").write_text("user,item\n1,a\n2,b\n")
        ...     read_interactions(pathlib.Path(folder, "log.csv"))["item"].to_list()
        ['a', 'b']
    """
    if format not in get_args(FileFormat):
        raise ValueError(
            f"'format' needs to be one of {list(get_args(FileFormat))} (got {format!r})"
        )
    check_path("path", path)
    if os.path.isdir(path):
        raise ValueError(
            f"'{os.fspath(path)}' needs to be a file (it is a folder): its parts are "
            "read by polars, as in from_dataframe(pl.scan_parquet('FOLDER'))"
        )
    check_no_pipe(path)
    wanted = {
        "user": user,
        "item": item,
        "rating": rating,
        "weight": weight,
        "timestamp": timestamp,
        "title": title,
    }
    written = {"delimiter": delimiter, "header": header, "encoding": encoding}
    frame = _parquet(path, wanted, written, format)
    read = _text(path, wanted, written, format) if frame is None else Read(frame, None)
    if not read.frame.height:
        raise ValueError(
            f"'{os.fspath(path)}' needs at least one interaction (got none)"
        )
    columns: dict[str, Any] = {name: name for name in read.frame.columns}
    try:
        return canonical_frame(read.frame, time_format=time_format, **columns)
    except ValueError as error:
        message = said_of_file(str(error), read.where, os.fspath(path))
        raise ValueError(message) from error


def _parquet(
    path: str | os.PathLike[str],
    wanted: Mapping[str, Column | None],
    written: Mapping[str, Any],
    format: FileFormat,
) -> pl.DataFrame | None:
    with open(path, "rb") as file:
        is_parquet = file.read(len(_PARQUET_MAGIC)) == _PARQUET_MAGIC
        if not is_parquet and format == "parquet":
            raise ValueError(
                f"'{os.fspath(path)}' needs to be a Parquet file, as 'format' says"
            )
        if not is_parquet:
            return None
        if format not in ("auto", "parquet"):
            raise ValueError(
                f"'format' needs to be 'parquet' or 'auto' for '{os.fspath(path)}' "
                f"(got {format!r})"
            )
        refuse_unread(written, "a Parquet file")
        file.seek(0)
        return _from_parquet(file, path, wanted)


def _from_parquet(
    file: IO[bytes],
    path: str | os.PathLike[str],
    wanted: Mapping[str, Column | None],
) -> pl.DataFrame:
    # Only the schema is read before the columns are known to be there. The file is an
    # open one: in a path, polars would read "[1]" as a pattern.
    with _as_parquet(path):
        names = list(pl.read_parquet_schema(file))
    places = find_columns(names, wanted)
    report(names, places)
    columns = {argument: names[place] for argument, place in places.items()}
    file.seek(0)
    with _as_parquet(path):
        frame = pl.read_parquet(file, columns=list(dict.fromkeys(columns.values())))
    return pl.DataFrame([frame[name].alias(one) for one, name in columns.items()])


@contextmanager
def _as_parquet(path: str | os.PathLike[str]) -> Iterator[None]:
    """Say of a file what is wrong with it as Parquet."""
    try:
        yield
    except UNREADABLE as error:
        raise ValueError(
            f"'{os.fspath(path)}' cannot be read as Parquet ({first_line(error)})"
        ) from error


def _text(
    path: str | os.PathLike[str],
    wanted: Mapping[str, Column | None],
    written: Mapping[str, Any],
    format: FileFormat,
) -> Read:
    content = as_utf8(
        read_content(path), path, written["encoding"], "'encoding' (--encoding)"
    )
    nul = content.find(b"\0")
    if nul >= 0:
        line = content.count(b"\n", 0, nul) + 1
        raise ValueError(
            f"'{os.fspath(path)}' needs to be text (got a NUL byte in line "
            f"{line}; if this is UTF-16, 'encoding' "
            "(--encoding) needs to say so)"
        )
    if format == "json" or (format == "auto" and is_json(content)):
        refuse_unread({k: v for k, v in written.items() if k != "encoding"}, "JSON")
        return read_json(content, path, wanted)
    kind = "auto" if format == "parquet" else format
    return read_text(
        content, path, wanted, written["delimiter"], written["header"], kind
    )
