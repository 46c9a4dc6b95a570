"""Ids that were read from text: integers where all are, words otherwise."""

import logging
import os
import re
from collections.abc import Callable

import polars as pl

from tvdiff_pyg.data.column_names import meaning
from tvdiff_pyg.data.ids import ids_of_text
from tvdiff_pyg.data.reading.values import MISSING

logger = logging.getLogger(__name__)

_NUMBER = r"^[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?$"
_NOTHING = f"(?i)^(?:{'|'.join(map(re.escape, sorted(MISSING)))})$"
_FIRST = 1000  # Rows that mostly tell, and tell sooner.
_FEW = 20  # A word in as many ids is a rare one.
_MAX = 10**18  # No integer of so many digits is canonical.


def text_ids(
    values: pl.Series,
    name: str,
    path: str | os.PathLike[str],
    where: Callable[[int], str],
    is_bare: bool = False,
) -> pl.Series:
    """Returns ids as :func:`~tvdiff_pyg.data.ids.ids_of_text` does, without gaps.

    Words for nothing, such as ``nan``, are ids like others in a column of words; in a
    column of numbers they stand for an id that is missing.

    Args:
        values (pl.Series): The ids, as strings.
        name (str): What they are, for messages.
        path: The file that they are from.
        where (callable): Says where a row stands, counted from 0: ``"line 2"``.
        is_bare (bool): Whether no id has a space at its ends, for certain.
            (default: ``False``)

    Raises:
        ValueError: If an id is missing; its line is named.

    Example:
        >>> text_ids(pl.Series(["7", " 8"]), "user", "log.csv", str).to_list()
        [7, 8]
        >>> text_ids(pl.Series(["abba", "nan"]), "item", "log.csv", str).to_list()
        ['abba', 'nan']
    """
    whole = _whole(values)
    if whole is not None and _are_canonical(whole, values):
        return whole
    if not is_bare:
        stripped = values.str.strip_chars()
        _say_merged(values, stripped, name)
        values = stripped
    values = values.fill_null("")
    is_missing = values == ""
    if _are_numbers(values.head(_FIRST)) and _are_numbers(values):
        is_missing |= values.str.contains(_NOTHING)
    if is_missing.any():
        rows = is_missing.arg_true()
        row = int(rows[0])
        raise ValueError(
            f"'{name}' needs an id in every row (got {len(rows)} empty, the first in "
            f"{where(row)} of '{os.fspath(path)}': {values[row]!r})"
        )
    if whole is not None:
        _check_few_words(whole, values, name, path, where)
    return ids_of_text(values)


def _whole(values: pl.Series) -> pl.Series | None:
    """Return integers, null for words; ``None`` if these are no exceptions."""
    first = values.head(2 * len(values) // _FEW).cast(pl.Int64, strict=False)
    if _FEW * first.null_count() > len(values):
        return None
    return values.cast(pl.Int64, strict=False)


def _are_numbers(values: pl.Series) -> bool:
    """Return whether all are numbers, or words for nothing."""
    is_number = values.str.contains(_NUMBER)
    return (is_number | values.str.contains(_NOTHING)).all()


def _say_merged(written: pl.Series, stripped: pl.Series, name: str) -> None:
    """Warn where ids become one that differ in spaces around them."""
    padded = written.filter(written != stripped).unique()
    if not len(padded):
        return
    num_merged = written.n_unique() - stripped.n_unique()
    if num_merged and not stripped.str.contains(_NUMBER).all():
        logger.warning(
            "'%s' has %d ids that differ from others in spaces around them only, such "
            "as %r: they are taken as one",
            *(name, num_merged, padded[0]),
        )


def _check_few_words(
    whole: pl.Series,
    values: pl.Series,
    name: str,
    path: str | os.PathLike[str],
    where: Callable[[int], str],
) -> None:
    """Warn of a word here and there among numbers; refuse a header among them."""
    rows = whole.is_null().arg_true()
    if not 0 < _FEW * len(rows) <= len(values):
        return
    words = values[rows]
    rows = rows.filter(~words.str.contains(r"\d"))
    if not len(rows):
        return
    row = int(rows[0])
    place = f"{where(row)} of '{os.fspath(path)}'"
    if meaning(values[row], name):
        raise ValueError(
            f"'{name}' needs ids below a header (got one more, {values[row]!r}, in "
            f"{place}): delete that line"
        )
    logger.warning(
        "'%s' has words among numbers, the first in %s: %r", name, place, values[row]
    )


def _are_canonical(whole: pl.Series, values: pl.Series) -> bool:
    if whole.null_count() or not len(whole):
        return False
    size = whole.abs()
    largest = int(size.max())  # type: ignore[arg-type]
    # Signs and zeros that need not be there make a number longer, nothing makes it
    # shorter.
    powers = range(1, len(str(largest)))
    num_digits = len(whole) + sum(int((size >= 10**power).sum()) for power in powers)
    num_bytes = num_digits + int((whole < 0).sum())
    return 0 <= largest < _MAX and values.str.len_bytes().sum() == num_bytes
