"""Files that hold no interactions: they are called what they are."""

import os

_AS_CSV = "; export the table as CSV"
_BY_PANDAS = "; write the table as CSV or Parquet with what made it"

# Where the mark stands, the mark, what the file is, and what to do about it.
_MARKS = (
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook", _AS_CSV),
    (0, b"SQLite format 3\0", "an SQLite data base", _AS_CSV),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file", _BY_PANDAS),
    (0, b"\x93NUMPY", "an array of NumPy", "; read it there, for from_arrays"),
    (0, b"PAR1", "a Parquet file, compressed once more", "; unpack it first"),
    (0, b"ARROW1", "an Arrow (Feather) file", _BY_PANDAS),
    (0, b"\xff\xff\xff\xff", "a stream of Arrow", _BY_PANDAS),
    (0, b"$FL2", "a file of SPSS", _AS_CSV),
    (0, b"<stata_dta>", "a file of Stata", _AS_CSV),
    (0, b"FEA1", "a Feather file", _BY_PANDAS),
    (0, b"ORC", "an ORC file", _BY_PANDAS),
    (0, b"Obj\x01", "an Avro file", _BY_PANDAS),
    (0, b"RDX", "a workspace of R", _AS_CSV),
    (0, b"RDA", "a workspace of R", _AS_CSV),
    (0, b"X\n\0\0\0", "an object of R", _AS_CSV),
    (0, b"MATLAB 5.0", "a file of MATLAB", _BY_PANDAS),
    (0, b"%PDF-", "a PDF document", ""),
    (0, b"\x89PNG", "an image", ""),
    (0, b"\xff\xd8\xff", "an image", ""),
    (0, b"GIF8", "an image", ""),
    (
        0,
        b"%%MatrixMarket",
        "a matrix of Matrix Market",
        "; read it with scipy.io.mmread, for from_arrays",
    ),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", "; unpack it first"),
    (0, b"Rar!\x1a\x07", "a RAR archive", "; unpack it first"),
    (0, b"\x04\x22\x4d\x18", "compressed by LZ4", "; unpack it first"),
    (0, b"\x1f\x9d", "compressed by compress", "; unpack it first"),
    (0, b"\xff\x06\0\0sNaPpY", "compressed by Snappy", "; unpack it first"),
    (257, b"ustar", "a tar archive", "; unpack it first"),
    (0, b"\x7fELF", "a program", ""),
    (
        0,
        b"version https://git-lfs.github.com/spec",
        "a pointer of Git LFS",
        "; fetch the file itself with 'git lfs pull'",
    ),
)
# Protocol 2 and later start with these two bytes; nothing else is read of the file.
_PICKLES = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))
_MARKUP = (b"<!doctype", b"<html", b"<?xml", b"<!--", b"<svg")


def refuse_foreign(head: bytes, path: str | os.PathLike[str]) -> None:
    """Raises if a file is of a kind that holds no table of text.

    Args:
        head (bytes): How the file starts: 512 bytes are enough.
        path: The file, for the message.

    Raises:
        ValueError: If it is of such a kind, which is named.

    Example:
        >>> refuse_foreign(b"%PDF-1.4", "log.csv")
        Traceback (most recent call last):
            ...
        ValueError: 'log.csv' needs to be a file of interactions (it is a PDF document)
    """
    for offset, mark, kind, advice in _MARKS:
        if head.startswith(mark, offset):
            refuse_as(path, kind + advice)
    if head.startswith(_PICKLES):
        refuse_as(path, "a pickle of Python" + _BY_PANDAS)
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith(b"@relation"):
        refuse_as(path, "a file of Weka (ARFF)" + _AS_CSV)
    if start.startswith(_MARKUP):
        refuse_as(path, "a page of HTML or XML")


def refuse_as(path: str | os.PathLike[str], kind: str) -> None:
    """Raises, saying what a file is."""
    raise ValueError(
        f"'{os.fspath(path)}' needs to be a file of interactions (it is {kind})"
    )
