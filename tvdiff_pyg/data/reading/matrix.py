"""Matrices, with a column for each item: no tables with a line for each interaction."""

from collections.abc import Sequence

from tvdiff_pyg.data.column_names import is_known
from tvdiff_pyg.data.reading.values import is_there, is_value

_FEW = 12  # Different values that are ratings: 0, 0.5, 1, ..., 5, and none.
_LARGEST = 10.0
_LEAST = 3  # Columns of items that are no accident, where their values are few ...
_MANY = 5  # ... and whatever their values are, where a header names none of them.


def refuse_matrix(names: Sequence[str] | None, rows: Sequence[Sequence[str]]) -> None:
    """Raises if a table is a matrix of users and items, or of items and items.

    Args:
        names: The names of its columns, if there is a header.
        rows: Its first rows.

    Raises:
        ValueError: If it is one.

    Example:
        >>> refuse_matrix(["user", "Heat", "Up", "Alien"], [["7", "5", "", "1"]] * 3)
        Traceback (most recent call last):
            ...
        ValueError: 'format' (--format) needs to be 'table' if each line is one ...
    """
    if is_matrix(names, rows):
        shown = list(rows[0] if names is None else names)[:4]
        raise ValueError(
            "'format' (--format) needs to be 'table' if each line is one interaction "
            f"(got what looks like a matrix, {shown} ..., with a column for each item "
            "or user); else write a line for each entry"
        )


def is_matrix(names: Sequence[str] | None, rows: Sequence[Sequence[str]]) -> bool:
    """Returns whether all columns but the first hold the same kind of number.

    Args:
        names: The names of the columns, if there is a header.
        rows: The first rows.

    Example:
        >>> is_matrix(None, [["1", "0", "5", "0"], ["2", "3", "0", "0"]] * 2)
        True
        >>> is_matrix(None, [["1", "88", "5", "97830"], ["1", "89", "4", "97831"]] * 2)
        False
    """
    width = max(map(len, rows), default=0)
    if (
        width <= _LEAST
        or len(rows) < _LEAST
        or (names and any(map(is_known, names[1:])))
    ):
        return False
    fields = [field for row in rows for field in row[1:]]
    try:
        values = {float(one) for one in fields if is_there(one)}
    except ValueError:
        return False
    if names and (all(map(is_value, names[1:])) or width > _MANY):
        return True
    largest = max(map(abs, values), default=0.0)
    is_similarity = largest <= 1 and any(value % 1 for value in values)
    are_few = len(values) <= min(_FEW, len(fields) // 2)
    return is_similarity or (are_few and largest <= _LARGEST)
