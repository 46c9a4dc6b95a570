"""Files that appear whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[str]:
    """Give a file to write to, which takes another's place once it is whole.

    Args:
        path: The file to replace, if there is one; it stays as it is if writing fails.

    Yields:
        The file to write to.

    Example:
        >>> import tempfile, pathlib
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = pathlib.Path(folder, "note.txt")
        ...     with replacing(file) as partial:
        ...         _ = pathlib.Path(partial).write_text("all of it")
        ...     file.read_text()
        'all of it'
    """
    # Beside the target: os.replace is atomic only within one file system.
    partial = f"{os.fspath(path)}.partial"
    try:
        yield partial
        os.replace(partial, path)
    finally:
        if os.path.exists(partial):
            os.unlink(partial)
