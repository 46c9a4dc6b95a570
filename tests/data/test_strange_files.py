"""Files that strangers have: what was once read with another meaning, or refused."""

import codecs
import json
import logging
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tvdiff_pyg.data import DataOptions, from_dataframe, load_data, read_interactions

PAIRS = [(user, 100 + item) for user in range(1, 13) for item in range(8)]
WORDS = [(f"A{user}X", f"B{item}") for user, item in PAIRS]
HALF = len(PAIRS) // 2


def lines(form: str, pairs: list[tuple[Any, Any]] = PAIRS) -> str:
    return "".join(
        form.format(user=user, item=item, row=row) + "\n"
        for row, (user, item) in enumerate(pairs)
    )


def read(folder: Path, content: str | bytes, **options: Any) -> list[tuple[Any, ...]]:
    path = folder / "log"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_interactions(path, **options).rows()


ROWS = lines("{user},{item},5")
HEADED = "user,item,rating\n"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        # Excel says what parts the fields.
        ("sep=;\r\nuser;item\r\n1;2\r\n", [(1, 2)]),
        ('"sep=,"\nuser,item\n1,2\n', [(1, 2)]),
        (codecs.BOM_UTF8 + b"sep=;\n\xc3\xa4;item\n1;2\n", [(1, 2)]),
        # Several delimiters fit: the one that leaves users and items whole.
        (lines("{user},{item},A|B"), PAIRS),
        (lines("{user};{item};4,5"), PAIRS),
        (lines("{user},\t{item}"), PAIRS),
        (lines("{user} \t {item}  5"), PAIRS),
        ("email,url\n" + 'a@b,"c;d,e"\n' * 2, [("a@b", "c;d,e")] * 2),
        ("who,what,genres\n" + lines("{user},{item},A|B"), PAIRS),
        (
            "Rome, IT\tx, y\nOslo, NO\tx, z\n",
            [("Rome, IT", "x, y"), ("Oslo, NO", "x, z")],
        ),
        # Headers in other languages, the sides in either order.
        ("Artikel;Nutzer\n" + lines("{item};{user}"), PAIRS),
        ("Artikelnummer;Kundennummer\n" + lines("{item};{user}", WORDS), WORDS),
        ("producto,usuario,valor\n" + lines("{item},{user},3", WORDS), WORDS),
        ("id_produit;id_client\n" + lines("{item};{user}", WORDS), WORDS),
        ("товар;пользователь\n" + lines("{item};{user}", WORDS), WORDS),
        ("商品ID,用户ID,评分\n" + lines("{item},{user},3"), PAIRS),
        ("商品,ユーザー\n" + lines("{item},{user}"), PAIRS),
        # The table's name before the column's.
        ("r.item_id,r.user_id\n" + lines("{item},{user}"), PAIRS),
        # A picture is no header.
        ("u😀\t👨\nu👨\ti😀\n", [("u😀", "👨"), ("u👨", "i😀")]),
        # Joined files: marks and headers in the middle, in any case.
        (HEADED + ROWS + HEADED + ROWS, PAIRS * 2),
        (HEADED + ROWS + "User,ITEM,rating\n" + ROWS, PAIRS * 2),
        (codecs.BOM_UTF8 + ROWS.encode() + codecs.BOM_UTF8 + ROWS.encode(), PAIRS * 2),
        # Lists of items that are mostly of one length.
        ("1 9 8 7 6 5\n2 9 8 7 6 4\n3 5 6 7\n4 5 6 7 8 9\n", None),
        # Numbers as NumPy writes them; no digit may be missing.
        ("1.000e+00 1.01e+02\n2.000e+00 1.02e+02\n", [(1, 101), (2, 102)]),
        ("1.5e+10,1\n2.5e+10,2\n", [("1.5e+10", 1), ("2.5e+10", 2)]),
        # Comments and ends of lines of several kinds.
        (lines("{user},{item}").replace("\n4,", "\n# x\n% y\n4,"), PAIRS),
        ("1,2\r3,4\n5,6\r\n", [(1, 2), (3, 4), (5, 6)]),
        ('user,item\n"1","2"\n"3",""""\n', [(1, "2"), (3, '"')]),
    ],
)
def test_read_as_it_is_meant(
    tmp_path: Path, content: str | bytes, expected: list[tuple[Any, ...]] | None
) -> None:
    found = read(tmp_path, content)
    if expected is None:
        expected = [
            (int(user), int(item))
            for user, *items in map(str.split, str(content).splitlines())
            for item in items
        ]
    assert found == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [
        # Guessed columns that are none of users or items.
        (lines("{row},{user},{item},x"), r"'user' .*column 0 numbers the rows from 0"),
        (lines('"{row}" {user} {item} 5'), r"'user' .*\(column 0 numbers the rows"),
        (lines("{user} 0 {item} 5"), r"'item' .*\(column 1 holds 0 in every row"),
        ("nr,x,y\n" + lines("{row},{user},{item}"), r"'user' .*numbers the rows"),
        # Several ids in one field.
        (
            "user_id,items\n1,5 6 7\n2,8\n",
            r"'item' needs one id in a row \(got '5 6 7'",
        ),
        ('user,item\n1,"[5, 6]"\n2,"[7]"\n', r"'item' needs one id in a row"),
        # Lines in brackets.
        (lines("({user}, {item})"), r"'format' .* brackets belong to the ids"),
        (json.dumps(PAIRS), r"'format' .* brackets belong to the ids"),
        ("<rows><r u='1'/></rows>", r"'format' .* brackets"),
        # Two ways to part the lines.
        (lines("a|{user},b|{item}"), r"'delimiter' .* \[',', '\|'\] parts alike"),
        (lines("ns::{user},ns::{item}"), r"'delimiter' .*needs to say"),
        # A header that the first file lacks.
        (ROWS + HEADED + ROWS, r"'user' needs ids below a header .* line 97 of"),
        # No header again, but a gap beside ids as long as the header's names.
        ("user,item\n,\nabcd,efgh\n", r"'user' needs an id in every row .* line 2 of"),
        # Kinds of their own.
        ("1:\n7,3,2005-09-06\n8,3,2005-09-06\n", r"'1:', an item above its users"),
        ("%%MatrixMarket matrix\n2 2 1\n1 1 5\n", r"a matrix of Matrix Market; read"),
        ("3 7 8 9\n2 7 8\n1 3\n", r"needs as many fields in each line, parted by"),
        ("user,item\n", r"needs at least one interaction \(got none\)"),
        ('{"user":"\\ud800","item":1}', r"'user' needs words of whole .* line 1 of"),
    ],
)
def test_refused_in_one_sentence(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(tmp_path, content)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"header": "x"}, r"'header' needs to be true or false \(got 'x'\)"),
        ({"delimiter": 3}, r"'delimiter' needs to be a string \(got 3\)"),
    ],
)
def test_options_of_another_type(
    tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        read(tmp_path, ROWS, **options)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            ROWS + "Total,96,5\n",
            r"'user' has words among numbers.* line 97 .*: 'Total'",
        ),
        ('user,item\n"a",1\n"a ",2\n', r"1 ids that differ .* as 'a ': they are taken"),
        (lines("9{row},{user},{item},x"), r"column 0, taken for users, differs in"),
    ],
)
def test_what_may_be_wrong_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: str, message: str
) -> None:
    caplog.set_level(logging.WARNING, logger="tvdiff_pyg")
    read(tmp_path, content)
    [said] = caplog.messages
    assert re.search(message, said)


def test_decimal_commas(tmp_path: Path) -> None:
    text = "user;item;stars\n1;2;4,5\n1;3;4\n"
    assert read(tmp_path, text, rating="stars") == [(1, 2, 4.5), (1, 3, 4.0)]
    # It may part thousands.
    with pytest.raises(ValueError, match=r"'rating' needs a number .* line 2: '4,500'"):
        read(tmp_path, text.replace("4,5", "4,500"), rating="stars")


def test_the_line_of_a_number_in_json(tmp_path: Path) -> None:
    text = '{"user":1,"item":2,"t":1}\n\n{"user":1,"item":3,"t":"soon"}\n'
    with pytest.raises(ValueError, match=r"'timestamp' .* the first in line 3: 'soon'"):
        read(tmp_path, text, timestamp="t")


def test_folders_are_named_as_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"needs to be a file \(it is a folder\)"):
        read_interactions(tmp_path)
    with pytest.raises(ValueError, match=r"needs to be a file \(it is a folder\)"):
        load_data(DataOptions(str(tmp_path)))
    pl.DataFrame({"user": [1], "item": [2]}).write_parquet(tmp_path / "part-0.parquet")
    pl.DataFrame({"user": [1], "item": [3]}).write_parquet(tmp_path / "part-1.parquet")
    graph = from_dataframe(pl.scan_parquet(tmp_path), test_ratio=0, validation_ratio=0)
    assert graph.item_ids.ids() == [2, 3]
