"""What each test user counts in the cells of a study, in files beside their records."""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from tvdiff_pyg.files import replacing
from tvdiff_pyg.grid.records import Record

# What tells the record of a cell from others.
KEY = (
    "experiment",
    "data",
    "model",
    "variant",
    "settings",
    "protocol",
    "seed",
    "conditions",
)


@dataclass(frozen=True)
class KeptUsers:
    """Frames of users, a file a cell.

    Args:
        folder: Where they are; made if absent.
    """

    folder: Path

    def file(self, record: Record) -> Path:
        """Return the file of a cell.

        Args:
            record: Its key or its record.
        """
        key = {name: record[name] for name in KEY if name in record}
        digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
        name = "-".join(str(record[part]) for part in ("data", "variant", "seed"))
        readable = re.sub(r"[^\w.]+", "-", name)[:80]
        return self.folder / f"{readable}-{digest[:16]}.parquet"

    def write(self, record: Record, frame: pl.DataFrame) -> None:
        """Keep what users count in a cell.

        Args:
            record: Its key.
            frame: A row for each user, as of ``metrics_per_user.parquet``.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with replacing(self.file(record)) as partial:
            frame.write_parquet(partial)

    def read(self, record: Record) -> pl.DataFrame | None:
        """Return what users count in a cell; ``None`` where it was not kept.

        Args:
            record: Its record.

        Raises:
            ValueError: If the file cannot be read.
        """
        file = self.file(record)
        if not file.exists():
            return None
        try:
            return pl.read_parquet(file)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise ValueError(
                f"'users' needs files as they were written (got {file}: {error})"
            ) from error
