"""Ways to part the lines of a text, and which of them is meant."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tvdiff_pyg.data.reading.header import names_sides
from tvdiff_pyg.data.reading.records import Dialect, Record
from tvdiff_pyg.data.reading.values import is_value

_SEVERAL = re.compile(r"[+-]?[\d.]+(?:\s+[+-]?[\d.]+)+")


@dataclass(frozen=True)
class Candidate:
    """The first lines of a text, parted in one way.

    Args:
        dialect: How they are parted.
        head: The lines that may be comments above the table.
        rows: The others.
        width: How many fields most of these have.
    """

    dialect: Dialect
    head: list[Record]
    rows: list[Record]
    width: int

    @property
    def share(self) -> float:
        """How many rows are as wide as most."""
        return sum(len(row) == self.width for _, row in self.rows) / len(self.rows)

    @property
    def fits(self) -> bool:
        """Whether all are, but for a header without a name for the row names of R."""
        first, *others = (fields for _, fields in self.rows)
        if self.width < 2 or any(len(row) != self.width for row in others):
            return False
        near = len(first) - self.width
        return near == 0 or (
            bool(others)
            and not any(map(is_value, first))
            and (near == -1 or (near == 1 and not first[-1]))
        )

    @property
    def is_parted(self) -> bool:
        """Whether lines are parted, though not all alike."""
        return len({len(row) for _, row in self.rows}) > 1

    def is_plain(self, delimiters: set[str]) -> bool:
        """Whether none of its first fields could be parted further."""
        fields = [field for _, row in self.rows for field in row[:2]]
        others = delimiters - {self.dialect.delimiter, " "}
        return not any(
            _SEVERAL.fullmatch(field) or any(other in field for other in others)
            for field in fields
        )


def best(candidates: Sequence[Candidate], exact: bool) -> Candidate | None:
    """Chooses a way to part the lines.

    Args:
        candidates: The ways, the ones that say more first.
        exact (bool): Whether most lines need to be alike.

    Returns:
        The way that is meant; ``None`` if there is none.

    Raises:
        ValueError: If several could be meant.
    """
    fitting = [one for one in candidates if one.fits]
    # Where several fit, the one whose header says something.
    named = [one for one in fitting if names_sides(one.rows[0][1])]
    whole = [one for one in named or fitting if one.share == 1]
    if named:
        return (whole or named)[0]
    if whole or fitting:
        return _plainest(whole or fitting)
    wide = [one for one in candidates if one.width > 1]
    if exact:
        wide = [one for one in wide if one.share >= 0.5]
    return max(wide, key=lambda one: one.share, default=None)


def _plainest(fitting: Sequence[Candidate]) -> Candidate:
    delimiters = {one.dialect.delimiter for one in fitting}
    plain = [one for one in fitting if one.is_plain(delimiters)]
    # A tab is hardly ever part of a field.
    plain = plain or [one for one in fitting if one.dialect.delimiter == "\t"]
    if plain or len(delimiters - {" "}) < 2:
        return (plain or fitting)[0]
    raise ValueError(
        "'delimiter' (--delimiter) needs to say what parts the fields "
        f"(got lines that each of {sorted(delimiters)} parts alike)"
    )
