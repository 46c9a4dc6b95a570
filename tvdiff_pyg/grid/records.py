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
- ``graph``: how many users, items, and interactions of each part there were.
- ``epochs``, ``best_epoch``, ``linear_share``, ``findings``: what training says of
  itself; ``curve``: its checks.
- ``measures``: all other figures, by name.
- ``seconds``: by what was timed and, where several sides are compared, by side.
- ``memory_mb``: the same of memory, in units of 2**20 bytes.
- ``error``: why nothing was found; ``note``: what a reader has to know.

Under what: ``hardware`` (``device``, ``cpu``, ``cores``, ``threads``, ``gpu``) and
``versions``, by package.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

Record = dict[str, Any]

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
    "graph": dict,
    "epochs": int,
    "best_epoch": int,
    "linear_share": (int, float),
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
    for name in REQUIRED:
        if name not in record:
            raise ValueError(f"'record' needs {name!r} (got {sorted(record)})")


def append_record(file: Path, record: Mapping[str, Any]) -> None:
    """Add one line, at once, so that a long run can be cut off and continued.

    Args:
        file: The file, made if absent, with its folder.
        record: A record of the format above.

    Raises:
        ValueError: If it is not of that format.
    """
    check_record(record)
    ordered = {name: record[name] for name in FORMAT if name in record}
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.exists() and not file.read_bytes().endswith(b"\n"):
        _cut_off_last_line(file)
    with file.open("a") as lines:
        lines.write(json.dumps(ordered) + "\n")


def read_records(file: Path) -> list[Record]:
    """Return all records of a file; none if it is absent.

    Args:
        file: A file of JSON lines. A last line whose writing was interrupted is left
            out.

    Raises:
        ValueError: If a line is not JSON.
    """
    if not file.exists():
        return []
    text = file.read_text()
    whole = text[: text.rfind("\n") + 1]
    try:
        return [json.loads(line) for line in whole.splitlines()]
    except json.JSONDecodeError as error:
        raise ValueError(
            f"'file' needs to hold a JSON record in each line (got {file}: {error})"
        ) from error


def read_all_records(files: Iterable[Path]) -> list[Record]:
    """Return the records of several files, one after the other.

    Args:
        files: Files of JSON lines, which may be absent.
    """
    return [record for file in files for record in read_records(file)]


def _cut_off_last_line(file: Path) -> None:
    """Remove a line whose writing was interrupted, so that the next stands alone."""
    content = file.read_bytes()
    with file.open("r+b") as lines:
        lines.truncate(content.rfind(b"\n") + 1)
