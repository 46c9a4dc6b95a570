"""Compressed files, files in other encodings, and files of other kinds."""

import bz2
import codecs
import gzip
import io
import lzma
import pickle
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow
import pytest

from tvdiff_pyg.data import read_interactions
from tvdiff_pyg.data.reading import unpack
from tvdiff_pyg.data.reading.encodings import as_utf8
from tvdiff_pyg.data.reading.unpack import read_content

TEXT = b"user,item\n1,2\n3,4\n"


def zipped(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/"), content)
    return buffer.getvalue()


def zstd(content: bytes) -> bytes:
    return bytes(pyarrow.compress(content, "zstd", asbytes=True))


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstd,
    "zip": lambda content: zipped(log=content),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.csv"  # The name says nothing of what is in it.


@pytest.mark.parametrize("kind", PACKERS)
def test_compressed_files_are_read(path: Path, kind: str) -> None:
    path.write_bytes(PACKERS[kind](TEXT))
    assert read_interactions(path).rows() == [(1, 2), (3, 4)]


@pytest.mark.parametrize("kind", PACKERS)
def test_damaged_files_are_refused(path: Path, kind: str) -> None:
    content = PACKERS[kind](TEXT * 1000)
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(
        ValueError, match=r"log\.csv' needs to be a whole file \(it can"
    ):
        read_content(path)


@pytest.mark.parametrize("kind", PACKERS)
def test_bombs_are_refused(
    path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpack, "_ALWAYS_ALLOWED", 2**16)
    path.write_bytes(PACKERS[kind](bytes(2**25)))
    # Zeros shrink to next to nothing, most of all in zstd.
    with pytest.raises(
        ValueError, match=r"needs to unpack to at most 100 times its size"
    ):
        read_content(path)


def test_zstd_needs_a_package(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_bytes(zstd(TEXT))
    for name in ("compression.zstd", "pyarrow"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(
        ValueError, match=r"it is compressed by zstd; unpack it, or ins"
    ):
        read_content(path)


def numpy_archive() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, user=np.arange(3))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (
            zipped(**{"[Content_Types].xml": b"", "xl__workbook.xml": b""}),
            "an Excel work",
        ),
        (
            zipped(**{"[Content_Types].xml": b"", "word__a.xml": b""}),
            "an Office document",
        ),
        (zipped(mimetype=b"application/vnd.oasis"), "an OpenDocument file"),
        (zipped(a=b"1", b=b"2"), "a zip archive of 2 files"),
        (zipped(), "a zip archive of 0 files"),
        (zipped(**{"model__data.pkl": b""}), "a file of PyTorch"),
        (numpy_archive(), "an archive of NumPy"),
        (gzip.compress(bz2.compress(TEXT)), "compressed twice"),
        (gzip.compress(b"PAR1"), "a Parquet file, compressed once more"),
        (gzip.compress(b"RDX3\n"), "a workspace of R"),
        (gzip.compress(bytes(257) + b"ustar"), "a tar archive"),
        (pickle.dumps(pd.DataFrame()), "a pickle of Python"),
        (b"SQLite format 3\0", "an SQLite data base"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            "an Excel workbook; export the table as CSV",
        ),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
        (b"\n<!DOCTYPE html>", "a page of HTML or XML"),
        (b"version https://git-lfs.github.com/spec/v1", "a pointer of Git LFS"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_other_files_are_called_what_they_are(
    path: Path, content: bytes, kind: str
) -> None:
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"a file of interactions \(it is {kind}"):
        read_interactions(path)


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", codecs.BOM_UTF8),
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
        ("utf-32-le", codecs.BOM_UTF32_LE),
        ("utf-32-be", codecs.BOM_UTF32_BE),
    ],
)
def test_marks_are_obeyed(path: Path, encoding: str, mark: bytes) -> None:
    path.write_bytes(mark + "user,item\r\né,1\r\ne,2\r\n".encode(encoding))
    assert read_interactions(path).rows() == [("é", 1), ("e", 2)]
    assert read_interactions(path, encoding=encoding).height == 2
    with pytest.raises(
        ValueError, match=rf"'encoding' needs to be '{encoding}', as the"
    ):
        read_interactions(path, encoding="latin-1")


def test_no_byte_is_replaced(path: Path) -> None:
    content = b'"User-ID";"ISBN"\n"1";"\xb43"\n"2";"9"\n"3";"\xbf3"\n'
    path.write_bytes(content)
    message = (
        r"UTF-8, or 'encoding' \(--encoding\) to say what it is \(got the byte 0xb4 in "
        r"line 2, which 'latin-1' reads\)"
    )
    with pytest.raises(ValueError, match=message):
        read_interactions(path)
    read = read_interactions(path, encoding="latin-1")
    assert read.rows() == [(1, "´3"), (2, "9"), (3, "¿3")]
    assert read_interactions(path, encoding="cp1252").equals(read)


@pytest.mark.parametrize(
    ("line", "reads"),
    [
        ("é\tº", "latin-1"),
        ("a\xa0©", "latin-1"),
        ("it’s", "cp1252"),
        ("“é” – €", "cp1252"),
    ],
)
@pytest.mark.parametrize("far", [0, 2**20 - 7])
@pytest.mark.parametrize("given", [None, "utf-8", "ascii"])
def test_an_encoding_that_reads_a_line_is_named(
    line: str, reads: str, far: int, given: str | None
) -> None:
    content = b"x" * far + b"\r\n" + f"1,{line}\n2,\x81".encode(reads, "ignore")
    with pytest.raises(ValueError, match=rf"in line 2, which '{reads}' reads\)$"):
        as_utf8(content, "log.csv", given)
    assert line in as_utf8(content.splitlines()[1], "log.csv", reads).decode()


@pytest.mark.parametrize(
    "line", [b"\xff\x00a", b"\x8d,1", b"\xc3(\x9d", b"\xe9\x1b[31m"]
)
def test_no_encoding_is_named_that_reads_controls(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"\(got the byte 0x.. in line 2\)$"):
        as_utf8(b"a\n" + line + b"\n\xe9", "log.csv")


@pytest.mark.parametrize("encoding", ["nope", "rot13", "zip", "a\0b", "undefined", ""])
def test_unknown_encodings(encoding: str) -> None:
    with pytest.raises(
        ValueError, match=r"'encoding' needs to be one that Python knows"
    ):
        as_utf8(b"1,2\n", "log.csv", encoding)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"a\r\nb\rc\n\xff", 4),
        # The chunks of a mebibyte begin anew in line 6, and within a character.
        (b"x" * (2**20 - 5) + b"\n" * 5 + b"\xff", 6),
        (b"x\n" + b"x" * (2**20 - 3) + b"\xc3(", 2),
    ],
)
def test_the_line_of_a_bad_byte(content: bytes, line: int) -> None:
    with pytest.raises(ValueError, match=rf"got the byte 0x[cf][3f] in line {line},"):
        as_utf8(content, "log.csv")
    text = "é\n" * 2**19
    assert as_utf8(text.encode("utf-16-le"), "log.csv", "utf-16-le") == text.encode()
