"""Text made regular: as many fields in each line, no quotes, no blank lines.

All of it is done on whole files at once. Where that is not certain to keep the meaning,
there is no result, and the records have to be read one by one.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from tvdiff_pyg.data.reading.records import Dialect

#: What stands for a delimiter, an end of a line and a quote within quotes.
INNER = {b"\x1c": b"", b"\x1d": b"\n", b"\x1b": b"\r", b"\x1a": b'"'}
_DELIMITER, _LINE, _RETURN, _QUOTE = INNER
_CUT = b"\x1e"
_ANY = bytes(range(256))
_PIECE = 2**24
# What spaces are written with, in UTF-8 the first byte of those that are not ASCII.
_SPACES = b" \t\v\f\xc2\xe1\xe2\xe3"
_COMMENT_LINE = re.compile(rb"^[ \t]*[#%].*\n?", re.MULTILINE)


class Regular(NamedTuple):
    """A text whose lines are alike.

    Args:
        body: The text. Within fields, the keys of :data:`INNER` stand for what parts
            fields and lines.
        delimiter: What parts its fields, one character.
        is_bare: Whether no field has a space in it, for certain; those that a key
            stands for do not count.
    """

    body: bytes
    delimiter: str
    is_bare: bool


def regular(body: bytes, dialect: Dialect, width: int) -> Regular | None:
    r"""Makes the lines of a text alike.

    Args:
        body (bytes): The text, in UTF-8, without a header.
        dialect: How its fields are parted.
        width (int): How many there need to be in each line.

    Returns:
        The text made regular; ``None`` if a line is another one.

    Example:
        >>> regular(b"1,\"a b\"\n\n2,c\n", Dialect(",", True), 2)
        Regular(body=b'1,a b\n2,c\n', delimiter=',', is_bare=False)
        >>> regular(b"1,2\n3\n", Dialect(",", True), 2) is None
        True
    """
    delimiter = dialect.delimiter.encode()
    has_quotes = dialect.quoting and b'"' in body
    if (has_quotes or len(delimiter) > 1) and any(x in body for x in (*INNER, _CUT)):
        return None
    if has_quotes:
        body = _without_quotes(body, delimiter)
    if b"\r" in body:
        body = body.replace(b"\r\n", b"\n")
    if delimiter == b" ":
        body = _spaced_once(body)
    if len(delimiter) > 1:
        body, delimiter = body.replace(delimiter, _DELIMITER), _DELIMITER
    is_bare = _is_bare(body, delimiter, width)
    if is_bare is None:
        body = _without_comments(body, delimiter, width)
        body = re.sub(rb"\n{2,}", b"\n", body).removeprefix(b"\n")
        is_bare = _is_bare(body, delimiter, width)
    if is_bare is None:
        return None
    return Regular(body, delimiter.decode(), is_bare)


def _is_bare(body: bytes, delimiter: bytes, width: int) -> bool | None:
    """Return whether no field has a space; ``None`` if lines are not alike."""
    spaces = _SPACES.replace(delimiter, b"")
    kept = body.translate(None, _ANY.translate(None, delimiter + b"\r\n" + spaces))
    parting = kept.translate(None, spaces)
    is_bare = len(kept) == len(parting)
    if not body.endswith(b"\n"):
        parting += b"\n"
    line = delimiter * (width - 1) + b"\n"
    if not body or parting != line * (len(parting) // len(line)):
        return None
    return is_bare


def _without_comments(body: bytes, delimiter: bytes, width: int) -> bytes:
    """Drop lines that start like a comment and have another width."""

    def kept(found: re.Match[bytes]) -> bytes:
        return found[0] if found[0].count(delimiter) == width - 1 else b"\n"

    return _COMMENT_LINE.sub(kept, body)


def _spaced_once(body: bytes) -> bytes:
    if b"  " in body or b"\t" in body:
        body = re.sub(rb"[ \t]+", b" ", body)
    if b"\n " in body or b" \n" in body:
        body = body.replace(b"\n ", b"\n").replace(b" \n", b"\n")
    return body.strip(b" ") if body[:1] == b" " or body[-1:] == b" " else body


def _without_quotes(body: bytes, delimiter: bytes) -> bytes:
    """Drop quotes around whole fields; nothing is left, if there are others."""
    pieces = [_unquoted(piece, delimiter) for piece in _pieces(body)]
    return b"" if None in pieces else b"".join(filter(None, pieces))


def _unquoted(piece: bytes, delimiter: bytes) -> bytes | None:
    if _has_plain_quotes(piece, delimiter):
        return piece.replace(b'"', b"")
    # Between the first and the second quote is the inside of a field, and so on. Where
    # nothing is between two insides, a quote was doubled.
    parts = piece.split(b'"')
    if len(parts) == 1:
        return piece
    outside = [parts[0], *(part or _QUOTE for part in parts[2:-1:2]), parts[-1]]
    is_odd = len(parts) % 2 == 0
    if is_odd or not _are_at_ends(b"\n" + _CUT.join(outside) + b"\n", delimiter):
        return None
    inside = _CUT.join(parts[1::2])
    # Between words that spaces part, a tab is one more, and a line ends what is quoted.
    if delimiter == b" " and any(other in inside for other in (b"\t", b"\r", b"\n")):
        return None
    kept = bytes.maketrans(delimiter + b"\r\n", _DELIMITER + _RETURN + _LINE)
    parts[0::2] = outside
    parts[1::2] = inside.translate(kept).split(_CUT)
    return b"".join(parts)


def _has_plain_quotes(piece: bytes, delimiter: bytes) -> bool:
    """Return whether all quotes are around fields that need none."""
    kept = piece.translate(None, _ANY.translate(None, delimiter + b'\r\n"'))
    if b'"' in kept.replace(b'""', b""):
        return False
    opening = sum(piece.count(one + b'"') for one in (delimiter, b"\n"))
    closing = sum(piece.count(b'"' + one) for one in (delimiter, b"\n", b"\r"))
    opening += piece.startswith(b'"')
    closing += piece.endswith(b'"')
    return 2 * opening == 2 * closing == piece.count(b'"')


def _pieces(body: bytes) -> Iterator[bytes]:
    """Yield some lines at a time, with as many quotes that open as that close."""
    start = 0
    while start < len(body):
        end = body.find(b"\n", start + _PIECE) + 1 or len(body)
        while end < len(body) and body.count(b'"', start, end) % 2:
            end = body.find(b"\n", end) + 1 or len(body)
        yield body[start:end]
        start = end


def _are_at_ends(outside: bytes, delimiter: bytes) -> bool:
    """Return whether all cuts are between the ends of fields, or doubled quotes."""
    before = sum(outside.count(one + _CUT) for one in (delimiter, b"\n", _QUOTE))
    after = sum(outside.count(_CUT + one) for one in (delimiter, b"\n", b"\r", _QUOTE))
    return before == after == outside.count(_CUT)
