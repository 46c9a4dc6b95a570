"""Which column holds users and which items: decided here, from what they are called."""

import logging
from collections.abc import Mapping, Sequence
from numbers import Integral

from tvdiff_pyg.data.column_names import TITLES, is_other, meaning, without_type
from tvdiff_pyg.data.edge_ends import edge_ends

logger = logging.getLogger(__name__)

# The order matters to a command line, which takes the first type that fits.
Column = int | str
"""A column by number from 0, or by name."""

# Where a side stands if nothing says otherwise.
_USUAL = {"user": 0, "item": 1}


def find_columns(
    names: Sequence[str], wanted: Mapping[str, Column | None], header: bool = True
) -> dict[str, int]:
    """Finds the columns that are asked for, and those of users and items in any case.

    A side that is not given is the column whose name says so, or that the ends of edges
    are called like: ``source`` and ``target``. Where no name does, users stand in
    column 0 and items in column 1, counted without those that are called something
    else, such as a rating.

    Args:
        names: The names of all columns.
        wanted: The columns by argument, ``user`` and ``item`` among them; ``None``
            where they are not given.
        header (bool): Whether the names were given by whoever wrote the table.
            (default: ``True``)

    Returns:
        The number of each column by argument, in the order of ``wanted``.

    Raises:
        ValueError: If there is no such column, several could be meant, or one would be
            both users and items.

    Example:
        >>> wanted = {"user": None, "item": None, "rating": "stars"}
        >>> find_columns(["stars", "book_id", "user_id"], wanted)
        {'user': 2, 'item': 1, 'rating': 0}
    """
    found = {
        argument: _place(names, key, argument)
        for argument, key in wanted.items()
        if key is not None
    }
    if header:
        ends = edge_ends(names) if len(_missing(found)) == 2 else None
        found |= {} if ends is None else dict(zip(_USUAL, ends, strict=True))
        for side in _missing(found):
            place = _by_name(names, side, found)
            if place is None:
                continue
            if _is_title(
                names[place], side
            ):  # Of what is called like a side, the last.
                _refuse_taken(names, side, found)
            found[side] = place
    found |= _by_position(names, found, header)
    if found["user"] == found["item"]:
        raise ValueError(
            "'user' and 'item' need to be different columns "
            f"(got {names[found['user']]!r} for both)"
        )
    return {argument: found[argument] for argument in wanted if argument in found}


def report(
    names: Sequence[str], places: Mapping[str, int], header: bool | None = None
) -> None:
    """Logs which columns were taken, so that a wrong guess is seen.

    Args:
        names: The names of all columns.
        places: What :func:`find_columns` returned.
        header (bool, optional): Whether a text file has a header. (default: not said)
    """
    taken = [
        f"{argument}s from column {place}"
        + ("" if header is False else f", {quoted(names[place])}")
        for argument, place in places.items()
    ]
    if header is not None:
        taken.append(f"header: {'yes' if header else 'no'}")
    logger.info("%s", "; ".join(taken))


def quoted(name: str) -> str:
    """Returns a name in double quotes, fit for a terminal whatever is in it."""
    return f'"{repr(name)[1:-1]}"'


def _place(names: Sequence[str], key: Column, argument: str) -> int:
    if isinstance(key, bool) or not isinstance(key, Integral | str):
        raise ValueError(
            f"'{argument}' needs to be a column, by name or number (got {key!r})"
        )
    if isinstance(key, Integral):
        if not 0 <= key < len(names):
            raise ValueError(
                f"'{argument}' needs a column number in [0, {len(names)}) (got {key})"
            )
        return int(key)
    same = [k for k, name in enumerate(names) if name == key]
    same = same or [k for k, name in enumerate(names) if without_type(name) == key]
    if not same:
        raise ValueError(
            f"'{argument}' needs to be one of the columns {list(names)} (got {key!r})"
        )
    if len(same) > 1:
        raise ValueError(
            f"'{argument}' needs a column number, as columns {same} are all called "
            f"{key!r}"
        )
    return same[0]


def _missing(found: Mapping[str, int]) -> list[str]:
    return [side for side in _USUAL if side not in found]


def _by_name(names: Sequence[str], side: str, found: Mapping[str, int]) -> int | None:
    meant = {
        k: said
        for k, name in enumerate(names)
        if k not in found.values() and (said := meaning(name, side)) is not None
    }
    tier = min((said.tier for said in meant.values()), default=None)
    nouns = {said.noun for said in meant.values() if said.tier == tier}
    best = min(meant.values(), default=None)
    alike = [k for k, said in meant.items() if said == best]
    if len(nouns) > 1:
        alike = [k for k, said in meant.items() if said.tier == tier]
    if len(alike) > 1:
        raise ValueError(
            f"'{side}' (--{side}-column) needs to say which column holds the {side}s "
            f"(got {[names[k] for k in alike]}, all called like that)"
        )
    return alike[0] if alike else None


def _refuse_taken(names: Sequence[str], side: str, found: Mapping[str, int]) -> None:
    """Raise if the column that is called like a side was given to something else."""
    for argument, place in found.items():
        # A title is what it is called.
        is_title = argument == "title" and _is_title(names[place], side)
        if argument != side and meaning(names[place], side) and not is_title:
            raise ValueError(
                f"'{side}' (--{side}-column) needs to say which column holds the "
                f"{side}s (got {names[place]!r} for '{argument}')"
            )


def _is_title(name: str, side: str) -> bool:
    said = meaning(name, side)
    return said is not None and said.tier == TITLES


def _means(name: str) -> bool:
    return any(meaning(name, side) is not None for side in _USUAL)


def _by_position(
    names: Sequence[str], found: Mapping[str, int], header: bool
) -> dict[str, int]:
    free = [k for k, name in enumerate(names) if name and k not in found.values()]
    missing = _missing(found)
    if header:
        # By now each name that means a missing side was found.
        free = [k for k in free if not (is_other(names[k]) or _means(names[k]))]
        for side in missing:
            _refuse_taken(names, side, found)
    if len(missing) == 2 and len(free) >= 2:
        return dict(zip(_USUAL, free, strict=False))
    if len(missing) == 1:
        side = missing[0]
        other = "item" if side == "user" else "user"
        in_place = not header or found[other] == _USUAL[other]
        if _USUAL[side] in free and in_place:
            return {side: _USUAL[side]}
        if len(free) == 1:
            return {side: free[0]}
    if missing:
        raise ValueError(
            f"'{missing[0]}' (--{missing[0]}-column) needs to say which column holds "
            f"the {missing[0]}s (got the columns {list(names)})"
        )
    return {}
