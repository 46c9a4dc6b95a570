"""Files of interactions, broken in many ways."""

import gzip
import random
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from tests.fuzz.case import Case
from tvdiff_pyg.data import from_file, read_interactions

CLEAN = [
    "user,item\n" + "".join(f"{u},{i}\n" for u in range(6) for i in range(4)),
    "".join(f"u{u}\titem {i}\t{u + i}.5\n" for u in range(6) for i in range(4)),
    "user_id:token\titem_id:token\n" + "".join(f"a{k}\tb{k % 5}\n" for k in range(20)),
    "".join(f'"x{k}";"y;{k % 3}";{k}\n' for k in range(20)),
    "".join(f"{k}::{k % 7}::3::97830{k:04}\n" for k in range(20)),
]
PIECES = [
    b"",
    b"\x00",
    b"\xff",
    b"\xe9",
    b"\n",
    b"\r",
    b"\n\n",
    b",",
    b"\t",
    b'"',
    b";",
    b"#",
    b"NaN",
    b"null",
    b"None",
    b"-0",
    b"1e400",
    b"9" * 40,
    b"\x1b[31m",
    b"\xef\xbb\xbf",
    b" ",
    b"\xe2\x80\xae",
    b"--",
    b"[",
    b"{",
    b"'",
]
WHOLE = [
    b"",
    b"\n",
    b"\x00",
    b"\x00" * 100,
    b",",
    b"a",
    b"a,b",
    b"a,b\n",
    b"PAR1",
    b"PAR1PAR1",
    b"\x1f\x8b",
    b"BZh9",
    b"\xfd7zXZ\x00",
    b"(\xb5/\xfd",
    b"PK\x03\x04",
    b"\xff\xfe1\x002\x00",
    b"{}",
    b"[]",
    b'{"user": 1}\n',
    b"<html></html>",
    b"SQLite format 3\x00",
    b"\x89HDF\r\n",
    b"user,item\n",
    b"user\n1\n2\n",
    b"1\n2\n3\n",
    b"1,2\n1,2,3,4\n5\n",
    b"user,user\n1,2\n",
    b"a,b\n,\n,\n",
    b'"a,b\n1,2\n',
    b"\xef\xbb\xbf",
    b"1,2" * 5000,
    b",\n" * 50,
    b"%PDF-1.4",
]


def cases(folder: Path, rng: random.Random) -> Iterator[Case]:
    """Yield the cases: what is read has to stand in the file."""
    for number, content in enumerate([*_broken(rng, 240), *WHOLE]):
        path = (
            folder / f"log{number}.{rng.choice(['csv', 'tsv', 'txt', 'inter', 'dat'])}"
        )
        path.write_bytes(content)
        yield _case(path, content)
    table = pl.DataFrame({"user": [1, 2, 3], "item": ["a", "b", "c"]})
    whole = folder / "whole.parquet"
    table.write_parquet(whole)
    packed = {"parquet": whole.read_bytes(), "csv.gz": gzip.compress(CLEAN[0].encode())}
    for ending, content in packed.items():
        for number in range(40):
            path = folder / f"torn{number}.{ending}"
            path.write_bytes(_tear(content, rng))
            yield Case("packed", path.name, lambda path=path: read_interactions(path))
    for number, column in enumerate(_columns()):
        path = folder / f"type{number}.parquet"
        pl.DataFrame({"user": [1, 2, 3], "item": column}).write_parquet(path)
        label = f"items of {column.dtype}"
        yield Case("types", label, lambda path=path: from_file(path, test_ratio=0.0))


def _broken(rng: random.Random, count: int) -> Iterator[bytes]:
    for _ in range(count):
        content = rng.choice(CLEAN).encode()
        for _ in range(rng.randint(1, 3)):
            place = rng.randrange(len(content))
            until = place + rng.choice([0, 0, 1, 5])
            content = content[:place] + rng.choice(PIECES) + content[until:]
        yield content


def _tear(content: bytes, rng: random.Random) -> bytes:
    place = rng.randrange(len(content))
    flipped = bytes([content[place] ^ (1 << rng.randrange(8))])
    return rng.choice(
        [
            content[:place],
            content[place:],
            content[:place] + flipped + content[place + 1 :],
            content[:place] + bytes(9) + content[place:],
        ]
    )


def _case(path: Path, content: bytes) -> Case:
    text = content.decode("latin-1")
    for encoding in ("utf-8-sig", "utf-16"):
        try:
            text += content.decode(encoding)
        except UnicodeError:
            continue

    def holds(frame: pl.DataFrame) -> bool:
        ids = [str(one) for side in ("user", "item") for one in frame[side].to_list()]
        # A quote inside of quotes stands twice.
        return frame.height > 0 and all(
            one in text or one.replace('"', '""') in text for one in ids
        )

    return Case(
        "text", repr(content[:60]), lambda: read_interactions(path), holds=holds
    )


def _columns() -> list[pl.Series]:
    values = [
        pl.Series([[1], [2], [3]]),
        pl.Series([{"a": 1}, {"a": 2}, {"a": 3}]),
        pl.Series([b"\xff", b"b", b"c"]),
        pl.Series([None, None, None]),
        pl.Series([float("inf"), 1.0, 2.0]),
        pl.Series([float("nan"), 1.0, 2.0]),
        pl.Series([2**63, 2**64 - 1, 1], dtype=pl.UInt64),
        pl.Series([True, False, None]),
        pl.Series([1.5, 2.5, 3.5]),
        pl.Series(["", "b", "c"]),
        pl.Series(["a", "b", None]),
        pl.Series([1, 2, 3]).cast(pl.Date),
        pl.Series([1, 2, 3]).cast(pl.Duration),
        pl.Series(["a", "b", "c"]).cast(pl.Categorical),
    ]
    return [one.alias("item") for one in values]
