"""What graphs call the two ends of an edge, where no column names users or items."""

import re
from collections.abc import Sequence
from itertools import islice, product

from tvdiff_pyg.data.column_names import meaning, plain

# From whom, and to what. A user looks for, follows and cites; an item is found.
_ENDS = [
    (re.compile(source), re.compile(target))
    for source, target in (
        ("source|src", "target|tgt|dst|dest|destination|sink"),
        ("from", "to"),
        ("head|h", "tail|t"),
        ("query|qry|q", "doc|document|d|passage|p|url|answer"),
        ("subject|subj|s", "object|obj|o"),
        ("follower", "followee|followed"),
        ("sender", "receiver|recipient"),
        ("citing", "cited"),
        ("left|lhs", "right|rhs"),
        ("row", "col|column"),
        ("u", "v"),
        ("i", "j"),
    )
]
_AROUND = re.compile(r"^id(?=..)|(?:id|ids|node|idx|index)$")


def edge_ends(names: Sequence[str], shortest: int = 1) -> tuple[int, int] | None:
    """Find the columns that are called like the ends of an edge.

    Args:
        names: The names of all columns.
        shortest: The fewest letters that say something. (default: ``1``)

    Returns:
        The column of what edges start from, users, and that of what they lead to;
        ``None`` if there are no such two, or others are called like users or items.

    Example:
        >>> edge_ends(["dst_id", "src_id", "weight"])
        (1, 0)
    """
    bare = [_AROUND.sub("", plain(name)) for name in names]
    told = [(k, name) for k, name in enumerate(bare) if len(name) >= shortest]
    found: list[tuple[int, int]] = []
    for source, target in _ENDS:
        users = (k for k, name in told if source.fullmatch(name))
        items = (k for k, name in told if target.fullmatch(name))
        found += islice(product(islice(users, 2), islice(items, 2)), 2)
    if len(found) != 1:
        return None
    others = [name for k, name in enumerate(names) if k not in found[0]]
    named = any(meaning(one, side) for one in others for side in ("user", "item"))
    return None if named else found[0]
