"""Files that are fetched once, and known by the checksum of their rows."""

import hashlib
import shutil
import urllib.request
from pathlib import Path

import polars as pl

from tvdiff_pyg.data.read import read_interactions

TIMEOUT_SECONDS = 60


def rows_checksum(rows: pl.DataFrame) -> str:
    """Return the SHA-256 of the distinct rows, whatever order they come in.

    For pairs of integer ids, it is what a shell says of the file:
    ``cut -f1,2 FILE | sort -n -k1,1 -k2,2 -u | sha256sum``.

    Args:
        rows: Columns ``user`` and ``item``, and perhaps further ones.

    Example:
        >>> one = pl.DataFrame({"user": [1, 2], "item": [5, 3]})
        >>> rows_checksum(one) == rows_checksum(one.reverse())
        True
    """
    distinct = rows.unique().sort(rows.columns)
    lines = distinct.write_csv(separator="\t", include_header=False)
    return hashlib.sha256(lines.encode()).hexdigest()


def read_pinned(
    file: Path, checksum: str, rating: int | None = None, timestamp: int | None = None
) -> pl.DataFrame:
    """Read a file of tab-separated rows that has to hold what is expected.

    Args:
        file: The file, of users, items and perhaps more.
        checksum: Its :func:`rows_checksum`, over all columns that are read.
        rating: The column of ratings. (default: none)
        timestamp: The column of times. (default: none)

    Raises:
        ValueError: If it holds something else, or only a part.
    """
    try:
        rows = read_interactions(
            file, delimiter="\t", header=False, rating=rating, timestamp=timestamp
        )
        found = rows_checksum(rows)
    # A torn archive is reported in many ways: all of them mean another content.
    except (ValueError, OSError, EOFError, pl.exceptions.PolarsError) as error:
        found = f"none: {error}"
    if found != checksum:
        raise ValueError(
            f"{file} needs to hold the published pairs, of SHA-256 {checksum[:12]} "
            f"(got {found if found.startswith('none') else found[:12]})"
        )
    return rows


def fetch(address: str, target: Path) -> None:
    """Fetch a file; the certificate of the server is checked.

    Args:
        address: Where it is, by HTTPS.
        target: Where it goes.

    Raises:
        OSError: If it cannot be fetched as a whole.
    """
    with (
        urllib.request.urlopen(address, timeout=TIMEOUT_SECONDS) as answer,
        target.open("wb") as file,
    ):
        shutil.copyfileobj(answer, file)
