"""Titles of items, from a column beside the interactions."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from tvdiff_pyg.data.column import UNREADABLE, raw_column

logger = logging.getLogger(__name__)


def title_series(values: Any, name: str) -> pl.Series:
    """Turns a column of titles into strings, null where nothing stands.

    Args:
        values: The column, as :func:`~tvdiff_pyg.data.column.raw_column` takes it.
        name (str): What it is, for error messages.

    Raises:
        ValueError: If it holds something else than words and numbers, or nothing.

    Example:
        >>> title_series(["Psycho ", "", 1984], "title").to_list()
        ['Psycho', None, '1984']
    """
    column = raw_column(values, name)
    try:
        if column.dtype == pl.Object:
            column = pl.Series(column.to_list(), strict=False)
        if column.dtype.is_nested() or column.dtype == pl.Binary:
            raise TypeError
        words = column.cast(pl.String).str.strip_chars()
    except UNREADABLE as error:
        raise ValueError(f"'{name}' needs words (got {column.dtype} values)") from error
    titles = words.set(words == "", None)
    if titles.null_count() == len(titles):
        raise ValueError(f"'{name}' needs a title in some row (got none)")
    return titles


def take_titles(
    frames: Sequence[pl.DataFrame], given: Mapping[Any, str] | None
) -> tuple[list[pl.DataFrame], Mapping[Any, str] | None]:
    """Takes the titles out of tables of interactions.

    An item with several titles has the first, and a warning names one such item.

    Args:
        frames: Tables in the canonical form, with a column ``title`` all or none.
        given (dict, optional): Titles by original item id, where there is no column.

    Returns:
        The tables without that column, and titles by original item id.

    Raises:
        ValueError: If titles are given beside the column.

    Example:
        >>> frame = pl.DataFrame({"user": [1], "item": [5], "title": ["Psycho"]})
        >>> [rest], titles = take_titles([frame], None)
        >>> rest.columns, titles
        (['user', 'item'], {5: 'Psycho'})
    """
    if "title" not in frames[0].columns:
        return list(frames), given
    if given is not None:
        raise ValueError(
            f"'item_titles' has no use with a column of titles (got both, "
            f"'item_titles' a {type(given).__name__})"
        )
    # Relaxed, as ids of several parts are.
    rows = pl.concat(
        [frame.select("item", "title") for frame in frames], how="vertical_relaxed"
    )
    distinct = rows.drop_nulls().unique(maintain_order=True)
    titles = distinct.unique("item", keep="first", maintain_order=True)
    _warn_of_others(distinct, titles)
    rest = [frame.drop("title") for frame in frames]
    return rest, dict(zip(titles["item"], titles["title"], strict=True))


def _warn_of_others(distinct: pl.DataFrame, titles: pl.DataFrame) -> None:
    others = distinct.join(titles, on=["item", "title"], how="anti")
    if others.is_empty():
        return
    item, other = others.row(0)
    kept = titles.filter(pl.col("item") == item)["title"][0]
    logger.warning(
        "%d items have several titles, and the first is kept: item %r is %r, not %r",
        others["item"].n_unique(),
        item,
        kept,
        other,
    )
