"""JSON: an object a line, or a list of objects, each an interaction."""

import json
import os
import re
from array import array
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import polars as pl

from tvdiff_pyg.data.reading.place import Read
from tvdiff_pyg.data.reading.sniff import text_lines
from tvdiff_pyg.data.reading.text_ids import text_ids
from tvdiff_pyg.data.roles import Column, find_columns, report

_SAMPLE = 50
_STARTS = re.compile(rb"\s*(?:\{|\[\s*\{)")


class _Twice(NamedTuple):
    """Stands for an object that has a key twice."""

    key: str


def is_json(content: bytes) -> bool:
    """Returns whether a text starts like objects, or like a list of them."""
    return _STARTS.match(content) is not None


def read_json(
    content: bytes, path: str | os.PathLike[str], wanted: Mapping[str, Column | None]
) -> Read:
    r"""Reads JSON lines, or one list of objects.

    Args:
        content (bytes): The text, in UTF-8.
        path: The file, for messages.
        wanted: The columns, as :func:`find_columns` takes them; the keys of the first
            objects are the names.

    Returns:
        The columns by argument, and where each row stands.

    Raises:
        ValueError: If a line is no object, or an id is missing; the line is named.

    Example:
        >>> wanted = {"user": None, "item": None}
        >>> read_json(b'{"item": "a", "user": 1}\n', "log", wanted).frame.rows()
        [(1, 'a')]
    """
    objects = _objects(content, path)
    places, first = array("q"), []
    for place, one in objects:
        places.append(place)
        first.append(one)
        if len(first) == _SAMPLE:
            break
    names = list(dict.fromkeys(key for one in first for key in one))
    found = find_columns(names, wanted)
    report(names, found)
    keys = {argument: names[place] for argument, place in found.items()}
    columns: dict[str, list[Any]] = {
        argument: [one.get(key) for one in first] for argument, key in keys.items()
    }
    for place, one in objects:
        places.append(place)
        for argument, key in keys.items():
            columns[argument].append(one.get(key))
    unit = "object" if _is_list(content) else "line"

    def where(row: int) -> str:
        return f"{unit} {places[row]}"

    frame = pl.DataFrame(
        _column(values, argument, path, where) for argument, values in columns.items()
    )
    return Read(frame, where)


def _is_list(content: bytes) -> bool:
    return content.lstrip().startswith(b"[")


def _objects(
    content: bytes, path: str | os.PathLike[str]
) -> Iterator[tuple[int, dict[str, Any]]]:
    if _is_list(content):
        for place, one in enumerate(_parsed(content.decode(), path, 1), 1):
            yield place, _object(one, path, f"object {place}")
        return
    for line, text in enumerate(text_lines(content), 1):
        if text.strip():
            yield line, _object(_parsed(text, path, line), path, f"line {line}")


def _parsed(text: str, path: str | os.PathLike[str], line: int) -> Any:
    try:
        return _DECODER.decode(text)
    except (RecursionError, ValueError) as error:
        if isinstance(error, json.JSONDecodeError):
            line, reason = line + error.lineno - 1, error.msg
        else:
            reason = str(error)
        raise ValueError(
            f"'{os.fspath(path)}' needs an object of JSON in every line "
            f"(got an error in line {line}: {reason})"
        ) from error


def _once(pairs: list[tuple[str, Any]]) -> "dict[str, Any] | _Twice":
    """Return an object, or which of its keys it has twice."""
    one = dict(pairs)
    if len(one) == len(pairs):
        return one
    keys = [key for key, _ in pairs]
    return _Twice(next(key for key in keys if keys.count(key) > 1))


_DECODER = json.JSONDecoder(object_pairs_hook=_once)  # Built once: that takes time.


def _object(one: Any, path: str | os.PathLike[str], where: str) -> dict[str, Any]:
    if isinstance(one, dict):
        return one
    if isinstance(one, _Twice):
        raise ValueError(
            f"'{os.fspath(path)}' needs each key once in an object "
            f"(got {one.key[:40]!r} twice in {where})"
        )
    raise ValueError(
        f"'{os.fspath(path)}' needs objects of JSON (got {str(one)[:40]!r} in {where})"
    )


def _column(
    values: list[Any],
    name: str,
    path: str | os.PathLike[str],
    where: Callable[[int], str],
) -> pl.Series:
    words = [_word(value) for value in values]
    if None in words:
        row = words.index(None)
        raise ValueError(
            f"'{name}' needs a number or a word in every row "
            f"(got {str(values[row])[:40]!r} in {where(row)} of '{os.fspath(path)}')"
        )
    try:
        series = pl.Series(words, dtype=pl.String)
    except UnicodeEncodeError as error:
        raise ValueError(
            f"'{name}' needs words of whole characters (got {str(error.object)[:40]!r} "
            f"in {where(words.index(error.object))} of '{os.fspath(path)}')"
        ) from error
    if name in ("user", "item"):
        series = text_ids(series, name, path, where)
    return series.alias(name)


def _word(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
