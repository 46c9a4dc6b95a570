"""What a study is, and the registry that finds it by its name."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations
from typing import Any

from tvdiff_pyg.grid.records import Record
from tvdiff_pyg.registry import Registry
from tvdiff_pyg.study.columns import COLUMNS
from tvdiff_pyg.study.verdict import Claim

Overrides = dict[str, Any]


@dataclass(frozen=True)
class Study:
    """A question, and the settings that answer it.

    Args:
        axis: What its variants differ in.
        variants: Settings that each variant overrides, by its name, in order.
        columns: What its table shows, names of :data:`~tvdiff_pyg.study.COLUMNS`.
        figures: The panels of each figure, names of columns.
        claims: What is decided from its cells.
        make_variant: Builds further variants from a name, where any value will do.
            (default: ``None``)
        name: Its name on the command line, which :func:`register_study` gives it.
        title: What it is about: the first sentence of what was registered.
    """

    axis: str
    variants: Mapping[str, Overrides]
    columns: tuple[str, ...]
    figures: Mapping[str, tuple[str, ...]]
    claims: tuple[Claim, ...]
    make_variant: Callable[[str], Overrides] | None = None
    name: str = ""
    title: str = ""

    def variant(self, name: str) -> Overrides:
        """Return the settings that a variant overrides.

        Args:
            name: One of ``variants``, or what ``make_variant`` takes.

        Raises:
            ValueError: If there is no such variant.
        """
        if name in self.variants:
            return self.variants[name]
        if self.make_variant is not None:
            try:
                return self.make_variant(name)
            except ValueError:
                pass
        raise ValueError(
            f"'values' needs to be of {self.axis}, such as {', '.join(self.variants)} "
            f"(got {name!r})"
        )

    def chosen_variants(self, values: Sequence[str] | None) -> dict[str, Overrides]:
        """Return variants, all if none are chosen.

        Args:
            values: Their names.

        Raises:
            ValueError: If there is no such variant, or two of them are the same.
        """
        chosen = {name: self.variant(name) for name in values or self.variants}
        for one, other in combinations(chosen, 2):
            if chosen[one] == chosen[other]:
                raise ValueError(
                    f"'values' needs to be of {self.axis}, all of them different "
                    f"(got {one!r} and {other!r})"
                )
        return chosen

    def check_left_alone(
        self, overrides: Overrides, chosen: Mapping[str, Overrides]
    ) -> None:
        """Raise if a setting is given that the variants decide.

        Args:
            overrides: What is given for all variants.
            chosen: Those that are carried out.

        Raises:
            ValueError: If variants have several values of one, or all have a value.
        """
        variants = [*self.variants.values(), *chosen.values()]
        for name, value in overrides.items():
            values = {repr(one[name]) for one in variants if name in one}
            if len(values) > 1 or all(name in one for one in chosen.values()):
                raise ValueError(
                    f"'{name}' is what the variants of this study decide, and 'values' "
                    f"chooses these (got {value!r})"
                )

    def arrange(self, records: Iterable[Record]) -> list[Record]:
        """Put records into the order of a report: graphs, variants, seeds.

        Args:
            records: Records in the order in which their cells ended.
        """
        records = list(records)
        graphs = list(dict.fromkeys(record["data"] for record in records))
        # By value where any value makes a variant, else as the study names them.
        made = sorted({record["variant"] for record in records}, key=_by_value)
        known = made if self.make_variant is not None else list(self.variants)
        rank = {name: place for place, name in enumerate(dict.fromkeys(known + made))}

        def place(record: Record) -> tuple[int, int, int]:
            name = record["variant"]
            return graphs.index(record["data"]), rank[name], record["seed"]

        return sorted(records, key=place)


def _by_value(name: str) -> tuple[float, str]:
    """Sort numbers by what they are, and words behind them."""
    try:
        return float(name), name
    except ValueError:
        return math.inf, name


Definition = Callable[[], Study]

#: The studies by name.
STUDIES: Registry[Definition] = Registry("study")


def register_study(name: str) -> Callable[[Definition], Definition]:
    """Return a decorator that registers a study: a function that returns it.

    Args:
        name: The name, as on the command line.

    Raises:
        ValueError: If another study has that name.
    """
    return STUDIES.register(name)


def find_study(name: str) -> Study:
    """Return a study by its name.

    Args:
        name: The name.

    Raises:
        ValueError: If there is no such study, or what is registered returns none.

    Example:
        >>> find_study("losses").title
        'The ranking entropies, and none'
    """
    entry = STUDIES[name]
    study: object = entry.part()
    if not isinstance(study, Study):
        got = type(study).__name__
        raise ValueError(
            f"study {name!r} needs to be a function of a Study (got {got})"
        )
    for column in chain(study.columns, *study.figures.values()):
        if column not in COLUMNS:
            raise ValueError(
                f"'columns' of study {name!r} needs names of COLUMNS, as "
                f"'register_columns' adds them (got {column!r})"
            )
    return replace(study, name=name, title=entry.about.rstrip("."))
