"""The checksums of a run's files, which tell a damaged or foreign one."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tvdiff_pyg.files import PARTIAL, replacing, sha256_of, write_text


@dataclass(frozen=True)
class Manifest:
    """A file that lists the SHA-256 checksums of others, by their names.

    A file's new checksum is listed before the file takes its place, and the old one is
    struck off after: whenever a process is killed, the file is one of those listed.

    Args:
        file: The manifest; made when the first file is written.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     manifest = Manifest(Path(folder, "manifest.json"))
        ...     note = Path(folder, "note.txt")
        ...     with manifest.replacing(note) as partial:
        ...         _ = Path(partial).write_text("mine")
        ...     manifest.check(note)
        ...     _ = note.write_text("yours")
        ...     manifest.check(note)
        Traceback (most recent call last):
            ...
        ValueError: 'run' needs its files as they were written (got .../note.txt, which
        is damaged or of another run: see manifest.json)
    """

    file: Path

    @contextmanager
    def replacing(self, path: Path) -> Iterator[str]:
        """Give a file to write to, as ``files.replacing`` does.

        Args:
            path: The file to replace and to list.
        """
        listed = self.listed()
        before = listed.get(path.name, [])
        try:
            with replacing(path) as partial:
                yield partial
                new = sha256_of(partial)
                self._write(listed | {path.name: list(dict.fromkeys([new, *before]))})
        except OSError:
            if not path.exists():
                self._write(listed)
            raise
        self._write(listed | {path.name: [new]})

    def misses(self, path: Path) -> bool:
        """Whether a file that was written is gone, or a folder in its place.

        Args:
            path: The file. One that a killed process was about to put there for the
                first time is listed as well, and beside its place.
        """
        if path.is_file() or path.name not in self.listed():
            return path.is_dir()
        return not any(path.parent.glob(f"{path.name}.*{PARTIAL}"))

    def check(self, path: Path) -> None:
        """Raise unless a file is as it was written.

        Args:
            path: The file, which is there.

        Raises:
            ValueError: If it is not.
        """
        listed = self.listed()
        while sha256_of(path) not in listed.get(path.name, []):
            # A training that still runs may have replaced it in between.
            before, listed = listed, self.listed()
            if listed == before:
                raise ValueError(
                    f"'run' needs its files as they were written (got {path}, which is "
                    f"damaged or of another run: see {self.file.name})"
                )

    def listed(self) -> dict[str, list[str]]:
        """Return the checksums that a file may have, by its name.

        Raises:
            ValueError: If the manifest itself is damaged.
        """
        if not self.file.is_file():
            return {}
        try:
            found = json.loads(self.file.read_bytes())
            if all(isinstance(one, list) for one in found.values()):
                return dict(found)
        except (ValueError, AttributeError, RecursionError):
            pass
        raise ValueError(
            f"'run' needs its files as they were written (got {self.file}, which is "
            f"damaged)"
        )

    def _write(self, listed: dict[str, list[str]]) -> None:
        write_text(self.file, json.dumps(listed, indent=2) + "\n")
