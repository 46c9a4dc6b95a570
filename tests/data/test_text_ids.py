"""Ids of a text: every space at their ends is seen, and every word among numbers."""

from pathlib import Path

import pytest

from tvdiff_pyg.data import read_interactions

SPACES = [" ", "\t", "\v", "\f", "\x85", "\xa0", "\u1680", "\u2003", "\u2028", "\u3000"]


def items_of(folder: Path, text: str) -> list[object]:
    path = folder / "log.csv"
    path.write_bytes(text.encode())
    return read_interactions(path, delimiter=",")["item"].to_list()


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize("end", ["", "\n"])
def test_spaces_at_the_ends_of_ids(
    space: str, quote: str, end: str, tmp_path: Path
) -> None:
    fields = [f"{quote}{field}{quote}" for field in ("é1", f"é1{space}", f"{space}é1")]
    rows = "\n".join(f"u{k},{field}" for k, field in enumerate(fields))
    assert items_of(tmp_path, f"user,item\n{rows}{end}") == ["é1"] * 3


@pytest.mark.parametrize("row", [0, 5, 999, 1000, 2999])
def test_a_word_anywhere_makes_words_of_all(row: int, tmp_path: Path) -> None:
    items = [str(k) for k in range(3000)]
    items[row] = "x1"
    lines = "".join(f"u{k},{item}\n" for k, item in enumerate(items))
    assert items_of(tmp_path, f"user,item\n{lines}") == items


@pytest.mark.parametrize("row", [0, 1000, 2999])
def test_a_word_for_nothing_anywhere_is_missing_among_numbers(
    row: int, tmp_path: Path
) -> None:
    items = [f"{k}.5" for k in range(3000)]
    items[row] = "NaN"
    lines = "".join(f"u{k},{item}\n" for k, item in enumerate(items))
    with pytest.raises(ValueError, match=f"the first in line {row + 2} of"):
        items_of(tmp_path, f"user,item\n{lines}")


@pytest.mark.parametrize("again", ["user_id,item_id", "USER_ID, item_ID", "user_x,i"])
def test_a_header_again_is_dropped_and_ids_as_long_are_not(
    again: str, tmp_path: Path
) -> None:
    text = f"user_id,item_id\nuser_10,item_10\n{again}\nuser_11,item_11\n"
    found = items_of(tmp_path, text)
    kept = ["i"] if again == "user_x,i" else []
    assert found == ["item_10", *kept, "item_11"]
