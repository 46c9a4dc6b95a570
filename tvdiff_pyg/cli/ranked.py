"""Ranked items or users, a line each or as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

from tvdiff_pyg.cli.output import say, say_json

# Reasons on a line; JSON has all of them.
SHOWN = 3


def print_ranked(columns: Mapping[str, Sequence[Any] | None], as_json: bool) -> None:
    """Print what was found, best first.

    Args:
        columns: What was found, first of all its ids; their ``score``, ``title`` and
            ``because``, either of which may be ``None``, aligned with the ids.
        as_json: Whether to print a list of objects rather than a line each.
    """
    name = next(iter(columns))
    known = {key: values for key, values in columns.items() if values is not None}
    rows = [
        dict(zip(known, values, strict=True))
        for values in zip(*known.values(), strict=True)
    ]
    if as_json:
        say_json(rows)
        return
    for rank, row in enumerate(rows, start=1):
        title = f"  {row['title']}" if "title" in row else ""
        say(f"{rank:>3}  {row['score']:8.4f}  {row[name]}{title}")
        if "because" in row:
            say(
                f"{'because of':>15}  {', '.join(map(_reason, row['because'][:SHOWN]))}"
            )


def _reason(one: Mapping[str, Any]) -> str:
    return f"{one.get('title', one['item'])} ({one['contribution']:+.4f})"
