"""How tables print what they show."""

import statistics
from collections.abc import Iterable, Sequence

from tvdiff_pyg.study.columns import COLUMNS
from tvdiff_pyg.study.report import markdown_table


def markdown(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table."""
    return markdown_table([list(header), *map(list, rows)])


def print_seconds(seconds: float | None) -> str:
    """Print a time; of what was not measured, nothing."""
    if seconds is None:
        return ""
    return f"{seconds:,.0f} s" if seconds >= 100 else f"{seconds:.2g} s"


def print_metric(values: Sequence[float]) -> str:
    """Print the mean of a ranking metric over seeds and, of several, its spread."""
    spread = statistics.stdev(values) if len(values) > 1 else None
    return COLUMNS["ndcg"].format(statistics.fmean(values), spread)
