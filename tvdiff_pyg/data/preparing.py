"""From Parquet files of any size to sorted, numbered, split ones, a part at a time.

What is held at once: the distinct ids of users and items, one number a row while the
split is drawn, and the rows of one file, at most ``ROWS_AT_ONCE`` unless a user alone
has more.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tvdiff_pyg.data.filters import (
    DuplicateWeights,
    check_duplicate_weights,
    check_min_rating,
)
from tvdiff_pyg.data.parquet_rows import named_as_parquet, scan_rows
from tvdiff_pyg.data.preparation import Preparation
from tvdiff_pyg.data.prepared import PreparedData
from tvdiff_pyg.data.roles import Column
from tvdiff_pyg.data.split_rows import split_rows
from tvdiff_pyg.data.splits import (
    SplitName,
    check_ratios,
    check_split,
    warn_of_empty,
)
from tvdiff_pyg.files import partial_beside
from tvdiff_pyg.folders import check_folder, made
from tvdiff_pyg.ranges import check_integer

MOST_PARTS = 2**16


def prepare(
    data: str | os.PathLike[str],
    out: str | os.PathLike[str],
    parts: int = 1,
    *,
    user: Column | None = None,
    item: Column | None = None,
    rating: Column | None = None,
    weight: Column | None = None,
    timestamp: Column | None = None,
    duplicate_weights: DuplicateWeights | None = None,
    min_rating: float | None = None,
    k_core: int = 0,
    split: SplitName = "random",
    validation_ratio: float = 0.1,
    test_ratio: float = 0.2,
    seed: int = 0,
) -> PreparedData:
    """Number, split and sort interactions once, without ever holding all of them.

    Users, items, splits and weights are those that
    :func:`~tvdiff_pyg.data.from_file` makes of all rows in one file, in the order of
    the files' names, with the same options.

    Args:
        data: Parquet files, one interaction a row: a path, or a pattern such as
            ``"parts/*.parquet"``.
        out: The folder to write, a new one, or an empty one.
        parts: Parts of as many users each that no file crosses, at least 1.
            (default: ``1``)
        user: The column of users, by name or number. (default: the one called like
            that, else column 0)
        item: The column of items. (default: likewise, column 1)
        rating: The column of ratings, numbers. (default: none)
        weight: The column of what interactions weigh: positive numbers.
            (default: none; all count alike)
        timestamp: The column of times: numbers or dates, no text. (default: none)
        duplicate_weights: Whether a pair that stands in several rows weighs what they
            weigh together, ``"sum"``, or what the latest weighs, ``"last"``; needs
            weights. (default: ``"sum"``)
        min_rating: The lowest rating that counts as an interaction; needs ratings.
            (default: all count)
        k_core: The fewest interactions of a user and of an item. (default: ``0``)
        split: ``"random"``, ``"leave_last_out"`` or ``"global_time"``; the last two
            need times. (default: ``"random"``)
        validation_ratio: The share of what is not test that is validation, in [0, 1);
            0 means no validation. (default: ``0.1``)
        test_ratio: The share that is test, in [0, 1); ``"leave_last_out"`` makes no use
            of it. (default: ``0.2``)
        seed: The seed of the random split. (default: ``0``)

    Returns:
        What was written.

    Raises:
        ValueError: If files cannot be read, a value is missing, ``out`` holds
            something, an option is out of range, or no pair is left for training.

    Example:
        >>> import tempfile
        >>> import polars as pl
        >>> frame = pl.DataFrame({"user": [7, 7, 9], "item": ["a", "b", "a"]})
        >>> with tempfile.TemporaryDirectory() as home:
        ...     frame.write_parquet(f"{home}/log.parquet")
        ...     prepared = prepare(f"{home}/log.parquet", f"{home}/out", test_ratio=0)
        ...     prepared.whole().user_ids.ids()
        [7, 9]
    """
    check_folder("out", out)
    check_integer("parts", parts, low=1, high=MOST_PARTS)
    check_integer("k_core", k_core, low=0)
    check_integer("seed", seed, low=0)
    check_split(split, timestamp is not None)
    check_ratios(validation_ratio, test_ratio)
    check_duplicate_weights(duplicate_weights, weight is not None)
    if min_rating is not None:
        check_min_rating(min_rating, rating is not None)
    wanted = {
        "user": user,
        "item": item,
        "rating": rating,
        "weight": weight,
        "timestamp": timestamp,
    }
    with _new_folder(Path(out)) as folder, named_as_parquet(data):
        work = Preparation(folder, scan_rows(data, wanted))
        work.sort(parts, duplicate_weights, min_rating)
        work.ranked.keep_core(k_core)
        ratios = validation_ratio, test_ratio
        labels = split_rows(work.ranked, split, *ratios, seed)
        warn_of_empty(labels, split, *ratios)
        work.number(labels)
    return PreparedData(os.fspath(out))


def _not_new(out: Path) -> str | None:
    """Say what keeps a folder from being put in a place, if anything does."""
    if out.is_dir() and any(out.iterdir()):
        return f"holds {min(out.iterdir()).name}"
    # Whoever stands in a folder that is replaced stands nowhere.
    return "is the folder that you are in" if out == Path.cwd() else None


@contextmanager
def _new_folder(out: Path) -> Iterator[Path]:
    """Give a folder to write to, which takes its place once it is whole."""
    whole = out.resolve()
    if (held := _not_new(whole)) is not None:
        raise ValueError(
            f"'out' needs to be a new folder, or an empty one (got {out}, which {held})"
        )
    with made(whole.parent):
        partial = whole.with_name(partial_beside(whole.name))
        try:
            partial.mkdir()
            yield partial
            os.replace(partial, whole)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
