"""What the command line says of data: where it comes from, how it is read and split."""

import re
from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from typing import Any

from typing_extensions import Self

from tvdiff_pyg.config import Config
from tvdiff_pyg.data.file_format import FileFormat
from tvdiff_pyg.data.filters import DuplicateWeights
from tvdiff_pyg.data.roles import Column
from tvdiff_pyg.data.splits import SplitName
from tvdiff_pyg.ranges import check_number

# What every source takes: which one it is, and what is known beside interactions.
_OF_ALL = ("data", "user_features", "item_features")
# What holds where an option is read, and not given.
_DEFAULTS: dict[str, Any] = {
    "root": "data",
    "format": "auto",
    "k_core": 0,
    "split": "random",
    "validation_ratio": 0.1,
    "test_ratio": 0.2,
}


@dataclass(frozen=True)
class DataOptions(Config):
    """Where interactions come from, and how they are read and split.

    Args:
        data: A data set, of those that "tvdiff datasets" lists; a file of text, JSON or
            Parquet, possibly compressed; a folder of "tvdiff prepare"; or "synthetic:"
            and the arguments of SyntheticBipartite, as in
            "synthetic:num_users=100,num_items=80,num_interactions=1000", or "fractal:"
            and those of FractalExpansion, as in
            "fractal:name=gowalla,factor_users=6,factor_items=6".
        test_file: A file of test interactions; the split is then given by the two.
        validation_file: A file of validation interactions beside them. Drawn from the
            training part if not given.
        root: The folder of the data sets' files; "data" if not given.
        user_column: Column of users, by name or number from 0. Found by its name if not
            given, else column 0.
        item_column: Column of items. Found likewise, else column 1.
        rating_column: Column of ratings, for min_rating.
        weight_column: Column of what interactions weigh in the messages of both towers,
            positive numbers; for models that read weights.
        duplicate_weights: Whether a pair that stands in several rows weighs what they
            weigh together, or what the latest weighs; "sum" if not given.
        timestamp_column: Column of times, for the splits by time.
        title_column: Column of items' titles, which recommendations then show.
        time_format: How times are written as text: day-first, month-first, or a format
            as "%m/%d/%Y %H:%M". Found out where they can be read in one way only.
        delimiter: What parts the fields of a text file. Detected if not given.
        header: Whether the first line names the columns. Detected if not given.
        encoding: Encoding of a text file, by any name that Python knows. UTF-8 if not
            given, or what the mark at its start says.
        format: What the file holds: a table, an adjacency list (a user and all its
            items in each line), an atomic file of RecBole, objects of JSON, or Parquet.
            Found out if not given.
        min_rating: Lowest rating that counts as an interaction.
        k_core: Fewest interactions of a user and of an item; 0 if not given.
        split: How test and validation are chosen, unless they are given; "random" if
            not given.
        validation_ratio: Share of what is not test that is validation, in [0, 1); 0.1
            if not given. By "leave_last_out", 0 means none.
        test_ratio: Share that is test, in [0, 1); 0.2 if not given.
        user_features: A file of features of users: ids in the first column, and in
            others numbers, or words parted by "|". For models that read features.
        item_features: Likewise of items.
    """

    data: str
    test_file: str | None = None
    validation_file: str | None = None
    root: str | None = None
    user_column: Column | None = None
    item_column: Column | None = None
    rating_column: Column | None = None
    weight_column: Column | None = None
    duplicate_weights: DuplicateWeights | None = None
    timestamp_column: Column | None = None
    title_column: Column | None = None
    time_format: str | None = None
    delimiter: str | None = None
    header: bool | None = None
    encoding: str | None = None
    format: FileFormat | None = None
    min_rating: float | None = None
    k_core: int | None = None
    split: SplitName | None = None
    validation_ratio: float | None = None
    test_ratio: float | None = None
    user_features: str | None = None
    item_features: str | None = None

    def __post_init__(self) -> None:
        """Check the ranges."""
        super().__post_init__()
        if self.k_core is not None:
            self.check_at_least(0, "k_core")
        if self.weight_column is None and self.duplicate_weights is not None:
            raise ValueError(
                "'duplicate_weights' needs a 'weight_column' beside it "
                f"(got {self.duplicate_weights!r} only)"
            )
        rating = self.min_rating
        self.check("min_rating", rating is None or rating == rating, "a number")
        for name in ("validation_ratio", "test_ratio"):
            if getattr(self, name) is not None:
                check_number(name, getattr(self, name), 0, 1, below=True)

    def read_by(self, names: Collection[str], source: str) -> Self:
        """Return what a source reads of the options.

        Args:
            names: The options that it reads, beside those of all sources.
            source: The source, in words.

        Returns:
            These options, those that it reads at their defaults where not given.

        Raises:
            ValueError: If another option is given, or one that the split or the rest of
                the options leave alone.

        Example:
            >>> DataOptions("lastfm").read_by(["validation_ratio"], "a published split")
            DataOptions(data='lastfm', ..., validation_ratio=0.1, test_ratio=None, ...
            >>> DataOptions("lastfm", k_core=2).read_by([], "a published split")
            Traceback (most recent call last):
                ...
            ValueError: 'k_core' has no use with a published split (got 2)
        """
        given = {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if getattr(self, field.name) is not None
        }
        for name, value in given.items():
            if name not in names and name not in _OF_ALL:
                raise ValueError(f"'{name}' has no use with {source} (got {value!r})")
        if self.rating_column is not None and self.min_rating is None:
            raise ValueError(
                "'rating_column' needs a 'min_rating' beside it, which alone reads it "
                f"(got {self.rating_column!r} only)"
            )
        self._check_time_read()
        read = {name: value for name, value in _DEFAULTS.items() if name in names}
        if self.split == "leave_last_out":
            self._check_counted()
            read = {n: value for n, value in read.items() if not n.endswith("_ratio")}
        return replace(self, **(read | given))

    def _check_time_read(self) -> None:
        """Raise if there are times, and nothing that reads them."""
        by_time = self.split not in (None, "random")
        if by_time or self.timestamp_column is None or self.duplicate_weights == "last":
            return
        raise ValueError(
            "'timestamp_column' needs a 'split' by time beside it, or 'last' as "
            f"'duplicate_weights', which alone read it (got {self.timestamp_column!r} "
            "only)"
        )

    def _check_counted(self) -> None:
        """Raise if shares are given where one interaction of each user is taken."""
        for name, ratio in (
            ("test_ratio", self.test_ratio),
            ("validation_ratio", self.validation_ratio or None),
        ):
            if ratio is not None:
                raise ValueError(
                    f"'{name}' has no use with the split 'leave_last_out', which takes "
                    f"one interaction of each user (got {ratio})"
                )

    def taken(self, *names: str) -> dict[str, Any]:
        """Return options as arguments, those left out that a default would hold for.

        Args:
            *names: Which.
        """
        values = {name: getattr(self, name) for name in names}
        return {
            name: value
            for name, value in values.items()
            if value is not None or name not in _DEFAULTS
        }


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
    read = {name.strip(): _plain(value.strip()) for name, _, value in pairs}
    if not all(equals for _, equals, _ in pairs) or None in read.values():
        raise ValueError(
            "'data' needs NAME=VALUE,... after the colon, of numbers and words "
            f"(got {data!r})"
        )
    if len(read) < len(pairs):
        raise ValueError(f"'data' needs each name once after the colon (got {data!r})")
    return read


def _plain(word: str) -> int | float | bool | str | None:
    """Read a number or a word; ``None`` if it is neither."""
    if re.fullmatch(r"[+-]?[0-9]{1,18}", word):
        return int(word)
    if re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?", word, re.I):
        return float(word)
    if word.lower() in ("true", "false"):
        return word.lower() == "true"
    return word if re.fullmatch(r"[\w./+-]+", word) else None
