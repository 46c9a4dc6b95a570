"""Names of the ends of edges."""

import pytest

from tvdiff_pyg.data.edge_ends import edge_ends


@pytest.mark.parametrize(
    ("names", "ends"),
    [
        (["source", "target"], (0, 1)),
        (["weight", "to", "from"], (2, 1)),
        (["src_id", "dst_id", "dst_id"], None),
        (["src", "dst", "from", "to"], None),
        (["u", "v", "user"], None),
    ],
)
def test_one_pair_of_names_says_it(
    names: list[str], ends: tuple[int, int] | None
) -> None:
    assert edge_ends(names) == ends


@pytest.mark.parametrize("name", ["1", "u", "v"])
def test_any_number_of_columns_is_read(name: str) -> None:
    # Each against each would be hours.
    assert edge_ends([name] * 20_000) is None
