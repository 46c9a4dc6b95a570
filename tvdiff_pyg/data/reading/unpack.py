"""The content of a file, unpacked where it is compressed, whatever it is called."""

import bz2
import gzip
import lzma
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import IO, Any

from tvdiff_pyg.data.reading.foreign import refuse_as, refuse_foreign

# Logs of interactions shrink to a fifth or a tenth. What unpacks to more than this many
# times its size, and to more than 64 MiB, is refused before it fills the memory.
MAX_RATIO = 100
_ALWAYS_ALLOWED = 64 * 2**20

_HEAD, _CHUNK = 512, 2**20
_DAMAGED = (
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
    lzma.LZMAError,
    zipfile.BadZipFile,
    zlib.error,
)


def read_content(path: str | os.PathLike[str]) -> bytes:
    """Reads a file, and unpacks it if it is compressed by gzip, bz2, xz, zstd or zip.

    Args:
        path: The file.

    Returns:
        What it holds.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged, unpacks to more than 100 times its size (and
            64 MiB), holds several files, or is of a kind that is no text.

    Example:
        >>> import tempfile, pathlib
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = pathlib.Path(folder, "log.csv")
        ...     _ = file.write_bytes(gzip.compress(b"1,2"))
        ...     read_content(file)
        b'1,2'
    """
    with open(path, "rb") as file:
        head = file.read(_HEAD)
        file.seek(0)
        opener = _opener(head)
        if opener is None:
            content = file.read()
        else:
            with opener(file, path) as stream:
                content = _bounded(stream, file, path)
    if opener is not None and _opener(content[:_HEAD]) is not None:
        refuse_as(path, "compressed twice; unpack it first")
    refuse_foreign(content[:_HEAD], path)
    return content


def _bounded(stream: IO[bytes], file: IO[bytes], path: str | os.PathLike[str]) -> bytes:
    chunks: list[bytes] = []
    size, too_much = 0, False
    try:
        while not too_much and (chunk := stream.read(_CHUNK)):
            chunks.append(chunk)
            size += len(chunk)
            # Of what was read so far: a bomb shows before it has grown.
            too_much = size > max(MAX_RATIO * file.tell(), _ALWAYS_ALLOWED)
    except _DAMAGED as error:
        raise ValueError(
            f"'{os.fspath(path)}' needs to be a whole file "
            f"(it cannot be unpacked: {error})"
        ) from error
    if too_much:
        raise ValueError(
            f"'{os.fspath(path)}' needs to unpack to at most {MAX_RATIO} times its "
            "size, or 64 MiB (it holds more; unpack it first, if that is meant)"
        )
    return b"".join(chunks)


Opener = Callable[[IO[bytes], Any], Any]


def _opener(head: bytes) -> Opener | None:
    return next((one for mark, one in _OPENERS if head.startswith(mark)), None)


@contextmanager
def _zip_member(file: IO[bytes], path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    try:
        archive = zipfile.ZipFile(file)
        names = [one.filename for one in archive.infolist() if not one.is_dir()]
        _refuse_documents(names, path)
        names = [name for name in names if not name.startswith("__MACOSX/")]
        if len(names) != 1:
            refuse_as(path, f"a zip archive of {len(names)} files; unpack it first")
        member = archive.open(names[0])
    except (NotImplementedError, RuntimeError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"'{os.fspath(path)}' needs to be a whole file "
            f"(it cannot be unpacked: {error})"
        ) from error
    with archive, member:
        yield member


def _refuse_documents(names: list[str], path: str | os.PathLike[str]) -> None:
    if "[Content_Types].xml" in names:
        is_excel = any(name.startswith("xl/") for name in names)
        kind = "an Excel workbook" if is_excel else "an Office document"
        refuse_as(path, f"{kind}; export the table as CSV")
    if "mimetype" in names:
        refuse_as(path, "an OpenDocument file; export the table as CSV")
    if any(name.endswith(".npy") for name in names):
        refuse_as(path, "an archive of NumPy; read it there, for from_arrays")
    if any(name.endswith("data.pkl") for name in names):
        refuse_as(path, "a file of PyTorch")


def _zstd(file: IO[bytes], path: str | os.PathLike[str]) -> Any:
    # Python has it from 3.14 on.
    try:
        return import_module("compression.zstd").open(file)
    except ImportError:
        pass
    try:
        return import_module("pyarrow").CompressedInputStream(file, "zstd")
    except ImportError:
        refuse_as(path, "compressed by zstd; unpack it, or install pyarrow")


_OPENERS: tuple[tuple[bytes, Opener], ...] = (
    (b"\x1f\x8b", lambda file, _: gzip.GzipFile(fileobj=file)),
    (b"BZh", lambda file, _: bz2.BZ2File(file)),
    (b"\xfd7zXZ\x00", lambda file, _: lzma.LZMAFile(file)),  # noqa: SIM115
    (b"\x28\xb5\x2f\xfd", _zstd),
    (b"PK\x03\x04", _zip_member),
    (b"PK\x05\x06", _zip_member),  # An archive of nothing.
)
