"""Lines above a table that are no interactions, where that is certain."""

from collections.abc import Sequence

from tvdiff_pyg.data.reading.header import names_sides
from tvdiff_pyg.data.reading.records import Record
from tvdiff_pyg.data.reading.values import is_value, numbers

#: How such lines start. An id may start like that, too.
COMMENT = ("#", "%")


def without_comments(
    head: Sequence[Record], rows: Sequence[Record], width: int
) -> tuple[list[str] | None, list[Record]]:
    """Tells comments from interactions, and from a header that looks like one.

    A line is a comment if it has another number of fields than the table, no number
    where the table has numbers, or a header below it.

    Args:
        head: The lines above the table that start like a comment.
        rows: The first rows of the table.
        width (int): The number of its columns.

    Returns:
        The names of the columns, if the last comment gives them, and the rows.

    Example:
        >>> without_comments([(1, ["#user", "item"])], [(2, ["1", "2"])], 2)
        (['user', 'item'], [(2, ['1', '2'])])
    """
    fields = [row for _, row in rows]
    values = [k for k in range(width) if numbers(fields[1:] or fields, k)]
    for k, (_, line) in enumerate(head):
        is_other = len(line) != width or names_sides(fields[0])
        if not is_other and all(is_value(line[column]) for column in values):
            return None, [*head[k:], *rows]
    names = _uncommented(head[-1][1]) if head else []
    told = names_sides(names) or (bool(values) and not any(map(is_value, names)))
    return (names if told and len(names) == width else None), list(rows)


def _uncommented(line: Sequence[str]) -> list[str]:
    first = line[0].lstrip("".join(COMMENT)).strip()
    return [name for name in (first, *line[1:]) if name]
