"""Tables of records: how they are grouped, and how numbers are printed."""

import re
import statistics
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any

from tvdiff_pyg.grid.records import Record
from tvdiff_pyg.printable import printable

MISSING = "–"


def markdown_table(table: Sequence[Sequence[str]]) -> str:
    """Write rows below a header as a Markdown table.

    Args:
        table: The rows, the header first.

    Example:
        >>> print(markdown_table([["a", "b"], ["1", "2"]]))
        | a | b |
        | --- | --- |
        | 1 | 2 |
        <BLANKLINE>
    """
    header, *rows = ([markdown_text(cell) for cell in cells] for cells in table)
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def markdown_text(text: str) -> str:
    r"""Escape what would end a cell, or begin HTML or a formula.

    Args:
        text: Any text.

    Example:
        >>> print(markdown_text("$a|b <c>"))
        \$a\|b \<c>
    """
    return re.sub(r"[\\|<$]", r"\\\g<0>", printable(text))


def print_number(
    mean: float | None, spread: float | None = None, spec: str = ".4f"
) -> str:
    """Print a mean and, if there is one, its spread.

    Args:
        mean: The mean; ``None`` where nothing is defined.
        spread: The standard deviation. (default: ``None``)
        spec: The format of both. (default: ``".4f"``)

    Example:
        >>> print_number(0.25, 0.01)
        '0.2500 ± 0.0100'
    """
    if mean is None:
        return MISSING
    text = format(mean, spec)
    return text if spread is None else f"{text} ± {format(spread, spec)}"


def print_metric(values: Sequence[float]) -> str:
    """Print the mean of a ranking metric over seeds and, of several, its spread.

    Args:
        values: The metric of each seed, at least one.

    Example:
        >>> print_metric([0.2, 0.4])
        '0.3000 ± 0.1414'
    """
    spread = statistics.stdev(values) if len(values) > 1 else None
    return print_number(statistics.fmean(values), spread)


def print_seconds(seconds: float | None) -> str:
    """Print a time; of what was not measured, nothing.

    Args:
        seconds: The time.

    Example:
        >>> print_seconds(0.0123), print_seconds(1234.5), print_seconds(None)
        ('0.012 s', '1,234 s', '')
    """
    if seconds is None:
        return ""
    return f"{seconds:,.0f} s" if seconds >= 100 else f"{seconds:.2g} s"


def group_records(
    records: Iterable[Record], key: Callable[[Record], Any]
) -> list[list[Record]]:
    """Gather records that agree in something, such as the seeds of one cell.

    Args:
        records: The records.
        key: What they agree in, which can be sorted.

    Example:
        >>> records = [{"data": "b"}, {"data": "a"}, {"data": "b"}]
        >>> [len(group) for group in group_records(records, lambda one: one["data"])]
        [1, 2]
    """
    return [list(group) for _, group in groupby(sorted(records, key=key), key)]
