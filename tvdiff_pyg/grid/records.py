"""Results as JSON lines: one record a measurement, in one format for all of them.

A name means the same in every file of records; what says nothing is left out.

Which measurement it is:

- ``experiment``: the study or the benchmark.
- ``data``: the data, as :class:`~tvdiff_pyg.data.DataOptions` names it.
- ``model``: the model, by its registered name.
- ``variant``: what the experiment calls these settings.
- ``settings``: those of the model and of its training, flat and plain, by name. One
  that is missing had its default.
- ``protocol``: how the epoch was chosen, ``"standard"`` or ``"paper"``.
- ``seed``: of the split, and of all that is random.
- ``conditions``: what else the figures depend on, by name, such as ``repeats``.

What was found:

- ``metrics``: ranking metrics, by held-out part and name:
  ``{"test": {"ndcg@20": 0.25}}``.
- ``draws``: means of such a metric of the test part over users drawn anew, by its name:
  those of :func:`~tvdiff_pyg.significance.shared_means`.
- ``graph``: how many users, items, and interactions of each part there were.
- ``epochs``, ``best_epoch``, ``linear_share``, ``linear_neighbors``, ``findings``: what
  training says of itself; ``curve``: its checks.
- ``measures``: all other figures, by name.
- ``seconds``: by what was timed and, where several sides are compared, by side.
- ``memory_mb``: the same of memory, in units of 2**20 bytes.
- ``error``: why nothing was found; ``note``: what a reader has to know.

Under what: ``hardware`` (``device``, ``cpu``, ``cores``, ``threads``, ``gpu``) and
``versions``, by package.

A line ends with a ``checksum`` of all that; lines of earlier versions have none.
"""

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tvdiff_pyg.files import append, check_no_pipe, write_text
from tvdiff_pyg.grid.checksums import with_checksum, without_checksum

Record = dict[str, Any]

_NUMBER = (int, float)
# What the values of those that are mappings are of.
_VALUES: dict[str, tuple[type, ...]] = {
    "metrics": (dict,),
    "draws": (list,),
    "graph": (int,),
    "measures": (*_NUMBER, dict, list, type(None)),
    "seconds": (*_NUMBER, dict, type(None)),
    "memory_mb": (*_NUMBER, dict),
    "hardware": (int, str),
    "versions": (str,),
}

#: The names of a record in their order, and the kind of what they hold.
FORMAT: dict[str, type | tuple[type, ...]] = {
    "experiment": str,
    "data": str,
    "model": str,
    "variant": str,
    "settings": dict,
    "protocol": str,
    "seed": int,
    "conditions": dict,
    "metrics": dict,
    "draws": dict,
    "graph": dict,
    "epochs": int,
    "best_epoch": int,
    "linear_share": (int, float),
    "linear_neighbors": int,
    "linear_l2": (int, float),
    "popularity_share": (int, float),
    "findings": list,
    "curve": list,
    "measures": dict,
    "seconds": dict,
    "memory_mb": dict,
    "error": str,
    "note": str,
    "hardware": dict,
    "versions": dict,
}
REQUIRED = ("experiment", "data", "hardware", "versions")


def check_record(record: Mapping[str, Any]) -> None:
    """Check that a record is of the format of this module.

    Args:
        record: The record.

    Raises:
        ValueError: If a name is missing or unknown, or holds something else.

    Example:
        >>> check_record({"experiment": "speed", "dataset": "lastfm"})
        Traceback (most recent call last):
            ...
        ValueError: 'record' needs names of the format alone (got 'dataset')
    """
    for name, value in record.items():
        if name not in FORMAT:
            raise ValueError(f"'record' needs names of the format alone (got {name!r})")
        if not isinstance(value, FORMAT[name]):
            raise ValueError(
                f"'{name}' needs to be of {FORMAT[name]} in a record (got {value!r})"
            )
        for one, inner in record[name].items() if name in _VALUES else ():
            _check_value(name, one, inner)
    for name in REQUIRED:
        if name not in record:
            raise ValueError(f"'record' needs {name!r} (got {sorted(record)})")


def _check_value(name: str, one: str, value: Any) -> None:
    """Raise unless a value in one of a record's mappings is of its kind."""
    fits = isinstance(value, _VALUES[name])
    if name == "metrics":
        fits = fits and bool(value) and all(map(_is_share, value.values()))
    if not fits:
        raise ValueError(
            f"'{name}' needs values of its kind in a record (got {value!r} as {one!r})"
        )


def _is_share(value: Any) -> bool:
    return isinstance(value, _NUMBER) and math.isfinite(value) and value >= 0


def append_record(file: Path, record: Mapping[str, Any]) -> None:
    """Add one line, at once, so that a long run can be cut off and continued.

    Args:
        file: The file, made if absent, with its folder.
        record: A record of the format above.

    Raises:
        ValueError: If it is not of that format.
    """
    line = _line(record)
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.exists():
        cut_off_torn_line(file)
    append(file, line.encode())


def write_records(file: Path, records: Iterable[Mapping[str, Any]]) -> None:
    """Write a file of records, whole or not at all.

    Args:
        file: The file; an existing one is replaced.
        records: Records of the format above.

    Raises:
        ValueError: If one is not of that format.
    """
    write_text(file, "".join(map(_line, records)))


def read_records(file: Path) -> list[Record]:
    """Return all records of a file; none if it is absent.

    Args:
        file: A file of JSON lines. A last line whose writing was interrupted is left
            out.

    Raises:
        ValueError: If a line is no record in JSON, or was changed since.
    """
    if not file.exists():
        return []
    check_no_pipe(file)
    *whole, _ = file.read_bytes().split(b"\n")
    return [_record(line, file, number) for number, line in enumerate(whole, start=1)]


def read_all_records(files: Iterable[Path]) -> list[Record]:
    """Return the records of several files, one after the other.

    Args:
        files: Files of JSON lines, which may be absent.
    """
    return [record for file in files for record in read_records(file)]


def _line(record: Mapping[str, Any]) -> str:
    check_record(record)
    ordered = {name: record[name] for name in FORMAT if name in record}
    return json.dumps(with_checksum(ordered)) + "\n"


def _record(line: bytes, file: Path, number: int) -> Record:
    try:
        record = without_checksum(dict(json.loads(line)))
        check_record(record)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(
            f"'file' needs to hold a record in JSON in each line "
            f"(got another in line {number} of {file}: {error})"
        ) from error
    return record


def cut_off_torn_line(file: Path) -> None:
    """Remove a last line whose writing was interrupted, so that the next stands alone.

    Args:
        file: A file of lines.
    """
    check_no_pipe(file)
    content = file.read_bytes()
    if not content.endswith(b"\n"):
        with file.open("r+b") as lines:
            lines.truncate(content.rfind(b"\n") + 1)
