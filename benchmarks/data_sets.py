"""How large the data sets are, how dense, and how unevenly they are spread.

    python benchmarks/data_sets.py --root data

Interactions that are held out count, too; nothing is trained.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from benchmark import Benchmark, Records, Table

from tvdiff_pyg.data import GraphStatistics, describe_data
from tvdiff_pyg.grid import GridCell, Record
from tvdiff_pyg.grid.tables import markdown_table

# The paper's five, those of other kinds, and the sample that needs no files.
NAMES = (
    "lastfm",
    "amazon-beauty",
    "douban-book",
    "gowalla",
    "yelp2018",
    "ml-100k",
    "anime-5k-history",
    "citeulike-a",
    "steam-200k-play",
    "amazon-book-kgat",
    "movielens-small",
)


@dataclass(frozen=True)
class DataSet(GridCell):
    """A data set, whole."""

    protocol: None = None

    def measure(self) -> Record:
        return {"measures": asdict(describe_data(self.data, self.root))}


def cells(data: Sequence[str] = NAMES, root: str = "data") -> list[DataSet]:
    """Return the data sets.

    Args:
        data: Their names.
        root: Folder of the data sets.
    """
    return [DataSet("data_sets", name, root=root) for name in data]


def table(records: Records) -> str:
    """A line for each data set, in the order above."""
    rows = [
        {"data": f"`{one['data']}`", **GraphStatistics(**one["measures"]).printed()}
        for one in sorted(records, key=_place)
    ]
    header = [heading.capitalize() for heading in rows[0]]
    return markdown_table([header, *([*row.values()] for row in rows)])


def _place(record: Record) -> tuple[int, str]:
    name = record["data"]
    return NAMES.index(name) if name in NAMES else len(NAMES), name


BENCHMARK = Benchmark("data_sets", cells, {"data_sets": Table(table)})

if __name__ == "__main__":
    BENCHMARK.main()
