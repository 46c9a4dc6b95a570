"""Odd files that were once read as something else than people mean."""

from pathlib import Path
from typing import Any

import pytest

from tvdiff_pyg.data import read_interactions


def read(folder: Path, text: str, **options: Any) -> list[tuple[Any, ...]]:
    (folder / "log").write_bytes(text.encode())
    return read_interactions(folder / "log", **options).rows()


@pytest.mark.parametrize(
    "header",
    [
        "vara,kund",
        "vare,bruger",
        "tuote,käyttäjä",
        "položka,uživatel",
        "termék,felhasználó",
        "produs,utilizator",
        "προϊόν,χρήστης",
        "פריט,משתמש",
        "produk_id,pengguna_id",
    ],
)
def test_headers_in_other_languages(header: str, tmp_path: Path) -> None:
    assert read(tmp_path, f"{header}\n5,1\n6,2\n") == [(1, 5), (2, 6)]


def test_tabs_within_quotes(tmp_path: Path) -> None:
    text = 'user\titem\n"a\tb"\tc\n"d\te"\tf\n'
    assert read(tmp_path, text) == [("a\tb", "c"), ("d\te", "f")]


@pytest.mark.parametrize("text", ["# a\n# b\n", "%% a b\n\n%% c d\n"])
def test_comments_alone_are_no_interactions(text: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"got an empty file, but for comments\)"):
        read(tmp_path, text)
    assert read(tmp_path, "#a,b\n#c,d\n") == [("#a", "b"), ("#c", "d")]


@pytest.mark.parametrize("more", ["1700000000123", "1700000000123456", "1.7e12"])
def test_times_of_two_units_are_refused(more: str, tmp_path: Path) -> None:
    text = f"user,item,ts\n1,2,1700000000\n1,3,{more}\n"
    with pytest.raises(ValueError, match=r"'timestamp' needs times of one unit \(got"):
        read(tmp_path, text, timestamp="ts")
    rows = read(tmp_path, text.replace("1700000000\n", "7\n"), timestamp="ts")
    assert rows[0] == (1, 2, 7)
