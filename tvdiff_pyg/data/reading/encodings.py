"""Text in any encoding, as UTF-8. No byte is replaced: two ids would become one."""

import codecs
import os
import re
import unicodedata

_CHUNK = 2**20
# The longer ones first: one is how another begins.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8", ("utf-8", "utf-8-sig")),
    (codecs.BOM_UTF32_LE, "utf-32-le", ("utf-32", "utf-32-le")),
    (codecs.BOM_UTF32_BE, "utf-32-be", ("utf-32", "utf-32-be")),
    (codecs.BOM_UTF16_LE, "utf-16-le", ("utf-16", "utf-16-le")),
    (codecs.BOM_UTF16_BE, "utf-16-be", ("utf-16", "utf-16-be")),
)


# Of one byte a character; the second has quotes, dashes where the first has controls.
_OF_ONE_BYTE = "latin-1", "cp1252"


def as_utf8(
    content: bytes,
    path: str | os.PathLike[str],
    encoding: str | None = None,
    option: str | None = None,
) -> bytes:
    """Returns text in UTF-8, without the mark at its start.

    Args:
        content (bytes): The text as it stands in a file.
        path: The file, or the argument that gave it, for messages.
        encoding (str, optional): Its encoding, by any name that Python knows.
            (default: as the mark at its start says, else UTF-8)
        option (str, optional): What could say so, for messages. (default: nothing)

    Raises:
        ValueError: If the encoding is unknown, or the text is written in another one.

    Example:
        >>> as_utf8("é,1".encode("utf-16"), "log.csv").decode()
        'é,1'
    """
    given = None if encoding is None else _codec(encoding)
    for mark, marked, names in _MARKS:
        if content.startswith(mark):
            if given not in (None, *names):
                raise ValueError(
                    f"'encoding' needs to be {marked!r}, as the mark at the start of "
                    f"'{os.fspath(path)}' says (got {encoding!r})"
                )
            given, content = marked, content[len(mark) :]
            break
    codec = given or "utf-8"
    if codec in ("utf-8", "ascii") and content.isascii():
        return content
    try:
        # Where files were joined, the mark of each is left.
        text = _transcoded(content, codec)
        return text.replace(b"\n" + codecs.BOM_UTF8, b"\n")
    except _UnreadableError as error:
        wanted = f"text in {encoding or codec}" if given else "UTF-8"
        if option is not None and not given:
            wanted += f", or {option} to say what it is"
        raise ValueError(
            f"'{os.fspath(path)}' needs to be {wanted} ({error})"
        ) from error


class _UnreadableError(Exception):
    pass


def _codec(encoding: str) -> str:
    try:
        found = codecs.lookup(encoding)
        # Refuses what turns bytes into bytes, as "zip" does, or skips nothing.
        b"1".decode(encoding, "ignore")
    except (LookupError, TypeError, ValueError) as error:
        raise ValueError(
            "'encoding' needs to be one that Python knows, such as 'latin-1' or "
            f"'cp1252' (got {encoding!r})"
        ) from error
    return found.name


def _transcoded(content: bytes, codec: str) -> bytes:
    decoder = codecs.getincrementaldecoder(codec)()
    parts: list[bytes] = []
    for start in range(0, len(content), _CHUNK):
        chunk = content[start : start + _CHUNK]
        try:
            text = decoder.decode(chunk, final=start + _CHUNK >= len(content))
        except UnicodeError as error:
            before = content[:start] if codec == "utf-8" else b"".join(parts)
            said = _where(error, codec, before)
            if codec in ("utf-8", "ascii") and isinstance(error, UnicodeDecodeError):
                # The decoder may have kept the start of a character.
                end = start + len(chunk)
                said += _reader(content, end - len(error.object) + error.start)
            raise _UnreadableError(said) from error
        # What is UTF-8 already is only looked through.
        if codec != "utf-8":
            parts.append(text.encode())
    return content if codec == "utf-8" else b"".join(parts)


def _where(error: UnicodeError, codec: str, before: bytes) -> str:
    if not isinstance(error, UnicodeDecodeError):
        return f"got {error}"
    # The decoder may have kept the start of a character from the chunk before.
    chunk = error.object[: error.start].decode(codec, "ignore").encode()
    line = len(re.findall(b"\r\n?|\n", before + chunk)) + 1
    return f"got the byte 0x{error.object[error.start]:02x} in line {line}"


def _reader(content: bytes, place: int) -> str:
    """Say which encoding reads the line of a byte, if one of those at hand does."""
    first = 1 + max(content.rfind(end, 0, place) for end in (b"\n", b"\r"))
    line = re.compile(b"[^\r\n]*").match(content, first)
    assert line is not None
    for codec in _OF_ONE_BYTE:
        text = line[0].decode(codec, "replace").replace("\t", " ")
        if "Cc" not in map(unicodedata.category, text) and "\ufffd" not in text:
            return f", which {codec!r} reads"
    return ""
