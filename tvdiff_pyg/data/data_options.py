"""What the command line says of data: where it comes from, how it is read and split."""

from ast import literal_eval
from collections.abc import Collection
from dataclasses import dataclass, fields
from typing import Any

from tvdiff_pyg.data.interaction_table import Column
from tvdiff_pyg.data.splits import SplitName

# What every source takes: they say which one it is.
_WHERE = ("data", "root")


@dataclass(frozen=True)
class DataOptions:
    """Where interactions come from, and how they are read and split.

    Args:
        data: A data set (movielens-small, lastfm, amazon-beauty, gowalla, or one of a
            plug-in), a CSV, TSV or Parquet file, possibly gzipped, or "synthetic:" and
            the arguments of SyntheticBipartite, as in
            "synthetic:num_users=100,num_items=80,num_interactions=1000".
        test_file: A file of test interactions; the split is then given by the two.
        root: The folder of the data sets' files.
        user_column: Column of users, by name or number from 0.
        item_column: Column of items.
        rating_column: Column of ratings, for min_rating.
        timestamp_column: Column of times, for the splits by time.
        delimiter: What parts the fields of a text file. Detected if not given.
        header: Whether the first line names the columns. Detected if not given.
        min_rating: Lowest rating that counts as an interaction.
        k_core: Fewest interactions of a user and of an item.
        split: How test and validation are chosen, unless they are given.
        validation_ratio: Share of what is not test that is validation, in [0, 1).
        test_ratio: Share that is test, in [0, 1).
    """

    data: str
    test_file: str | None = None
    root: str = "data"
    user_column: Column = 0
    item_column: Column = 1
    rating_column: Column | None = None
    timestamp_column: Column | None = None
    delimiter: str | None = None
    header: bool | None = None
    min_rating: float | None = None
    k_core: int = 0
    split: SplitName = "random"
    validation_ratio: float = 0.1
    test_ratio: float = 0.2

    def check_read(self, names: Collection[str], source: str) -> None:
        """Raise if an option is given that a source does not read.

        Args:
            names: The options that it reads, beside ``data`` and ``root``.
            source: The source, in words.

        Raises:
            ValueError: If another option differs from its default.

        Example:
            >>> DataOptions("lastfm", k_core=2).check_read([], "a published split")
            Traceback (most recent call last):
                ...
            ValueError: 'k_core' has no use with a published split (got 2)
        """
        for field in fields(self):
            value = getattr(self, field.name)
            is_read = field.name in names or field.name in _WHERE
            if not is_read and value != field.default:
                raise ValueError(
                    f"'{field.name}' has no use with {source} (got {value!r})"
                )


def dataset_arguments(data: str) -> dict[str, Any]:
    """Read the arguments that may follow the name of a data set.

    Args:
        data: The name, and after a colon ``NAME=VALUE,...``.

    Returns:
        The values by name: numbers, and strings where they are none.

    Raises:
        ValueError: If something else follows.

    Example:
        >>> dataset_arguments("synthetic:num_users=100,exponent=2.2")
        {'num_users': 100, 'exponent': 2.2}
    """
    given = data.partition(":")[2]
    pairs = [pair.partition("=") for pair in given.split(",")] if given else []
    if not all(equals for _, equals, _ in pairs):
        raise ValueError(f"'data' needs NAME=VALUE,... after the colon (got {data!r})")
    return {name: _literal(value) for name, _, value in pairs}


def _literal(value: str) -> Any:
    try:
        return literal_eval(value)
    except (SyntaxError, ValueError):
        return value
