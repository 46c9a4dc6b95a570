"""What a field of a text file holds: a number or a time, a word, or nothing."""

import re
from collections.abc import Sequence

# A number or a time, as files have them; no name of a column is written like that.
VALUE = (
    r"^[+-]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][+-]?\d+)?$"
    r"|^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ,].*)?$"
)
_VALUE = re.compile(VALUE)
# What stands for nothing in a column of numbers.
_NAN = ("nan", "-nan", "1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan")
_NULL = ("null", "(null)", "none", "nil", "undefined", r"\n")
MISSING = frozenset(("", "na", "#na", "n/a", "#n/a", "<na>", *_NAN, *_NULL))


def is_value(field: str) -> bool:
    """Returns whether a field is a number or a time.

    Example:
        >>> is_value("4,5"), is_value("2024-05-06"), is_value("A1")
        (True, True, False)
    """
    return _VALUE.match(field) is not None


def is_there(field: str) -> bool:
    """Returns whether a field is none of the words for nothing.

    Example:
        >>> is_there("x"), is_there("NaN")
        (True, False)
    """
    return field.lower() not in MISSING


def numbers(rows: Sequence[Sequence[str]], k: int) -> bool:
    """Returns whether a column holds numbers or times, and at least one.

    Example:
        >>> numbers([["a", "1"], ["b", ""]], 1)
        True
    """
    fields = [row[k] for row in rows if k < len(row) and is_there(row[k])]
    return bool(fields) and all(map(is_value, fields))
